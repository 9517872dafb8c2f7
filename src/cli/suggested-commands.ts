/** Commands that the program suggests: for a path in the place of another word, and after a training. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TaskTraining } from "../runs/train-task.ts";
import type { EndEvent } from "../train/events.ts";
import { shellWord } from "./format.ts";

/** Files that are taken for the task of a folder. */
const TASK_FILES = ["model.ts", "model.js", "task.ts", "task.js"];

/**
 * What to type when a path stands where the program expects another word, as in `unrolled train mybook.txt`.
 * @param paths the word that is no command or task, and the arguments after it
 * @returns undefined where the first is neither a file nor a folder nor `-`
 */
export function suggestForPath([first, ...others]: readonly string[]): string | undefined {
  if (first !== "-" && !existsSync(first)) return undefined;
  if (existsSync(join(first, "run.json"))) return `that is a run: npx unrolled sample ${quotePaths([first])}`;
  const task = TASK_FILES.map((name) => join(first, name)).find((path) => existsSync(path));
  if (task !== undefined) {
    return `that folder has a task: npx unrolled train ${quotePaths([task, ...others])}`;
  }
  return `to train on that text: npx unrolled train text ${quotePaths([first, ...others])}`;
}

/** Paths quoted for the shell, and prefixed so that none is parsed as an option. */
function quotePaths(paths: readonly string[]): string {
  return paths.map((path) => shellWord(/^-./.test(path) ? `./${path}` : path)).join(" ");
}

/** @param folder path of the run's folder, quoted for the shell */
export function suggestNextCommands(training: TaskTraining, end: EndEvent, folder: string): string[] {
  const { run, task } = training;
  const name = run.taskFile === undefined ? task.name : shellWord(run.taskFile.path);
  const next = task.view.next(training, folder);
  const input = run.data.paths.includes("-") ? " < TEXT" : "";
  const resume = `npx unrolled train ${name} --resume --out ${folder}${extendLimit(end, training)}${input}`;
  if (end.reason === "interrupted") return [resume, ...next.slice(0, 1)];
  // Continuing does not improve a training that went wrong.
  return end.warnings.length > 0 ? next : [...next, resume];
}

/** A run that has reached its limit goes on with a further one; the clock's starts anew at each sitting. */
function extendLimit({ reason, step }: EndEvent, { run }: TaskTraining): string {
  if (reason === "steps") return ` --steps ${2 * step}`;
  if (reason === "epochs") return ` --epochs ${2 * (run.limits.epochs ?? 1)}`;
  if (reason === "patience") return ` --patience ${2 * (run.limits.patience ?? 1)}`;
  return "";
}

import { existsSync } from "node:fs";
import { join } from "node:path";
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
  if (existsSync(join(first, "run.json")))
    return `that is a run: npx unrolled sample ${argumentsOf([first])}`;
  const task = TASK_FILES.map((name) => join(first, name)).find((path) => existsSync(path));
  if (task !== undefined) {
    return `that folder has a task: npx unrolled train ${argumentsOf([task, ...others])}`;
  }
  return `to train on that text: npx unrolled train text ${argumentsOf([first, ...others])}`;
}

/** Paths quoted for the shell, and prefixed so that none is parsed as an option. */
function argumentsOf(paths: readonly string[]): string {
  return paths.map((path) => shellWord(/^-./.test(path) ? `./${path}` : path)).join(" ");
}

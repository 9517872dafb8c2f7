/** Suggests commands to run after a training. */
import type { TaskTraining } from "../runs/train-task.ts";
import type { EndEvent } from "../train/events.ts";
import { shellWord } from "./format.ts";

/** @param folder path of the run's folder, quoted for the shell */
export function nextCommands(training: TaskTraining, end: EndEvent, folder: string): string[] {
  const { run, task } = training;
  const name = run.taskFile === undefined ? task.name : shellWord(run.taskFile.path);
  const next = task.view.next(training, folder);
  const input = run.data.paths.includes("-") ? " < TEXT" : "";
  const resume = `npx unrolled train ${name} --resume --out ${folder}${furtherLimit(end, training)}${input}`;
  if (end.reason === "interrupted") return [resume, ...next.slice(0, 1)];
  // Continuing does not improve a training that went wrong.
  return end.warnings.length > 0 ? next : [...next, resume];
}

/** A run that has reached its limit goes on with a further one; the clock's starts anew at each sitting. */
function furtherLimit({ reason, step }: EndEvent, { run }: TaskTraining): string {
  if (reason === "steps") return ` --steps ${2 * step}`;
  if (reason === "epochs") return ` --epochs ${2 * (run.limits.epochs ?? 1)}`;
  if (reason === "patience") return ` --patience ${2 * (run.limits.patience ?? 1)}`;
  return "";
}

import { escapeControl, FormatError, InputError } from "../core/errors.ts";
import { type CodeFile, parseCodeFile } from "../run/checkpoint-metadata.ts";
import { findTask } from "../tasks/registry.ts";
import type { Task } from "../tasks/task.ts";

export interface LoadTaskOptions {
  /** The file of a task of the user's own, as `--task` says; default: where it was, if it was named there before. */
  readonly task?: string;
  onNote(text: string): void;
}

/**
 * The task that a run or a checkpoint says it is of. Code of the user's own is loaded only if the person names it or has
 * named it before.
 * @param where the run or checkpoint
 * @throws FormatError for a task that this program does not have; InputError for code that nobody has named, and for a
 * file that is named though the task is built in
 */
export async function loadTask(
  { name, file }: { readonly name: string; readonly file?: CodeFile },
  where: string,
  { task: named, onNote }: LoadTaskOptions,
): Promise<Task> {
  if (file !== undefined) {
    const { loadNamedTask, loadRecordedTask } = await import("./code-choice.ts");
    if (named !== undefined) return (await loadNamedTask(named, file, onNote)).task;
    return (await loadRecordedTask(file, where)).task;
  }
  if (named !== undefined) {
    throw new InputError(`--task ${named}: the model is of the built-in task ${escapeControl(name)}`, {
      hint: "leave it out",
    });
  }
  const task = await findTask(name);
  if (task === undefined) {
    throw new FormatError(
      where,
      `is of the task "${escapeControl(name.slice(0, 80))}", which this program does not have`,
    );
  }
  return task;
}

/**
 * The name and the file of a run's task, before the task is known.
 * @throws FormatError
 */
export function taskOf(
  value: Record<string, unknown>,
  where: string,
): { readonly name: string; readonly file?: CodeFile } {
  if (typeof value.task !== "string") throw new FormatError(where, "task must be a string");
  const file = value.taskFile === undefined ? undefined : parseCodeFile(value.taskFile, "taskFile", where);
  return { name: value.task, file };
}

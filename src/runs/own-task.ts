/** Tasks that a user has written, in a file of their own: `unrolled train ./my-task.ts`. */
import { InputError } from "../core/errors.ts";
import { showValue } from "../core/show-value.ts";
import type { CodeFile } from "../run/checkpoint-metadata.ts";
import { checkTask } from "../tasks/check-task.ts";
import { TASK_NAMES } from "../tasks/registry.ts";
import type { Task } from "../tasks/task.ts";
import { locateErrors } from "./own-task-errors.ts";
import { type CodeKind, type LoadOptions, loadCode } from "./user-code.ts";

export interface OwnTask extends CodeFile {
  /** Where the file itself lies: absolute, without links. */
  readonly realPath: string;
  readonly task: Task;
}

export const TASK: CodeKind = { name: "task", option: "--task", others: [] };

/**
 * The task in a file: its default export. The file's code runs: whoever calls this knows that the person has named it
 * (code-choice.ts).
 * @returns undefined only where `isSame` says no
 * @throws InputError when the file cannot be read or run, or does not export a task
 */
export async function loadOwnTask(path: string, options: LoadOptions = {}): Promise<OwnTask | undefined> {
  const code = await loadCode(TASK, path, options);
  if (code === undefined) return undefined;
  const { where, exported, realPath, sha256 } = code;
  if (typeof exported !== "object" || exported === null) {
    throw new InputError(`${where} must have a task as its default export, got ${showValue(exported)}`, {
      hint: 'export default { name: "my-task", ... } satisfies Task; docs/own-task.md has one',
    });
  }
  const task = checkTask(where, exported);
  if (TASK_NAMES.includes(task.name)) {
    throw new InputError(`${where}: ${task.name} is the name of a built-in task`, {
      hint: "give the task another name",
    });
  }
  return { path, realPath, sha256, task: locateErrors(where, task) };
}

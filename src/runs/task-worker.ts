/** What a replica on another thread builds its part from. */
import type { CodeFile } from "../run/checkpoint-metadata.ts";
import { findTask } from "../tasks/registry.ts";
import { TaskLearner, type TaskSpec } from "../tasks/task-learner.ts";
import { loadOwnCell } from "./own-cell.ts";
import { loadOwnTask } from "./own-task.ts";

/** Structured-clone data; which code may be loaded the first replica has settled. */
export interface WorkerSpec extends TaskSpec {
  readonly task: string;
  /** Where a task of the user's own comes from. */
  readonly taskFile?: CodeFile;
  /** Where a cell of the user's own comes from. */
  readonly cellFile?: CodeFile;
}

/** Called in every worker; see train/learner.ts. */
export async function createLearner(
  spec: WorkerSpec,
  replica: number,
  replicas: number,
): Promise<TaskLearner> {
  const { taskFile, cellFile } = spec;
  const task =
    taskFile === undefined
      ? (await findTask(spec.task))!
      : (await loadOwnTask(taskFile.path, { expected: taskFile }))!.task;
  const cell = cellFile && (await loadOwnCell(cellFile.path, { expected: cellFile }));
  const context = { createCell: cell?.create, cellName: cell?.name };
  return new TaskLearner(task, spec, { replica, replicas }, context);
}

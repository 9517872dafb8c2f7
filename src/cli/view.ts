import type { TaskTraining } from "../runs/train-task.ts";
import type { TrainEvent } from "../train/events.ts";
import type { RunReport } from "./run-report.ts";

/** Converts the events of a training to text. */
export interface TrainView {
  /** Before the training: reading the text, ... `total` is null where it is unknown. */
  progress(activity: string, done: number, total: number | null): void;
  begin(training: TaskTraining, report: RunReport): Promise<void> | void;
  event(event: TrainEvent): Promise<void> | void;
}

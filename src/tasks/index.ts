export { classify } from "./classify/model.ts";
export type { OptionSchema, TaskOption } from "./option-schema.ts";
export {
  createTaskLearner,
  type KernelOptions,
  type StartTrainingOptions,
  startTraining,
  type TaskTraining,
  type TrainingEvent,
} from "./start-training.ts";
export type { Artifact, Baseline, Task } from "./task.ts";
export { text } from "./text/model.ts";

export type { Hooks, LoadHooks } from "../core/hooks.ts";
export { type BackendChoice, chooseEngine, type Engine } from "./engine.ts";
export type { KernelOptions, MemoryTrainingOptions } from "./memory-training-options.ts";
export type { OptionSchema, TaskOption } from "./option-schema.ts";
export type {
  CaptionPrediction,
  ClassifyPrediction,
  ForecastPrediction,
  TagPrediction,
  TranslatePrediction,
} from "./predictions.ts";
export { TASKS } from "./registry.ts";
export type { Baseline, DataFacts, Score } from "./results.ts";
export type * from "./task.ts";
export {
  createTaskLearner,
  type MemoryTraining,
  type MemoryTrainingEvent,
  type TaskReplicaSpec,
  trainInMemory,
} from "./train-in-memory.ts";
export { type TrainingSettings, type TrainingWords, trainingOptions } from "./training-options.ts";
export type { Measured, Row, ShownTraining, Standing, TaskView } from "./view.ts";

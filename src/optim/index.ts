export { type AdadeltaOptions, adadelta } from "./adadelta.ts";
export { type AdagradOptions, adagrad } from "./adagrad.ts";
export { type AdamOptions, adam, adamw } from "./adam.ts";
export { type AdamaxOptions, adamax } from "./adamax.ts";
export { type Clip, type ClipNormOptions, clipNorm, clips, clipValue } from "./clip.ts";
export { type OneCycleScheduleOptions, oneCycleSchedule } from "./one-cycle.ts";
export type { Optimizer } from "./optimizer.ts";
export { type PlateauOptions, type PlateauSchedule, type PlateauState, plateauSchedule } from "./plateau.ts";
export { type RMSpropOptions, rmsprop } from "./rmsprop.ts";
export type { ParameterGroup, Trainable } from "./rule.ts";
export {
  type CosineScheduleOptions,
  constantSchedule,
  cosineSchedule,
  type ExponentialScheduleOptions,
  exponentialSchedule,
  type LinearScheduleOptions,
  linearSchedule,
  type MultiStepScheduleOptions,
  multiStepSchedule,
  type Schedule,
  type StepScheduleOptions,
  stepSchedule,
} from "./schedules.ts";
export { type SGDOptions, sgd } from "./sgd.ts";
export { differentiate, type StepOptions, type StepResult, step } from "./step.ts";

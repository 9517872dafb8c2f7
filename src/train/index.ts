export { RunStore } from "../runs/run-store.ts";
export { CarriedLayout, type CarriedTensor, shapesOf } from "./carried.ts";
export type { EndEvent, EndReason, EvalEvent, StartEvent, StepEvent, TrainEvent } from "./events.ts";
export type { CreateLearner, Learner, LearnerSource, ShardLoss } from "./learner.ts";
export { type LoopOptions, trainLoop } from "./loop.ts";
export { ReplicaGroup } from "./replica-group.ts";
export { type Decay, type Limits, learningRateFactor } from "./schedule.ts";
export { applySnapshot, type Snapshot, takeSnapshot } from "./snapshot.ts";

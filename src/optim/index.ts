export { type AdamOptions, adam } from "./adam.ts";
export { type Clip, clipNorm, clips, clipValue } from "./clip.ts";
export type { Optimizer } from "./optimizer.ts";
export { differentiate, type StepResult, step } from "./step.ts";

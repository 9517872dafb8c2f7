import {
  ABOVE_0,
  AT_LEAST_0,
  COUNT,
  FUNCTION,
  OBJECT,
  optional,
  type Range,
  type Ranges,
  refuseOthers,
  SIZE,
  settle,
} from "../core/options.ts";
import type { LoopOptions } from "./loop.ts";
import { checkDecay, type Limits } from "./schedule.ts";

const GROUP: Range = {
  text: "a ReplicaGroup",
  fits: (value) => {
    const { step, evaluate } = (OBJECT.fits(value) ? value : {}) as Record<string, unknown>;
    return FUNCTION.fits(step) && FUNCTION.fits(evaluate);
  },
};

const SIGNAL: Range = {
  text: "an AbortSignal",
  fits: (value) =>
    OBJECT.fits(value) && typeof (value as { readonly aborted?: unknown }).aborted === "boolean",
};

const RANGES: Ranges<LoopOptions> = {
  ...{ group: GROUP, limits: OBJECT, learningRate: AT_LEAST_0, decay: optional(OBJECT) },
  ...{ stepsPerEpoch: ABOVE_0, unitsPerStep: ABOVE_0, startStep: COUNT, startSeconds: AT_LEAST_0 },
  ...{ evaluateEvery: optional(SIZE), saveEvery: optional(SIZE), score: FUNCTION, save: FUNCTION },
  ...{ sample: optional(FUNCTION), signal: optional(SIGNAL) },
};

const LIMITS: Ranges<Limits> = {
  ...{ steps: optional(COUNT), epochs: optional(ABOVE_0), maxSeconds: optional(AT_LEAST_0) },
};

/** @throws InputError naming the option that is none, or outside its range */
export function checkLoop(options: LoopOptions): void {
  refuseOthers("trainLoop", RANGES, options);
  settle<LoopOptions>("trainLoop", RANGES, {}, options);
  settle<Limits>("trainLoop: limits", LIMITS, {}, options.limits);
  if (options.decay !== undefined) checkDecay("trainLoop: decay", options.decay);
}

import { InputError } from "../core/errors.ts";
import { ABOVE_0, AT_LEAST_0, checkValue, FROM_0_TO_1, SIZE, settle } from "../core/options.ts";

/**
 * What the learning rate is multiplied by. A schedule holds no optimizer:
 *
 *     optimizer.learningRate = lr * schedule.factor(optimizer.stepCount);
 */
export interface Schedule {
  /** @param step updates made so far, or whatever else the schedule was told to count */
  factor(step: number): number;
}

/** @throws InputError by its factor for a step that is no number from 0 up: the rate would be NaN */
function scheduleOf(name: string, factor: (step: number) => number): Schedule {
  return {
    factor(step) {
      checkValue(`${name}.factor: step`, AT_LEAST_0, step);
      return factor(step);
    },
  };
}

/** The rate stays. */
export function constantSchedule(): Schedule {
  return scheduleOf("constantSchedule", () => 1);
}

export interface StepScheduleOptions {
  /** Steps between two falls. */
  readonly every: number;
  /** What the rate is multiplied by at each fall; default 0.1. */
  readonly gamma?: number;
}

/** gamma^floor(step / every), as torch.optim.lr_scheduler.StepLR. @throws InputError */
export function stepSchedule(options: StepScheduleOptions): Schedule {
  const ranges = { every: SIZE, gamma: ABOVE_0 };
  const { every, gamma } = settle<Required<StepScheduleOptions>>(
    "stepSchedule",
    ranges,
    { gamma: 0.1 },
    options,
  );
  return scheduleOf("stepSchedule", (step) => gamma ** Math.floor(step / every));
}

export interface ExponentialScheduleOptions {
  /** What the rate is multiplied by at each step. */
  readonly gamma: number;
}

/** gamma^step, as torch.optim.lr_scheduler.ExponentialLR. @throws InputError */
export function exponentialSchedule(options: ExponentialScheduleOptions): Schedule {
  const { gamma } = settle("exponentialSchedule", { gamma: ABOVE_0 }, {}, options);
  return scheduleOf("exponentialSchedule", (step) => gamma ** step);
}

export interface CosineScheduleOptions {
  /** Where the rate reaches its floor; it stays there afterwards. Counts the warm-up. */
  readonly steps: number;
  /** Steps of the warm-up, below `steps`; default 0. */
  readonly warmup?: number;
  /** The share of the rate that is left at the end; default 0. */
  readonly floor?: number;
}

/**
 * Half a cosine from 1 down to `floor` (Loshchilov and Hutter 2017, without restarts; torch's CosineAnnealingLR),
 * after a straight line that rises from 1 / (warmup + 1) at step 0 to 1 at step `warmup` (Goyal et al. 2017).
 * @throws InputError
 */
export function cosineSchedule(options: CosineScheduleOptions): Schedule {
  const ranges = { steps: ABOVE_0, warmup: AT_LEAST_0, floor: FROM_0_TO_1 };
  const { steps, warmup, floor } = settle<Required<CosineScheduleOptions>>(
    "cosineSchedule",
    ranges,
    { warmup: 0, floor: 0 },
    options,
  );
  if (warmup >= steps) {
    throw new InputError(`cosineSchedule: warmup must be below steps=${steps}, got ${warmup}`);
  }
  return scheduleOf("cosineSchedule", (step) => {
    if (step < warmup) return (step + 1) / (warmup + 1);
    const progress = Math.min(1, (step - warmup) / (steps - warmup));
    return floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * progress));
  });
}

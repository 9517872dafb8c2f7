import { InputError } from "../core/errors.ts";
import {
  ABOVE_0,
  AT_LEAST_0,
  COUNT,
  checkValue,
  FROM_0_TO_1,
  type Range,
  SIZE,
  settle,
} from "../core/options.ts";

/**
 * A factor of the learning rate as a function of the step. A schedule does not know the optimizer:
 *
 *     optimizer.learningRate = lr * schedule.factor(optimizer.stepCount);
 */
export interface Schedule {
  /** @param step the number of updates so far, or of whatever the schedule counts */
  factor(step: number): number;
}

/** Makes a schedule whose factor throws an InputError unless its step is a number of at least 0. */
export function scheduleOf(name: string, factor: (step: number) => number): Schedule {
  return {
    factor(step) {
      checkValue(`${name}.factor: step`, AT_LEAST_0, step);
      return factor(step);
    },
  };
}

/** The rate does not change. */
export function constantSchedule(): Schedule {
  return scheduleOf("constantSchedule", () => 1);
}

export interface StepScheduleOptions {
  /** The number of steps between two reductions. */
  readonly every: number;
  /** The rate is multiplied by this at each reduction; default 0.1. */
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

export interface MultiStepScheduleOptions {
  /** The steps at which the rate is reduced, in ascending order. A step that occurs twice reduces it twice. */
  readonly milestones: readonly number[];
  /** The rate is multiplied by this at each of them; default 0.1. */
  readonly gamma?: number;
}

const MILESTONES: Range = {
  text: "a list of steps in ascending order, each an integer of at least 0",
  fits: (value) =>
    // Array.from, because every() skips holes.
    Array.isArray(value) &&
    Array.from(value).every((step, at) => COUNT.fits(step) && !(at > 0 && step < value[at - 1])),
};

/** gamma^(number of milestones reached), as torch.optim.lr_scheduler.MultiStepLR. @throws InputError */
export function multiStepSchedule(options: MultiStepScheduleOptions): Schedule {
  const ranges = { milestones: MILESTONES, gamma: ABOVE_0 };
  const settings = settle<Required<MultiStepScheduleOptions>>(
    "multiStepSchedule",
    ranges,
    { gamma: 0.1 },
    options,
  );
  const { gamma } = settings;
  const milestones = [...settings.milestones];
  return scheduleOf(
    "multiStepSchedule",
    (step) => gamma ** milestones.filter((milestone) => milestone <= step).length,
  );
}

const SHARE: Range = {
  text: "above 0 and at most 1",
  fits: (value) => typeof value === "number" && value > 0 && value <= 1,
};

export interface LinearScheduleOptions {
  /** The step at which the line ends; the rate is constant from there on. Default 5. */
  readonly steps?: number;
  /** The factor at step 0, above 0; default 1/3. */
  readonly startFactor?: number;
  /** The factor at the end; default 1. */
  readonly endFactor?: number;
}

/**
 * A straight line from `startFactor` to `endFactor`, as torch.optim.lr_scheduler.LinearLR: a warm-up, or with
 * `startFactor: 1` a decay. Schedules are combined by multiplying factors:
 * `warmup.factor(step) * decay.factor(step)`.
 * @throws InputError
 */
export function linearSchedule(options: LinearScheduleOptions = {}): Schedule {
  const ranges = { steps: SIZE, startFactor: SHARE, endFactor: FROM_0_TO_1 };
  const { steps, startFactor, endFactor } = settle<Required<LinearScheduleOptions>>(
    "linearSchedule",
    ranges,
    { steps: 5, startFactor: 1 / 3, endFactor: 1 },
    options,
  );
  return scheduleOf(
    "linearSchedule",
    (step) => startFactor + (endFactor - startFactor) * Math.min(1, step / steps),
  );
}

export interface ExponentialScheduleOptions {
  /** The rate is multiplied by this at each step. */
  readonly gamma: number;
}

/** gamma^step, as torch.optim.lr_scheduler.ExponentialLR. @throws InputError */
export function exponentialSchedule(options: ExponentialScheduleOptions): Schedule {
  const { gamma } = settle("exponentialSchedule", { gamma: ABOVE_0 }, {}, options);
  return scheduleOf("exponentialSchedule", (step) => gamma ** step);
}

export interface CosineScheduleOptions {
  /** The step, counted from the start of the warm-up, at which the rate reaches its floor. It is constant afterwards. */
  readonly steps: number;
  /** The number of steps of the warm-up, below `steps`; default 0. */
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

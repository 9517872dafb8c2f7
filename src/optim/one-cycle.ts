import { InputError } from "../core/errors.ts";
import { ABOVE_0, FLAG, FROM_0_TO_1, oneOf, SIZE, settle } from "../core/options.ts";
import { type Schedule, scheduleOf } from "./schedules.ts";

export interface OneCycleScheduleOptions {
  /** Number of steps of the whole cycle, at least 2. Afterwards the rate keeps its last value. */
  readonly steps: number;
  /** The share of the steps in which the rate rises; default 0.3. */
  readonly pctStart?: number;
  /** Whether the rate follows half a cosine or a straight line; default "cos". */
  readonly annealStrategy?: "cos" | "linear";
  /** The initial rate is the highest rate divided by this; default 25. */
  readonly divFactor?: number;
  /** The last rate is the initial rate divided by this; default 1e4. */
  readonly finalDivFactor?: number;
  /** Whether the rate falls back to the initial rate in as many steps as it rose, and then to the last; default false. */
  readonly threePhase?: boolean;
}

interface Phase {
  /** The step at which the phase ends. */
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

type Settings = Required<OneCycleScheduleOptions>;

const RANGES = {
  steps: SIZE,
  pctStart: FROM_0_TO_1,
  annealStrategy: oneOf("cos", "linear"),
  divFactor: ABOVE_0,
  finalDivFactor: ABOVE_0,
  threePhase: FLAG,
};

const DEFAULTS: Omit<Settings, "steps"> = {
  pctStart: 0.3,
  annealStrategy: "cos",
  divFactor: 25,
  finalDivFactor: 1e4,
  threePhase: false,
};

/**
 * One rise and one long fall of the rate (Smith and Topin 2019, "Super-convergence"), like
 * torch.optim.lr_scheduler.OneCycleLR. The factors multiply the highest rate, torch's `max_lr`. Momentum does not
 * change, as with torch's `cycle_momentum=False`.
 * @throws InputError for an option that is unknown or out of range
 */
export function oneCycleSchedule(options: OneCycleScheduleOptions): Schedule {
  const settings = settle<Settings>("oneCycleSchedule", RANGES, DEFAULTS, options);
  const { steps, pctStart, threePhase } = settings;
  if (steps < 2) throw new InputError(`oneCycleSchedule: steps must be at least 2, got ${steps}`);
  if (threePhase && pctStart > 0.5) {
    throw new InputError(
      `oneCycleSchedule: pctStart must be at most 0.5 with threePhase, which falls as long as it rose, got ${pctStart}`,
    );
  }
  const phases = phasesOf(settings);
  return scheduleOf("oneCycleSchedule", (step) => {
    let begin = 0;
    for (const { end, from, to } of phases) {
      if (step <= end)
        return interpolate(settings, from, to, end > begin ? (step - begin) / (end - begin) : 1);
      begin = end;
    }
    return phases[phases.length - 1].to;
  });
}

function phasesOf({ steps, pctStart, divFactor, finalDivFactor, threePhase }: Settings): readonly Phase[] {
  const start = 1 / divFactor;
  const lowest = start / finalDivFactor;
  const rise: Phase = { end: pctStart * steps - 1, from: start, to: 1 };
  const last = steps - 1;
  if (!threePhase) return [rise, { end: last, from: 1, to: lowest }];
  const fall: Phase = { end: 2 * pctStart * steps - 2, from: 1, to: start };
  return [rise, fall, { end: last, from: start, to: lowest }];
}

/** The value at `share` of the way between two values; `share` is from 0 to 1. */
function interpolate({ annealStrategy }: Settings, from: number, to: number, share: number): number {
  if (annealStrategy === "linear") return from + (to - from) * share;
  return to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
}

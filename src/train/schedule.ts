import { ABOVE_0, AT_LEAST_0, checkValue, OBJECT, oneOf } from "../core/options.ts";
import { cosineSchedule, exponentialSchedule } from "../optim/schedules.ts";
import type { EndReason } from "./events.ts";

export interface Limits {
  /** Stop after this number of updates. */
  steps?: number;
  /** Stop after this number of passes; also the horizon of the schedule. */
  epochs?: number;
  /** Stop after this number of seconds in this sitting. */
  maxSeconds?: number;
}

/** The rate is multiplied by `factor` after so many passes, and again after each further one (Zaremba et al. 2014). */
export interface Decay {
  readonly factor: number;
  readonly after: number;
}

/** What the learning rate follows. */
export type Horizon =
  | { by: "passes"; stepsPerEpoch: number; decay: Decay }
  | { by: "epochs"; steps: number }
  /** Constant: independent of the end, so that continuing with a higher `--steps` gives the same bits. */
  | { by: "none" }
  /** The clock: such a run cannot be repeated bit for bit. */
  | { by: "seconds"; seconds: number };

/**
 * What the rate follows, the first of these that is given: with a decay it falls in steps, pass by pass; with `--epochs`
 * along a cosine to their end; with `--steps` it stays as it is; with `--max-seconds` it falls along the clock. Any other
 * limit only stops.
 */
export function horizonOf(
  { steps, epochs, maxSeconds }: Limits,
  stepsPerEpoch: number,
  before: number,
  decay?: Decay,
): Horizon {
  if (decay !== undefined) return { by: "passes", stepsPerEpoch, decay };
  if (epochs !== undefined) return { by: "epochs", steps: Math.ceil(epochs * stepsPerEpoch) };
  if (steps !== undefined) return { by: "none" };
  if (maxSeconds !== undefined) return { by: "seconds", seconds: before + maxSeconds };
  return { by: "none" };
}

function checkHorizon(horizon: Horizon): void {
  const where = "learningRateFactor: horizon";
  checkValue(where, OBJECT, horizon);
  checkValue(`${where}.by`, oneOf("passes", "epochs", "none", "seconds"), horizon.by);
  if (horizon.by === "epochs") checkValue(`${where}.steps`, ABOVE_0, horizon.steps);
  if (horizon.by === "seconds") checkValue(`${where}.seconds`, ABOVE_0, horizon.seconds);
  if (horizon.by !== "passes") return;
  checkValue(`${where}.stepsPerEpoch`, ABOVE_0, horizon.stepsPerEpoch);
  checkDecay(`${where}.decay`, horizon.decay);
}

/** @throws InputError for an invalid decay */
export function checkDecay(where: string, decay: Decay): void {
  checkValue(where, OBJECT, decay);
  checkValue(`${where}.factor`, ABOVE_0, decay.factor);
  checkValue(`${where}.after`, AT_LEAST_0, decay.after);
}

/** The learning rate never falls below this share of its start. */
const FLOOR = 0.1;

/** What the learning rate is multiplied by: 1, powers of a decay, or a cosine down to the floor at the horizon. */
export function learningRateFactor(horizon: Horizon, step: number, seconds: number): number {
  checkHorizon(horizon);
  checkValue("learningRateFactor: step", AT_LEAST_0, step);
  checkValue("learningRateFactor: seconds", AT_LEAST_0, seconds);
  if (horizon.by === "none") return 1;
  if (horizon.by === "passes") {
    const { stepsPerEpoch, decay } = horizon;
    const decays = Math.floor(step / stepsPerEpoch) + 1 - decay.after;
    return exponentialSchedule({ gamma: decay.factor }).factor(Math.max(0, decays));
  }
  const [steps, now] = horizon.by === "epochs" ? [horizon.steps, step] : [horizon.seconds, seconds];
  return cosineSchedule({ steps, floor: FLOOR }).factor(now);
}

/** Why training is over after `step` updates, or undefined while it is not. `seconds` are those of this sitting. */
export function reasonToStop(
  { steps, epochs, maxSeconds }: Limits,
  stepsPerEpoch: number,
  step: number,
  seconds: number,
): EndReason | undefined {
  if (steps !== undefined && step >= steps) return "steps";
  if (epochs !== undefined && step >= Math.ceil(epochs * stepsPerEpoch)) return "epochs";
  if (maxSeconds !== undefined && seconds >= maxSeconds) return "max-seconds";
  return undefined;
}

/** How far the run is, in [0, 1], by whichever limit is nearest; decides when to evaluate. */
export function progressOf(limits: Limits, stepsPerEpoch: number, step: number, seconds: number): number {
  const { steps, epochs, maxSeconds } = limits;
  const parts = [0];
  if (steps !== undefined) parts.push(step / steps);
  if (epochs !== undefined) parts.push(step / Math.ceil(epochs * stepsPerEpoch));
  if (maxSeconds !== undefined) parts.push(seconds / maxSeconds);
  return Math.min(1, Math.max(...parts));
}

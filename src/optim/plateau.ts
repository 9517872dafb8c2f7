import { InputError } from "../core/errors.ts";
import {
  AT_LEAST_0,
  BELOW_1,
  COUNT,
  checkValue,
  FROM_0_TO_1,
  NUMBER,
  OBJECT,
  oneOf,
  settle,
} from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import type { Schedule } from "./schedules.ts";

export interface PlateauOptions {
  /** Whether a lower or a higher metric is better; default "min". */
  readonly mode?: "min" | "max";
  /** The rate is multiplied by this; default 0.1. */
  readonly factor?: number;
  /** The number of observations without an improvement after which one more reduces the rate; default 10. */
  readonly patience?: number;
  /** An improvement is at least this large; default 1e-4. */
  readonly threshold?: number;
  /** Whether the threshold is a share of the best metric or in its unit; default "relative". */
  readonly thresholdMode?: "relative" | "absolute";
  /** The number of observations after a reduction that are not counted as without an improvement; default 0. */
  readonly cooldown?: number;
  /** The rate never falls below this share of its start (torch: min_lr / lr); default 0. */
  readonly floor?: number;
  /** A reduction by no more than this share of the initial rate is skipped (torch: eps / lr); default 1e-8. */
  readonly eps?: number;
}

/** The state to save in a checkpoint. It can be converted to JSON. */
export interface PlateauState {
  /** The best metric so far; null before the first. */
  readonly best: number | null;
  /** The number of observations without an improvement since then. */
  readonly bad: number;
  /** The number of observations until the cooldown ends. */
  readonly cooldown: number;
  readonly factor: number;
}

export interface PlateauSchedule extends Schedule {
  /** Observes a metric, usually the validation loss, and reduces the rate if it has stopped improving. */
  observe(metric: number): void;
  /** The factor of the rate. It depends on the observed metrics, not on the step. */
  factor(): number;
  state(): PlateauState;
  /** @throws InputError for a state that cannot be one */
  restore(state: PlateauState): void;
}

type Settings = Required<PlateauOptions>;

const DEFAULTS: Settings = {
  mode: "min",
  factor: 0.1,
  patience: 10,
  threshold: 1e-4,
  thresholdMode: "relative",
  cooldown: 0,
  floor: 0,
  eps: 1e-8,
};

const RANGES = {
  mode: oneOf("min", "max"),
  factor: BELOW_1,
  patience: COUNT,
  threshold: AT_LEAST_0,
  thresholdMode: oneOf("relative", "absolute"),
  cooldown: COUNT,
  floor: FROM_0_TO_1,
  eps: AT_LEAST_0,
};

function isBetter(
  metric: number,
  best: number | null,
  { mode, threshold, thresholdMode }: Settings,
): boolean {
  const sign = mode === "min" ? -1 : 1;
  if (best === null) return sign * metric > Number.NEGATIVE_INFINITY;
  const bar = thresholdMode === "relative" ? best * (1 + sign * threshold) : best + sign * threshold;
  return mode === "min" ? metric < bar : metric > bar;
}

/**
 * Multiplies the rate by `factor` when a metric has stopped improving, like torch.optim.lr_scheduler.ReduceLROnPlateau.
 *
 *     plateau.observe(validationLoss);
 *     optimizer.learningRate = lr * plateau.factor();
 *
 * @throws InputError
 */
export function plateauSchedule(options: PlateauOptions = {}): PlateauSchedule {
  const settings = settle("plateauSchedule", RANGES, DEFAULTS, options);
  let state: PlateauState = { best: null, bad: 0, cooldown: 0, factor: 1 };
  return {
    observe(metric) {
      // A metric of NaN counts as not improved.
      checkValue("plateauSchedule.observe: metric", NUMBER, metric);
      let { best, bad, cooldown, factor } = state;
      if (isBetter(metric, best, settings)) {
        best = metric;
        bad = 0;
      } else {
        bad++;
      }
      if (cooldown > 0) {
        cooldown--;
        bad = 0;
      }
      if (bad > settings.patience) {
        const lower = Math.max(factor * settings.factor, settings.floor);
        if (factor - lower > settings.eps) factor = lower;
        cooldown = settings.cooldown;
        bad = 0;
      }
      state = { best, bad, cooldown, factor };
    },
    factor: () => state.factor,
    state: () => state,
    restore(saved) {
      checkValue("plateauSchedule.restore: state", OBJECT, saved);
      const { best, bad, cooldown, factor } = saved;
      const fits =
        (best === null || typeof best === "number") &&
        [bad, cooldown].every(COUNT.fits) &&
        FROM_0_TO_1.fits(factor);
      if (!fits) {
        const shown = Object.entries({ best, bad, cooldown, factor }).map(
          ([name, it]) => `${name}: ${showValue(it)}`,
        );
        throw new InputError(`plateauSchedule: { ${shown.join(", ")} } is not a saved state`);
      }
      state = { best, bad, cooldown, factor };
    },
  };
}

/** How far forecasts are from what came. */
import type { SeriesWindows } from "./series-windows.ts";

/** What of forecasts is measured: quantiles of which the middle is the point forecast, or points alone. */
export interface MeasuredForecasts {
  readonly origins: Int32Array;
  /** In the unit of the values, [origins, horizon * targets, max(1, quantiles)]. */
  readonly values: Float64Array;
  /** Ascending. */
  readonly quantiles: readonly number[];
}

/** Errors over some steps; a mean over all forecasts that have a value to compare with. */
interface Errors {
  /** Mean absolute error, in the unit of the values. */
  readonly mae: number;
  /** Root of the mean squared error. */
  readonly rmse: number;
  /** `mae` divided by the error of the seasonal naive forecast in training (Hyndman and Koehler 2006). */
  readonly mase: number;
  /** Mean of 200 |y - f| / (|y| + |f|) in per cent (Makridakis et al., M4). */
  readonly smape: number;
}

/** The place of the point forecast among the quantiles. */
export function middleOf(quantiles: readonly number[]): number {
  return Math.max(0, quantiles.indexOf(0.5));
}

/** The pinball loss of a forecast of quantile q (Koenker and Bassett 1978). */
export function pinball(q: number, value: number, forecast: number): number {
  return value >= forecast ? q * (value - forecast) : (1 - q) * (forecast - value);
}

export interface ForecastScore {
  /** Of the first step after each origin, and of all steps. */
  readonly oneStep: Errors;
  readonly allSteps: Errors;
  /** Mean absolute error of each step, [horizon]. */
  readonly byStep: readonly number[];
  /** Mean over quantiles and steps; NaN without quantiles. */
  readonly pinball: number;
  /** Share of the values between the lowest and the highest quantile; NaN without two quantiles. */
  readonly coverage: number;
}

/** Adds errors up. */
class ErrorSums {
  private readonly sums = new Float64Array(4);
  private count = 0;

  add(value: number, forecast: number, scale: number): void {
    const error = Math.abs(value - forecast);
    const size = Math.abs(value) + Math.abs(forecast);
    this.sums[0] += error;
    this.sums[1] += error * error;
    this.sums[2] += error / scale;
    this.sums[3] += size === 0 ? 0 : (200 * error) / size;
    this.count++;
  }

  get errors(): Errors {
    const [mae, squared, mase, smape] = this.sums.map((sum) => sum / this.count);
    return { mae, rmse: Math.sqrt(squared), mase, smape };
  }
}

/**
 * @param naiveErrors the mean absolute error of the seasonal naive forecast in training, [series * targets]
 */
export function scoreForecasts(
  windows: SeriesWindows,
  { origins, values, quantiles }: MeasuredForecasts,
  naiveErrors: ArrayLike<number>,
): ForecastScore {
  const { horizon, targets } = windows.sizes;
  const width = Math.max(1, quantiles.length);
  const middle = middleOf(quantiles);
  const steps = Array.from({ length: horizon }, () => new ErrorSums());
  const all = new ErrorSums();
  let [lost, inside, count] = [0, 0, 0];
  for (let n = 0; n < origins.length; n++) {
    const series = windows.store.seriesOf[origins[n]];
    for (let ahead = 1; ahead <= horizon; ahead++) {
      for (let target = 0; target < targets; target++) {
        if (!windows.isMeasurable(origins[n], ahead, target)) continue;
        const value = windows.value(origins[n] + ahead, target);
        const at = (n * horizon * targets + (ahead - 1) * targets + target) * width;
        const scale = naiveErrors[series * targets + target];
        all.add(value, values[at + middle], scale);
        steps[ahead - 1].add(value, values[at + middle], scale);
        for (const [index, q] of quantiles.entries()) lost += pinball(q, value, values[at + index]) / width;
        if (value >= values[at] && value <= values[at + width - 1]) inside++;
        count++;
      }
    }
  }
  return {
    oneStep: steps[0].errors,
    allSteps: all.errors,
    byStep: steps.map(({ errors }) => errors.mae),
    pinball: quantiles.length === 0 ? Number.NaN : lost / count,
    coverage: quantiles.length < 2 ? Number.NaN : inside / count,
  };
}

/**
 * The mean absolute error of the seasonal naive forecast of one step in the training part, [series * targets]: what MASE is
 * relative to. 1 where that part is too short or repeats itself exactly.
 * @param ends of each series, the step behind its last in the training part
 */
export function naiveErrorsOf(windows: SeriesWindows, ends: ArrayLike<number>): number[] {
  const { targets, season } = windows.sizes;
  const { starts } = windows.store;
  return Array.from({ length: starts.length * targets }, (_, at) => {
    const [series, target] = [Math.floor(at / targets), at % targets];
    let [sum, count] = [0, 0];
    for (let step = season; step < ends[series]; step++) {
      const row = starts[series] + step;
      if (!windows.isMeasurable(row, 0, target)) continue;
      sum += Math.abs(windows.value(row, target) - windows.value(row - season, target));
      count++;
    }
    return sum > 0 ? sum / count : 1;
  });
}

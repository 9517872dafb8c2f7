/** Measuring forecasts: a rolling-origin backtest, of which every forecast is kept, since all figures follow from them. */
import { Frames } from "../../backend/scope.ts";
import type { Tensor } from "../../backend/tensor.ts";
import { tensor } from "../../backend/tensor.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns, Turns } from "../../core/job.ts";
import {
  autoregressionJob,
  errorQuantiles,
  type Forecasting,
  naiveForecast,
  restoreForecast,
  seasonalNaiveForecast,
} from "../../data/autoregression.ts";
import {
  type ForecastScore,
  type MeasuredForecasts,
  pinball,
  scoreForecasts,
} from "../../data/forecast-metrics.ts";
import type { FilledWindows, SeriesWindows } from "../../data/series-windows.ts";
import { pickEvenly } from "../../data/transform-choice.ts";
import type { Forecaster, ForecastInputs } from "../../models/forecaster.ts";
import type { Baseline, EvaluationOptions, EvaluationPlan, Score } from "../task.ts";
import { type ForecastData, type ForecastKind, windowsOf } from "./data.ts";

/** Origins of one part. */
const ROWS = 64;
/** Origins of an evaluation while training, and numbers that a complete one keeps. */
const MOST_QUICK = 16 * ROWS;
const MOST_NUMBERS = 2 ** 24;

const widthOf = ({ sizes, kind }: ForecastData): number =>
  sizes.horizon * sizes.targets * Math.max(1, kind.quantiles.length);

/** The rows after which forecasts are measured: all, or evenly spaced ones. */
function originsFor(data: ForecastData, isComplete: boolean): Int32Array {
  const { origins } = data.validation;
  const most = Math.max(ROWS, Math.floor(MOST_NUMBERS / widthOf(data) / ROWS) * ROWS);
  const limit = isComplete ? most : Math.min(most, MOST_QUICK);
  return origins.length <= limit ? origins : Int32Array.from(pickEvenly([...origins], limit));
}

/** The forecasts of an evaluation by the size of its sums. */
export function forecastsIn(sums: Float64Array, data: ForecastData): MeasuredForecasts {
  const width = widthOf(data);
  const complete = originsFor(data, true);
  const isComplete = Math.ceil(complete.length / ROWS) * ROWS * width === sums.length;
  const origins = isComplete ? complete : originsFor(data, false);
  return { origins, values: sums, quantiles: data.kind.quantiles };
}

/** What the model reads of filled windows. */
export function inputsOf(filled: FilledWindows, { config }: Forecaster, columns: number): ForecastInputs {
  const { rows, inputs, future, linear } = filled;
  const made = (values: Float32Array, size: number): Tensor | undefined =>
    size === 0 ? undefined : tensor(values, [rows, size]);
  return {
    window: tensor(inputs, [inputs.length / (rows * columns), rows, columns]),
    future: made(future, config.future),
    linear: made(linear, config.linear),
  };
}

/** Forecasts in the unit of the values, [origins, horizon * targets * max(1, quantiles)], the quantiles ascending. */
export async function forecast(
  model: Forecaster,
  windows: SeriesWindows,
  origins: ArrayLike<number>,
  { lags, frames }: { readonly lags: number; readonly frames: Frames },
): Promise<Float64Array> {
  const filled = windows.fill(origins, lags);
  const raw = await frames.run(() => model.forward(inputsOf(filled, model, windows.columns)).read());
  const { horizon, targets } = windows.sizes;
  const count = raw.length / (origins.length * horizon * targets);
  const values = new Float64Array(raw.length);
  for (let n = 0; n < origins.length; n++) {
    for (let ahead = 1; ahead <= horizon; ahead++) {
      for (let target = 0; target < targets; target++) {
        const at = (n * horizon * targets + (ahead - 1) * targets + target) * count;
        // Each quantile is learned by itself, so that neighbours may cross.
        const sorted = Float64Array.from(raw.subarray(at, at + count)).sort();
        for (let q = 0; q < count; q++)
          values[at + q] = windows.restore(origins[n], ahead, target, sorted[q]);
      }
    }
  }
  return values;
}

/** Each part has the forecasts after 64 origins, in the unit of the values. */
export function planEvaluation(
  data: ForecastData,
  { isComplete, rows = ROWS }: EvaluationOptions,
): EvaluationPlan<Forecaster> {
  const origins = originsFor(data, isComplete);
  const width = widthOf(data);
  const parts = Math.ceil(origins.length / ROWS);
  return {
    parts,
    width: ROWS * width,
    items: origins.length,
    async run(model, { backend, replica, replicas, onDone }, sums) {
      const windows = windowsOf(data.validation, data.sizes);
      const frames = new Frames(backend);
      const turns = new Turns();
      const step = Math.min(rows, ROWS);
      for (let part = replica; part < parts; part += replicas) {
        onDone?.(part);
        const end = Math.min(origins.length, (part + 1) * ROWS);
        for (let from = part * ROWS; from < end; from += step) {
          const own = origins.subarray(from, Math.min(end, from + step));
          sums.set(await forecast(model, windows, own, { lags: data.lags, frames }), from * width);
        }
        if (turns.isDue) await turns.take();
      }
      onDone?.(parts);
      frames.dispose();
    },
  };
}

/** The loss of the training, of forecasts in the unit of the values. */
function lossOf(
  windows: SeriesWindows,
  { origins, values }: MeasuredForecasts,
  { loss, quantiles }: ForecastKind,
) {
  const { horizon, targets } = windows.sizes;
  const count = Math.max(1, quantiles.length);
  let [sum, rows] = [0, 0];
  for (let n = 0; n < origins.length; n++) {
    for (let ahead = 1; ahead <= horizon; ahead++) {
      for (let target = 0; target < targets; target++) {
        if (!windows.isMeasurable(origins[n], ahead, target)) continue;
        const value = windows.value(origins[n] + ahead, target);
        const truth = windows.standardize(origins[n], ahead, target, value);
        rows++;
        for (let q = 0; q < count; q++) {
          const at = (n * horizon * targets + (ahead - 1) * targets + target) * count + q;
          const said = windows.standardize(origins[n], ahead, target, values[at]);
          const error = Math.abs(truth - said);
          if (loss === "pinball") sum += pinball(quantiles[q], truth, said) / count;
          else if (loss === "mse") sum += error * error;
          else if (loss === "mae") sum += error;
          else sum += Math.min(error, 1) * (error - Math.min(error, 1) / 2);
        }
      }
    }
  }
  return sum / rows;
}

/** Under the names of `--json`: with a 1 of the first step, else of all steps. */
function metricsOf({ oneStep, allSteps, pinball: lost, coverage }: ForecastScore): Record<string, number> {
  return {
    mae1: oneStep.mae,
    rmse1: oneStep.rmse,
    mase1: oneStep.mase,
    smape1: oneStep.smape,
    mae: allSteps.mae,
    rmse: allSteps.rmse,
    mase: allSteps.mase,
    smape: allSteps.smape,
    ...(Number.isNaN(lost) ? {} : { pinball: lost }),
    ...(Number.isNaN(coverage) ? {} : { coverage }),
  };
}

export function scoreOf(sums: Float64Array, data: ForecastData): Score {
  const windows = windowsOf(data.validation, data.sizes);
  const forecasts = forecastsIn(sums, data);
  const measured = scoreForecasts(windows, forecasts, data.validation.naiveErrors);
  const naive = naiveScore(windows, forecasts.origins, data);
  const loss = lossOf(windows, forecasts, data.kind);
  return {
    loss,
    metrics: { ...metricsOf(measured), naiveMae1: naive.oneStep.mae, naiveMae: naive.allSteps.mae },
    choose: loss,
  };
}

function naiveScore(windows: SeriesWindows, origins: Int32Array, data: ForecastData): ForecastScore {
  const point = restoreForecast(windows, naiveForecast(windows));
  return scoreForecasts(windows, allForecasts(point, origins, []), data.validation.naiveErrors);
}

export function allForecasts(
  point: (origin: number) => Float64Array,
  origins: Int32Array,
  quantiles: readonly number[],
): MeasuredForecasts {
  const all = Array.from(origins, point);
  const width = all[0]?.length ?? 0;
  const values = new Float64Array(all.length * width);
  for (const [n, own] of all.entries()) values.set(own, n * width);
  return { origins, values, quantiles };
}

/** The autoregression that a network has to beat. */
export const AUTOREGRESSION = "linear autoregression";

const fitted = new WeakMap<ForecastData, Forecasting>();

/** The autoregression of data whose baselines were measured: pictures show it too. */
export function fittedAutoregression(data: ForecastData): Forecasting | undefined {
  return fitted.get(data);
}

/**
 * The linear autoregression with the transform and lags of the network, the value a season before, and the last value. Their
 * quantiles are those of their errors in training.
 */
export async function measureBaselines(data: ForecastData, hooks: LoadHooks): Promise<Baseline[]> {
  const { train, validation, sizes, kind } = data;
  if (train.origins.length === 0) return [];
  const windows = windowsOf(train, sizes);
  hooks.onProgress("fitting the autoregression", 0, null);
  const autoregression = await runJobInTurns(
    autoregressionJob(windows, train.origins, sizes.window),
    hooks.signal,
  );
  fitted.set(data, autoregression);
  const makers: [string, Forecasting][] = [[AUTOREGRESSION, autoregression]];
  if (sizes.season > 1)
    makers.push([`seasonal naive (${sizes.season})`, seasonalNaiveForecast(sizes.season)]);
  makers.push(["naive", naiveForecast]);
  const measured = windowsOf(validation, sizes);
  const origins = originsFor(data, true);
  return makers.map(([name, make]) => {
    const shifts = errorQuantiles(windows, make(windows), kind.quantiles, train.origins);
    const said = restoreForecast(measured, make(measured), kind.quantiles.length > 0 ? shifts : undefined);
    const forecasts = allForecasts(said, origins, kind.quantiles);
    const score = scoreForecasts(measured, forecasts, validation.naiveErrors);
    return { name, loss: lossOf(measured, forecasts, kind), metrics: metricsOf(score) };
  });
}

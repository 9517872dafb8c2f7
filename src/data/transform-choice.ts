/** Which transform suits series: the one with which a linear autoregression errs least on the last part of the training. */
import type { Job } from "../core/job.ts";
import { autoregressionJob, restoreForecast } from "./autoregression.ts";
import { naiveErrorsOf, scoreForecasts } from "./forecast-metrics.ts";
import { isLog, lostSteps, TRANSFORMS, type Transform } from "./series-transform.ts";
import { fitGrowth, fitScales, type SeriesStore, SeriesWindows, type WindowSizes } from "./series-windows.ts";

export interface TransformTrial {
  readonly transform: Transform;
  /** Mean absolute error over all steps, relative to the seasonal naive forecast's of one step. */
  readonly error: number;
}

/** The part of the training part that the transforms are compared on. */
const TRIAL_SHARE = 0.25;
/** Windows that are enough to tell transforms apart. */
const MOST_FITTED = 1500;
const MOST_MEASURED = 400;
/** Another transform than none has to be better by this share: small differences are chance. */
const CLEARLY = 0.97;

/**
 * @param ends of each series, the step behind its last in the training part: nothing after it is looked at, except that all
 * values have to be above 0 for a logarithm
 * @returns trials in the order of the transforms, those left out for which there are too few windows
 */
export function* tryTransformsJob(
  store: SeriesStore,
  sizes: Omit<WindowSizes, "transform">,
  ends: ArrayLike<number>,
): Job<TransformTrial[]> {
  const trials: TransformTrial[] = [];
  const isPositive = isAboveZero(store, sizes.targets, sizes.targets + sizes.exogenous + sizes.ahead);
  for (const transform of TRANSFORMS) {
    if (isLog(transform) && !isPositive) continue;
    if (transform === "seasonal" && sizes.season === 1) continue;
    const error = yield* tryTransformJob(store, { ...sizes, transform }, ends);
    if (error !== undefined) trials.push({ transform, error });
  }
  return trials;
}

/** The first of the best: a simpler transform unless another one is clearly better. */
export function bestTransform(trials: readonly TransformTrial[]): Transform {
  let best: TransformTrial | undefined;
  for (const trial of trials) if (best === undefined || trial.error < CLEARLY * best.error) best = trial;
  return best?.transform ?? "none";
}

function* tryTransformJob(
  store: SeriesStore,
  sizes: WindowSizes,
  ends: ArrayLike<number>,
): Job<number | undefined> {
  const { horizon, transform, season } = sizes;
  const cuts = Int32Array.from(ends, (end) => Math.floor((1 - TRIAL_SHARE) * end));
  // A series that is shorter has no windows, as in the training.
  const longest = cuts.reduce((most, cut) => Math.max(most, cut), 0);
  const window = Math.max(1, Math.min(sizes.window, longest - lostSteps(transform, season) - horizon));
  const own = { ...sizes, window };
  const scales = fitScales(store, own, cuts);
  const unscaled = new SeriesWindows(store, own, { ...scales, growth: ones(horizon * sizes.targets) });
  const [fitted, measured]: [number[], number[]] = [[], []];
  for (let series = 0; series < cuts.length; series++) {
    for (const origin of unscaled.originsIn(series, 0, cuts[series] - horizon)) fitted.push(origin);
    for (const origin of unscaled.originsIn(series, cuts[series] - 1, ends[series] - horizon))
      measured.push(origin);
  }
  const [fit, test] = [pickEvenly(fitted, MOST_FITTED), pickEvenly(measured, MOST_MEASURED)];
  if (fit.length < 8 || test.length === 0) return undefined;
  const windows = new SeriesWindows(store, own, { ...scales, growth: fitGrowth(unscaled, fit) });
  const forecasting = yield* autoregressionJob(windows, fit, window);
  const forecast = restoreForecast(windows, forecasting(windows));
  const width = horizon * sizes.targets;
  const values = new Float64Array(test.length * width);
  for (const [index, origin] of test.entries()) values.set(forecast(origin), index * width);
  const { allSteps } = scoreForecasts(
    windows,
    { origins: Int32Array.from(test), values, quantiles: [] },
    naiveErrorsOf(windows, cuts),
  );
  return Number.isFinite(allSteps.mase) ? allSteps.mase : undefined;
}

export const ones = (length: number): number[] => new Array<number>(length).fill(1);

/** Not more than so many, evenly spaced. */
export function pickEvenly(all: readonly number[], most: number): number[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, index) => all[Math.floor((index * all.length) / most)]);
}

function isAboveZero({ starts, lengths, values }: SeriesStore, targets: number, columns: number): boolean {
  for (const [series, first] of starts.entries()) {
    for (let row = first; row < first + lengths[series]; row++) {
      for (let target = 0; target < targets; target++) {
        if (!(values[row * columns + target] > 0)) return false;
      }
    }
  }
  return true;
}

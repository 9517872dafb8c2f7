/** Pictures of an evaluation: forecasts against what came, with the naive forecast in each. */
import { type Forecasting, naiveForecast, restoreForecast } from "../../data/autoregression.ts";
import { formatStep } from "../../data/calendar.ts";
import { type MeasuredForecasts, middleOf, scoreForecasts } from "../../data/forecast-metrics.ts";
import type { SeriesWindows } from "../../data/series-windows.ts";
import { type SeriesPanel, svgSeries } from "../../render/svg-series.ts";
import { terminalSeries } from "../../render/terminal-series.ts";
import { type ForecastData, windowsOf } from "./data.ts";
import { allForecasts, fittedAutoregression, forecastsIn } from "./metrics.ts";
import { bandName } from "./predict.ts";

/** Series and targets that a picture has panels of, and steps in a panel of one-step forecasts. */
const MOST_SHOWN = 3;
const SHOWN_STEPS = 60;

interface Evaluated {
  readonly data: ForecastData;
  readonly windows: SeriesWindows;
  readonly forecasts: MeasuredForecasts;
}

export function drawEvaluation(sums: Float64Array, data: ForecastData): string {
  const evaluated = evaluatedOf(sums, data);
  const { sizes } = data;
  const panels = shownOf(evaluated).flatMap(({ series, target }) => [
    oneStepPanel(evaluated, series, target),
    ...(sizes.horizon > 1 ? manyStepPanel(evaluated, series, target) : []),
  ]);
  if (sizes.horizon > 1) panels.push(byStepPanel(evaluated));
  return svgSeries(`Forecasts of ${data.facts.columns.targets.join(", ")}`, panels);
}

/** The last forecast of many steps, or the last ones of one step, for a terminal. */
export function drawForTerminal(
  sums: Float64Array,
  data: ForecastData,
  options: { readonly columns: number; readonly unicode: boolean },
): string[] {
  const evaluated = evaluatedOf(sums, data);
  const [first] = shownOf(evaluated);
  if (first === undefined) return [];
  const { series, target } = first;
  const many = data.sizes.horizon > 1 ? manyStepPanel(evaluated, series, target) : [];
  return terminalSeries(many[0] ?? oneStepPanel(evaluated, series, target), options);
}

function evaluatedOf(sums: Float64Array, data: ForecastData): Evaluated {
  return { data, windows: windowsOf(data.validation, data.sizes), forecasts: forecastsIn(sums, data) };
}

/** The first series that have forecasts, with each of their targets. */
function shownOf({ windows, forecasts, data }: Evaluated): { series: number; target: number }[] {
  const series = [...new Set(Array.from(forecasts.origins, (origin) => windows.store.seriesOf[origin]))];
  const all = series.flatMap((one) =>
    data.facts.columns.targets.map((_, target) => ({ series: one, target })),
  );
  return all.slice(0, MOST_SHOWN);
}

function titleOf({ windows, data }: Evaluated, series: number, target: number): string {
  const column = data.facts.columns.targets[target];
  return windows.store.names.length > 1 ? `${windows.store.names[series]}: ${column}` : column;
}

/** Reads the forecast of a step after the n-th origin. */
function reader({ data: { sizes }, forecasts: { values, quantiles } }: Evaluated, target: number) {
  const count = Math.max(1, quantiles.length);
  return (n: number, ahead: number, q: number) =>
    values[(n * sizes.horizon * sizes.targets + (ahead - 1) * sizes.targets + target) * count + q];
}

/** Of each of the last steps the forecast that was made one step before it. */
function oneStepPanel(evaluated: Evaluated, series: number, target: number): SeriesPanel {
  const { windows, forecasts, data } = evaluated;
  const { store } = windows;
  const read = reader(evaluated, target);
  const { quantiles, origins } = forecasts;
  const [start, end] = [store.starts[series], store.starts[series] + store.lengths[series]];
  const own = Array.from(origins, (origin, n) => ({ row: origin + 1, n })).filter(
    ({ row }) => row > start && row <= end && store.seriesOf[row - 1] === series,
  );
  const firstRow = Math.max(own[0]?.row ?? start, end - SHOWN_STEPS);
  const rows = Array.from({ length: Math.max(1, end - firstRow) }, (_, at) => firstRow + at);
  const placeOf = new Map(own.map(({ row, n }) => [row, n]));
  const saidAt = (q: number) =>
    rows.map((row) => {
      const n = placeOf.get(row);
      return n === undefined ? null : read(n, 1, q);
    });
  const step = (row: number) => formatStep(data.facts.calendar, store.firstSteps[series] + row - start);
  return {
    title: `${titleOf(evaluated, series, target)}: each step from the one before it`,
    steps: rows.map(step),
    truth: rows.map((row) => (windows.isMeasurable(row, 0, target) ? windows.value(row, target) : null)),
    forecast: saidAt(middleOf(quantiles)),
    naive: rows.map((row) => (row > start ? windows.value(row - 1, target) : null)),
    ...bandAt(quantiles, saidAt),
  };
}

function bandAt(
  quantiles: readonly number[],
  saidAt: (q: number) => (number | null)[],
): Pick<SeriesPanel, "low" | "high" | "names"> {
  if (quantiles.length < 2) return {};
  return { low: saidAt(0), high: saidAt(quantiles.length - 1), names: { band: bandName(quantiles) } };
}

/** All steps after the last origin that has them all. */
function manyStepPanel(evaluated: Evaluated, series: number, target: number): SeriesPanel[] {
  const { windows, forecasts, data } = evaluated;
  const { store } = windows;
  const { horizon } = data.sizes;
  const { origins, quantiles } = forecasts;
  const end = store.starts[series] + store.lengths[series];
  const n = origins.findLastIndex(
    (origin: number) => store.seriesOf[origin] === series && origin + horizon < end,
  );
  if (n < 0) return [];
  const read = reader(evaluated, target);
  const [origin, start] = [origins[n], store.starts[series]];
  const past = Math.min(origin - start + 1, 2 * horizon + 1);
  const rows = Array.from({ length: past + horizon }, (_, at) => origin - past + 1 + at);
  const now = windows.value(origin, target);
  const before = new Array<null>(past - 1).fill(null);
  const saidAt = (q: number) => [
    ...before,
    now,
    ...Array.from({ length: horizon }, (_, k) => read(n, k + 1, q)),
  ];
  return [
    {
      title: `${titleOf(evaluated, series, target)}: ${horizon} steps at once`,
      steps: rows.map((row) => formatStep(data.facts.calendar, store.firstSteps[series] + row - start)),
      truth: rows.map((row) => windows.value(row, target)),
      forecast: saidAt(middleOf(quantiles)),
      naive: [...before, ...new Array<number>(horizon + 1).fill(now)],
      ...bandAt(quantiles, saidAt),
      origin: past - 1,
    },
  ];
}

/** The mean absolute error of each step of the horizon. */
function byStepPanel({ data, windows, forecasts }: Evaluated): SeriesPanel {
  const { naiveErrors } = data.validation;
  const { byStep } = scoreForecasts(windows, forecasts, naiveErrors);
  const errorsOf = (make: Forecasting) => {
    const said = allForecasts(restoreForecast(windows, make(windows)), forecasts.origins, []);
    return scoreForecasts(windows, said, naiveErrors).byStep;
  };
  const autoregression = fittedAutoregression(data);
  return {
    title: "mean absolute error by steps ahead",
    steps: byStep.map((_, k) => String(k + 1)),
    truth: autoregression === undefined ? [] : errorsOf(autoregression),
    forecast: byStep,
    naive: errorsOf(naiveForecast),
    names: { truth: "autoregression" },
    fromZero: true,
  };
}

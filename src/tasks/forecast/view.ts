/** What people are shown of forecasts. */
import { type Forecasting, naiveForecast, restoreForecast } from "../../data/autoregression.ts";
import { formatStep } from "../../data/calendar.ts";
import { type MeasuredForecasts, middleOf, scoreForecasts } from "../../data/forecast-metrics.ts";
import type { SeriesWindows } from "../../data/series-windows.ts";
import { count, percent } from "../../render/numbers.ts";
import { type SeriesPanel, svgSeries } from "../../render/svg-series.ts";
import { terminalSeries } from "../../render/terminal-series.ts";
import type { Baseline, Task } from "../task.ts";
import type { Row, ShownTraining, Standing, TaskView } from "../view.ts";
import { type ForecastData, stepName, windowsOf } from "./data.ts";
import type { ForecastSettings } from "./defaults.ts";
import type { ForecastConfig, ForecastFacts } from "./facts.ts";
import { AUTOREGRESSION, allForecasts, fittedAutoregression, forecastsIn } from "./metrics.ts";
import { bandName, shorten } from "./predict.ts";

type Shown = ShownTraining<ForecastSettings, ForecastData, ForecastConfig, ForecastFacts>;
type Metrics = Readonly<Record<string, number>>;

export const HELP: Task["help"] = {
  data:
    "CSV files with a row for each step: a column of times (2024-05-31, 2024-05\n" +
    "or numbers) and one to forecast; options name others (default: invented\n" +
    "sales of a shop)",
  notes:
    "The last steps are validated on, and nothing of them is trained on. Several\n" +
    "columns are named with commas. --known-ahead are columns that are known for the\n" +
    "steps to forecast too: predict reads them from rows whose target is empty.\n" +
    "--transform says what is forecast in the place of the values: their logarithm,\n" +
    "or how they differ from the last value or from that of a season before.",
  examples: [
    "npx unrolled train forecast               daily sales of an invented shop",
    "npx unrolled train forecast sales.csv --horizon 12",
    "npx unrolled train forecast shops.csv --series shop --target sales --known-ahead holiday",
  ].join("\n"),
};

const listed = (names: readonly string[]): string =>
  names.length > 6 ? `${names.slice(0, 6).join(", ")} and ${names.length - 6} more` : names.join(", ");

const steps = (number: number): string => `${count(number)} step${number === 1 ? "" : "s"}`;

function dataRows({ data, paths }: Shown): Row[] {
  const { facts, train, validation, steps: all, reasons, sizes, ends } = data;
  const { columns, calendar } = facts;
  const named = paths.length === 0 ? "daily sales of an invented shop (built in)" : paths.join(" ");
  const many = facts.series.length > 1 ? ` in ${count(facts.series.length)} series` : "";
  const cut = train.store.firstSteps[0] + ends[0];
  const from =
    data.validationFingerprint === undefined ? `from ${formatStep(calendar, cut)} on` : "in other data";
  const rows: Row[] = [
    ["data", named],
    ["", `${steps(all)} of a ${stepName(facts)}${many}; ${count(train.origins.length)} windows to train on,`],
    ["", `${count(validation.origins.length)} forecasts to validate ${from}`],
    ["target", listed(columns.targets)],
  ];
  if (columns.exogenous.length > 0) rows.push(["read too", listed(columns.exogenous)]);
  if (columns.ahead.length > 0) rows.push(["ahead", listed(columns.ahead)]);
  const because = (name: keyof typeof reasons) => (reasons[name] === undefined ? "" : `: ${reasons[name]}`);
  rows.push(["season", `${sizes.season === 1 ? "none" : sizes.season}${because("season")}`]);
  const form = sizes.transform === "none" ? "they are" : sizes.transform;
  rows.push(["values", `as ${form}${because("transform")}`]);
  rows.push(["window", `${steps(sizes.window)}${because("window")}`]);
  rows.push(["horizon", `${steps(sizes.horizon)}${because("horizon")}`]);
  return rows;
}

const autoregressionOf = (baselines: readonly Baseline[]): Metrics | undefined =>
  baselines.find(({ name }) => name === AUTOREGRESSION)?.metrics;

/** By all steps of the horizon, which is what the model is trained on. */
function compare(metrics: Metrics, baselines: readonly Baseline[]): Omit<Standing, "text"> {
  const other = autoregressionOf(baselines)?.mae ?? metrics.naiveMae;
  const name = baselines.length > 0 ? "the autoregression" : "the naive forecast";
  const share = Math.round(100 * (metrics.mae / other - 1));
  const comparison =
    share === 0 ? `level with ${name}` : `${Math.abs(share)}% ${share < 0 ? "below" : "above"} ${name}`;
  return { comparison, isBetter: metrics.mae < other };
}

function errorsText(metrics: Metrics, horizon: number): string {
  const one = `error ${shorten(metrics.mae1 ?? Number.NaN)} at one step`;
  return horizon === 1 ? one : `${one}, ${shorten(metrics.mae ?? Number.NaN)} over ${horizon}`;
}

export const VIEW: TaskView<ForecastSettings, ForecastData, ForecastConfig, ForecastFacts> = {
  data: dataRows,
  lossUnit: () => "deviations per number",
  model({ cell, layers, hidden, lags, quantiles, loss }, cellName) {
    const size = `${layers} layer${layers === 1 ? "" : "s"} of ${hidden}`;
    const body = cell === "none" ? "no recurrent layers" : `${cellName ?? cell.toUpperCase()}, ${size}`;
    const linear = lags === 0 ? "" : `, a linear part of ${steps(lags)}`;
    const made = loss === "pinball" ? `quantiles ${quantiles.join(", ")}` : `the loss ${loss}`;
    return `${body}${linear}, ${made}`;
  },
  toBeat({ baselines, data }) {
    const { horizon } = data.sizes;
    return baselines.map(({ name, metrics = {} }, index) => [
      index === 0 ? "to beat" : "",
      `${errorsText(metrics, horizon)}: ${name}`,
    ]);
  },
  validation({ loss, metrics }, { baselines, config }) {
    return {
      text: `${loss.toFixed(4)}, ${errorsText(metrics, config.horizon)}`,
      ...compare(metrics, baselines),
    };
  },
  result({ metrics }, { baselines, config }) {
    return { text: errorsText(metrics, config.horizon), ...compare(metrics, baselines) };
  },
  next: ({ paths, data }, folder) => [
    `npx unrolled eval ${folder} --picture forecast.svg`,
    // What is known ahead may have to be added first.
    ...(paths.length === 1 && data.sizes.ahead === 0 ? [`npx unrolled predict ${folder} ${paths[0]}`] : []),
  ],
  chartBaselines: (baselines) =>
    baselines.flatMap(({ name, loss }) =>
      loss === null ? [] : [{ name: `${name} ${loss.toFixed(3)}`, loss }],
    ),
  figures(best, { baselines, config }) {
    const own = best?.metrics ?? {};
    const figures = [
      { name: "error, one step", value: shorten(own.mae1 ?? Number.NaN), about: "mean absolute error" },
      {
        name: `error, ${config.horizon} steps`,
        value: shorten(own.mae ?? Number.NaN),
        about: "mean absolute error",
      },
    ];
    const others = baselines.map(({ name, metrics = {} }) => ({
      name,
      value: `${shorten(metrics.mae1)}, ${shorten(metrics.mae)}`,
      about: "its errors: one step, all steps",
    }));
    return best === undefined ? others : [...figures, ...others];
  },
  terms: [
    {
      term: "naive",
      meaning:
        "The last value again, whatever comes; seasonal naive: the value a season before. A model that is not better than these has learned nothing.",
    },
    {
      term: AUTOREGRESSION,
      meaning:
        "A sum of the last values with one coefficient each, by least squares, with the same transform and the same inputs as the network.",
    },
    {
      term: "MASE",
      meaning:
        "The mean absolute error divided by that of the seasonal naive forecast of one step in training: 1 is as good as that (Hyndman and Koehler 2006).",
    },
    {
      term: "coverage",
      meaning:
        "The share of the values between the lowest and the highest quantile; it should be the difference of the two.",
    },
  ],
  scoreTable: ({ metrics, items }, _, baselines) => scoreRows(metrics, items, baselines),
  drawing: drawForTerminal,
  drawsEnding: true,
};

/** Columns of the errors at one step, which those of all steps stand beside. */
const ONE_STEP = 7;

function scoreRows(
  metrics: Metrics,
  items: number,
  baselines: readonly Baseline[],
): [string, string, string][] {
  const both = (one: string, all: string, own: Metrics = metrics) => {
    const [first, second] = [own[one], own[all]].map(shorten);
    return `${first.padEnd(ONE_STEP)}  ${second}`;
  };
  const rows: [string, string, string][] = [
    ["", `${"1 step".padEnd(ONE_STEP)}  all`, "steps after each origin"],
    ["MAE", both("mae1", "mae"), "mean absolute error, in the unit of the values"],
    ["RMSE", both("rmse1", "rmse"), "root of the mean squared error"],
    ["MASE", both("mase1", "mase"), "MAE by that of the seasonal naive forecast in training"],
    ["sMAPE", both("smape1", "smape"), "mean of 200 |y - f| / (|y| + |f|), in per cent"],
  ];
  if (metrics.pinball !== undefined) {
    rows.push(["pinball", shorten(metrics.pinball), "mean loss of the quantiles, all steps"]);
  }
  if (metrics.coverage !== undefined) {
    rows.push(["coverage", percent(metrics.coverage), "of the values lie between the outer quantiles"]);
  }
  rows.push(["origins", count(items), "forecasts were made after so many steps"]);
  for (const { name, metrics: own = {} } of baselines) {
    const quantiles =
      own.coverage === undefined
        ? ""
        : `; pinball ${shorten(own.pinball)}, coverage ${percent(own.coverage)}`;
    rows.push([
      name,
      both("mae1", "mae", own),
      `its MAE; MASE ${shorten(own.mase1)}, ${shorten(own.mase)}${quantiles}`,
    ]);
  }
  if (baselines.length === 0) {
    rows.push(["naive", both("naiveMae1", "naiveMae"), "its MAE: the last value again"]);
  }
  return rows;
}

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

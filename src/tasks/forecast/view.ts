/** What people are shown of forecasts. */
import { formatStep } from "../../data/calendar.ts";
import { count, percent } from "../../render/numbers.ts";
import type { Baseline, Task } from "../task.ts";
import type { Row, ShownTraining, Standing, TaskView } from "../view.ts";
import { type ForecastData, stepName } from "./data.ts";
import type { ForecastSettings } from "./defaults.ts";
import type { ForecastConfig, ForecastFacts } from "./facts.ts";
import { AUTOREGRESSION } from "./metrics.ts";
import { drawForTerminal } from "./picture.ts";
import { shorten } from "./predict.ts";

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

/** What people are shown. */
import type { Baseline, Measured, Task, TaskView } from "unrolled/tasks";
import type { TrendData, TrendFacts } from "./data.ts";
import type { TrendSettings } from "./defaults.ts";
import type { TrendConfig } from "./model.ts";

export const HELP: Task["help"] = {
  data: "a CSV file without a header; the last number of each row is predicted from\nthose before it (default: noisy lines)",
  notes: "",
  examples: "npx unrolled train ./examples/own-task/model.ts table.csv",
};

const rmseOf = (metrics: Readonly<Record<string, number>> | undefined) =>
  (metrics?.rmse ?? Number.NaN).toFixed(3);

function standing({ loss, metrics }: Measured, [mean]: readonly Baseline[]) {
  return {
    text: `error ${rmseOf(metrics)}`,
    comparison: `the mean has ${rmseOf(mean?.metrics)}`,
    isBetter: loss < (mean?.loss ?? 0),
  };
}

export const VIEW: TaskView<TrendSettings, TrendData, TrendConfig, TrendFacts> = {
  data: ({ data, paths }) => [
    ["table", paths.join(" ") || "noisy lines (built in)"],
    ["", `${data.train.targets.length} rows to train on, ${data.validation.targets.length} to validate on`],
  ],
  lossUnit: () => "mean squared error, in variances of the targets",
  model: ({ hidden }) => `LSTM, 1 layer of ${hidden}`,
  toBeat: ({ baselines }) => [["to beat", `error ${rmseOf(baselines[0]?.metrics)}: the mean of the table`]],
  validation: (measured, { baselines }) => standing(measured, baselines),
  result: (measured, { baselines }) => standing(measured, baselines),
  next: (_, folder) => [`npx unrolled predict ${folder} --text "1,2,3,4"`],
  chartBaselines: (baselines) =>
    baselines.flatMap(({ name, loss }) => (loss === null ? [] : [{ name, loss }])),
  figures: (best) => [{ name: "error", value: rmseOf(best?.metrics), about: "root of the mean square" }],
  terms: [],
  scoreTable: ({ loss, metrics, items }, _, baselines) => [
    ["error", rmseOf(metrics), "root of the mean squared error, in the unit of the table"],
    ["loss", loss.toFixed(4), "mean squared error, in variances of the targets"],
    ["rows", String(items), ""],
    ...baselines.map(({ name, metrics: own }): [string, string, string] => [name, rmseOf(own), "its error"]),
  ],
};

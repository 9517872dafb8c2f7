/** Converts the losses of a training to the input of the charts in `render/`. */
import type { LossChart } from "../render/chart.ts";
import { type SeriesName, terminalChart } from "../render/terminal-chart.ts";
import type { TaskTraining } from "../runs/train-task.ts";
import type { DrawingOptions } from "../tasks/view.ts";
import { paint, type Style } from "./paint.ts";

/** Minimum number of points; a chart of fewer shows nothing that the printed lines do not. */
const LEAST_POINTS = 8;
const LEAST_EVALUATIONS = 3;

/** Width of a line in columns when the output is not a terminal. */
const COLUMNS = 80;

const STYLES: Readonly<Record<SeriesName, Style>> = {
  training: "cyan",
  validation: "bold",
  baseline: "yellow",
};

/** "nats per character" */
export function lossUnitOf({ task, unit }: TaskTraining): string {
  return task.view.lossUnit?.(unit) ?? `nats per ${unit}`;
}

export function lossChart(training: TaskTraining): LossChart {
  const { history, baselines, task } = training;
  return {
    unit: lossUnitOf(training),
    training: history.curve.map(({ step, loss }) => ({ step, value: loss })),
    validation: history.evaluations.map(({ step, loss }) => ({ step, value: loss })),
    baselines: task.view.chartBaselines(baselines),
  };
}

/** The chart in lines for standard output; none where it is too narrow or there is too little to show. */
export function lossChartLines(
  training: TaskTraining,
  stream: NodeJS.WriteStream = process.stdout,
): string[] {
  const chart = lossChart(training);
  if (chart.training.length < LEAST_POINTS || chart.validation.length < LEAST_EVALUATIONS) return [];
  return terminalChart(chart, {
    columns: Math.min(COLUMNS, stream.columns || COLUMNS),
    unicode: showsUnicode(process.env, process.platform),
    paint: (series, marks) => paint(STYLES[series], marks, stream),
  });
}

/** The width of a drawing in columns, and the characters and colours that it may use. */
export function drawingOptions(stream: NodeJS.WriteStream = process.stdout): DrawingOptions {
  return {
    columns: Math.min(COLUMNS, stream.columns || COLUMNS),
    unicode: showsUnicode(process.env, process.platform),
    colors: paint("cyan", "x", stream) !== "x",
  };
}

/** Whether a terminal shows braille patterns: its locale says UTF-8, and it is not the console of Linux or Windows. */
export function showsUnicode(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  if (env.TERM === "linux" || env.TERM === "dumb") return false;
  if (platform === "win32") return env.WT_SESSION !== undefined || env.TERM_PROGRAM !== undefined;
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG;
  // macOS has no locale in programs that were not started from a shell, and UTF-8 everywhere.
  return locale === undefined ? platform === "darwin" : /utf-?8/i.test(locale);
}

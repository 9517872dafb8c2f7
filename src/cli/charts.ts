/** The loss chart in the terminal, and pictures in files. */

import { writeFile } from "node:fs/promises";
import { InputError } from "../core/errors.ts";
import type { LossChart } from "../render/chart.ts";
import { type SeriesName, terminalChart } from "../render/terminal-chart.ts";
import type { TaskTraining } from "../runs/train-task.ts";
import type { DrawingOptions } from "../tasks/view.ts";
import { note, paint, type Style } from "./terminal.ts";

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
export function nameLossUnit({ task, unit }: TaskTraining): string {
  return task.view.lossUnit?.(unit) ?? `nats per ${unit}`;
}

export function lossChart(training: TaskTraining): LossChart {
  const { history, baselines, task } = training;
  return {
    unit: nameLossUnit(training),
    training: history.curve.map(({ step, loss }) => ({ step, value: loss })),
    validation: history.evaluations.map(({ step, loss }) => ({ step, value: loss })),
    baselines: task.view.chartBaselines(baselines),
  };
}

/** The chart in lines for standard output; none where it is too narrow or there is too little to show. */
export function drawLossChart(training: TaskTraining, stream: NodeJS.WriteStream = process.stdout): string[] {
  const chart = lossChart(training);
  if (chart.training.length < LEAST_POINTS || chart.validation.length < LEAST_EVALUATIONS) return [];
  return terminalChart(chart, {
    columns: Math.min(COLUMNS, stream.columns || COLUMNS),
    unicode: showsUnicode(process.env, process.platform),
    paint: (series, marks) => paint(STYLES[series], marks, stream),
  });
}

/** The width of a drawing in columns, and the characters and colours that it may use. */
export function chooseDrawing(stream: NodeJS.WriteStream = process.stdout): DrawingOptions {
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

/**
 * Write a picture to a file.
 * @param svg text of the picture; undefined if there is none
 * @param what name of the thing that has no picture, for the error
 * @throws InputError for a file that cannot be written
 */
export async function writePicture(path: string, svg: string | undefined, what: string): Promise<void> {
  if (svg === undefined) throw new InputError(`--picture: there is no picture of ${what}`);
  if (!path.toLowerCase().endsWith(".svg")) {
    throw new InputError(`--picture ${path}: pictures are SVG`, { hint: "name a file that ends in .svg" });
  }
  try {
    await writeFile(path, svg);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "its folder does not exist" : code;
    throw new InputError(`--picture ${path} cannot be written: ${reason}`, { cause });
  }
  note(`picture written to ${path}`);
}

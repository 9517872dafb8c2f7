/** Training and testing classifiers for figures that are published. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LabelledText } from "../../src/data/index.ts";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import { assetOf, sourceOf } from "../../src/sources/paths.ts";
import type { ClassifySettings } from "../../src/tasks/classify/defaults.ts";
import { TASKS } from "../../src/tasks/index.ts";

export type ClassifyOptions = Partial<TrainOptions<ClassifySettings>>;

export interface Measured {
  readonly accuracy: number;
  readonly macroF1: number;
}

export interface ClassifierRun {
  readonly folder: string;
  readonly seconds: number;
  /** Of the checkpoint that did best on the validation part. */
  readonly validation: number;
}

const HOOKS = { signal: new AbortController().signal, onProgress() {}, onNote() {} };

/** A folder for a figure, removed at the end. */
export async function withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "unrolled-reproduce-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes a file for each label into a new folder, with a line for each text. Returns the folder. */
export function writeTexts(folder: string, texts: readonly LabelledText[]): string {
  mkdirSync(folder, { recursive: true });
  const byLabel = Map.groupBy(texts, ({ label }) => label);
  for (const [label, own] of byLabel) {
    writeFileSync(join(folder, `${label}.txt`), own.map(({ text }) => `${text}\n`).join(""));
  }
  return folder;
}

/** Trains with one thread unless told otherwise. */
export async function trainClassifier(options: ClassifyOptions & { out: string }): Promise<ClassifierRun> {
  const all = { data: [], threads: 1, ...options } as unknown as TrainOptions;
  const training = await trainTask({ task: await TASKS.classify() }, all, HOOKS);
  let [seconds, validation] = [0, 0];
  for await (const event of training.events) {
    if (event.event === "eval") validation = Math.max(validation, event.metrics.accuracy);
    if (event.event === "end") seconds = event.seconds;
  }
  return { folder: training.runDirectory, seconds, validation };
}

/** On data that nothing was trained or chosen on. */
export async function testClassifier(run: string, data: readonly string[]): Promise<Measured> {
  const { metrics } = await evaluateRun(run, data, {}, HOOKS);
  return { accuracy: metrics.accuracy, macroF1: metrics.macroF1 };
}

/** A line for a run that is done: long figures take a while. */
export function reportRun(
  name: string,
  { accuracy }: Measured,
  { seconds, validation }: ClassifierRun,
): void {
  const [tested, validated] = [accuracy, validation].map((share) => `${(100 * share).toFixed(2)} %`);
  console.log(`${name}: ${tested} (validation ${validated}), ${seconds.toFixed(0)} s`);
}

export interface NamedFigure extends Measured {
  readonly name: string;
}

/** What counting reaches on `test` after learning from `train`. */
export async function measureBaselines(
  train: readonly string[],
  test: readonly string[],
  settings: Partial<ClassifySettings> = {},
): Promise<NamedFigure[]> {
  const task = await TASKS.classify();
  const request = {
    source: sourceOf(train),
    validation: sourceOf(test),
    settings: task.complete(settings as never),
    isChosen: (name: string) => name in settings,
    threads: 1,
    verify() {},
    asset: assetOf,
  };
  const { data } = await task.load(request, HOOKS);
  const baselines = await task.baselines(data, HOOKS);
  return baselines.map(({ name, metrics }) => ({
    name,
    accuracy: metrics!.accuracy,
    macroF1: metrics!.macroF1,
  }));
}

/** Of Student's distribution with 1, 2, ... degrees of freedom, the quantile 0.975. */
const QUANTILES = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/** The mean with half the width of its 95 % interval over the seeds, and the extremes: `83.27 ± 0.41 (82.9 to 83.6)`. */
export function meanAndSpread(values: readonly number[]): string {
  const mean = meanOf(values);
  const shown = (share: number) => (100 * share).toFixed(2);
  if (values.length < 2) return shown(mean);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const quantile = QUANTILES[Math.min(values.length - 2, QUANTILES.length - 1)];
  const half = quantile * Math.sqrt(variance / values.length);
  return `${shown(mean)} ± ${shown(half)} (${shown(Math.min(...values))} to ${shown(Math.max(...values))})`;
}

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Rows of text in columns, the first row over a line. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
      .join("  ");
  console.log(line(rows[0]));
  console.log(widths.map((width) => "-".repeat(width)).join("  "));
  for (const row of rows.slice(1)) console.log(line(row));
}

export interface Arguments {
  readonly paths: readonly string[];
  readonly quick: boolean;
  readonly seeds: readonly number[];
  /** `--only NAME`: one of the models alone. */
  readonly only: string | undefined;
  /** `--folds 1,2`: some parts of a cross-validation. */
  readonly folds: readonly number[] | undefined;
}

/** `[PATH...] [--quick] [--seeds 1,2,3] [--folds 1,2] [--only NAME]` */
export function readArguments(given: readonly string[], seeds: readonly number[]): Arguments {
  const paths: string[] = [];
  const said: { quick: boolean; seeds: readonly number[]; only?: string; folds?: readonly number[] } = {
    quick: false,
    seeds,
  };
  for (let at = 0; at < given.length; at++) {
    if (given[at] === "--quick") said.quick = true;
    else if (given[at] === "--seeds") said.seeds = integersOf(given[at], given[++at]);
    else if (given[at] === "--folds") said.folds = integersOf(given[at], given[++at]);
    else if (given[at] === "--only") said.only = given[++at];
    else paths.push(given[at]);
  }
  const { quick, only, folds } = said;
  return { paths, quick, seeds: quick ? said.seeds.slice(0, 1) : said.seeds, only, folds };
}

function integersOf(flag: string, text = ""): number[] {
  const numbers = text.split(",").map(Number);
  if (text === "" || !numbers.every(Number.isSafeInteger)) throw new Error(`${flag} needs integers: 1,2,3`);
  return numbers;
}

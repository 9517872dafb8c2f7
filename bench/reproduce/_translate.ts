/** The task `translate` as these programs use it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import { assetOf, sourceOf } from "../../src/sources/paths.ts";
import { TASKS } from "../../src/tasks/index.ts";
import type { Baseline } from "../../src/tasks/results.ts";
import type { SearchOptions } from "../../src/tasks/search-options.ts";
import type { TranslateSettings } from "../../src/tasks/translate/defaults.ts";

export type TranslateTraining = Partial<TrainOptions<TranslateSettings>> & { readonly out: string };

export interface TranslateRun {
  readonly folder: string;
  readonly seconds: number;
  readonly steps: number;
  readonly baselines: readonly Baseline[];
}

const HOOKS = { signal: new AbortController().signal, onProgress() {}, onNote() {} };

/** Trains, with a line for each evaluation. */
export async function trainTranslation(
  options: TranslateTraining,
  name: string,
  report: (text: string) => void = console.log,
): Promise<TranslateRun> {
  const all = { data: [], ...options } as unknown as TrainOptions;
  const training = await trainTask({ task: await TASKS.translate() }, all, HOOKS);
  let [seconds, steps] = [0, 0];
  for await (const event of training.events) {
    if (event.event === "eval") {
      const { bleu, exactMatch } = event.metrics;
      const score =
        bleu === undefined
          ? `exact ${percent(exactMatch)}`
          : `BLEU ${bleu.toFixed(2)}, exact ${percent(exactMatch)}`;
      report(`${name}, step ${event.step}: validation loss ${event.loss.toFixed(3)}, ${score}`);
    }
    if (event.event === "end") ({ seconds, step: steps } = event);
  }
  return { folder: training.runDirectory, seconds, steps, baselines: training.baselines };
}

/** What copying the source, and one target for all, reach on pairs to test; the pairs to train on give that target. */
export async function measureTranslationBaselines(
  train: readonly string[],
  test: readonly string[],
  given: Partial<TranslateSettings> = {},
): Promise<readonly Baseline[]> {
  const task = await TASKS.translate();
  const request = {
    source: sourceOf(train),
    validation: sourceOf(test),
    settings: task.complete(given),
    isChosen: (name: string) => name in given,
    threads: 1,
    verify() {},
    asset: assetOf,
  };
  const { data } = await task.load(request, HOOKS);
  return (await task.baselines(data, HOOKS)).filter(({ metrics }) => metrics !== undefined);
}

/** What a run has on data that nothing was trained or chosen on. */
export async function testTranslation(run: string, data: readonly string[], search: SearchOptions = {}) {
  const { loss, metrics, details } = await evaluateRun(run, data, search, HOOKS);
  return { loss, metrics, details };
}

/** BLEU, BLEU in lower case, chrF and exact matches, for a table. */
export function rowOf({ metrics, details }: Awaited<ReturnType<typeof testTranslation>>): string[] {
  const { bleu, bleuLowercase = bleu, chrf } = details.scores as Record<string, { readonly value: number }>;
  return [
    ...[bleu, bleuLowercase, chrf].map(({ value }) => value.toFixed(2)),
    (100 * metrics.exactMatch).toFixed(2),
  ];
}

export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** The lines of a file that may be packed by gzip. */
export function readLines(path: string): string[] {
  const bytes = readFileSync(path);
  const text = new TextDecoder().decode(path.endsWith(".gz") ? gunzipSync(bytes) : bytes);
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

/** Writes sources and targets as two files. Returns their paths. */
export function writePairs(
  folder: string,
  name: string,
  pairs: { readonly sources: readonly string[]; readonly targets: readonly string[] },
): [string, string] {
  const paths: [string, string] = [join(folder, `${name}.source`), join(folder, `${name}.target`)];
  for (const [at, lines] of [pairs.sources, pairs.targets].entries()) {
    writeFileSync(paths[at], lines.map((line) => `${line}\n`).join(""));
  }
  return paths;
}

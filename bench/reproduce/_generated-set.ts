/** Models beside each other on a generated set of sentences, asked what no run has seen. */
import { join } from "node:path";
import type { LabelledText } from "../../src/data/index.ts";
import { findSet } from "../../src/data/labelled-sets.ts";
import {
  type ClassifyOptions,
  meanAndSpread,
  meanOf,
  measureBaselines,
  printTable,
  readArguments,
  reportRun,
  testClassifier,
  trainClassifier,
  withFolder,
  writeTexts,
} from "./_classify.ts";

const TEST_SEED = 2026;
const SEEDS = [1, 2, 3, 4, 5];

export interface SetFigure {
  readonly set: string;
  /** Items to test on, which the seed chooses. */
  test(seed: number): LabelledText[];
  readonly epochs: number;
  /** What every model has. */
  readonly shared: ClassifyOptions;
  readonly models: Readonly<Record<string, ClassifyOptions>>;
}

const bagOf = (text: string): string => text.split(" ").sort().join(" ");

/** Trains each model with each seed and prints a table, with what counting words reaches. */
export async function reproduceSet(given: string[], figure: SetFigure): Promise<void> {
  const { quick, seeds, only } = readArguments(given, SEEDS);
  const { set, shared, models } = figure;
  const made = new Map(seeds.map((seed) => [seed, findSet(set).make(seed)]));
  const seen = new Set<string>();
  for (const { train, validation = [] } of made.values()) {
    for (const { text } of [...train, ...validation]) seen.add(bagOf(text));
  }
  // Whole bags are left out, so that what is left is as balanced as it was.
  const asked = figure.test(TEST_SEED).filter(({ text }) => !seen.has(bagOf(text)));
  const items = quick ? asked.slice(0, 60) : asked;
  console.log(`${set}: tested on ${items.length} items that no run was trained on or chosen with`);
  const rows = [["model", "accuracy in %", "s a run"]];
  await withFolder(async (folder) => {
    const test = [writeTexts(join(folder, "test"), items)];
    for (const [name, options] of Object.entries(models)) {
      if (only !== undefined && only !== name) continue;
      const [accuracies, seconds]: [number[], number[]] = [[], []];
      for (const [index, seed] of seeds.entries()) {
        const out = join(folder, `${rows.length}-${index}`);
        const limits = quick ? { steps: 20 } : { epochs: figure.epochs };
        const run = await trainClassifier({ set, seed, out, ...shared, ...options, ...limits });
        const tested = await testClassifier(out, test);
        reportRun(`${name}, seed ${seed}`, tested, run);
        accuracies.push(tested.accuracy);
        seconds.push(run.seconds);
      }
      rows.push([name, meanAndSpread(accuracies), meanOf(seconds).toFixed(1)]);
    }
    const train = [writeTexts(join(folder, "train"), made.get(seeds[0])!.train)];
    for (const { name, accuracy } of await measureBaselines(train, test, shared)) {
      rows.push([name, (100 * accuracy).toFixed(2), ""]);
    }
  });
  printTable(rows);
}

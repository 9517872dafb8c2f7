import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runJob } from "../../src/core/job.ts";
import { groupedSplit, type LabelledLines, LabelledLinesBuilder, labelOfFile } from "../../src/data/index.ts";
import { textOf } from "../../src/data/labelled-lines.ts";
import { evaluateRun } from "../../src/runs/evaluate-run.ts";
import { trainTask } from "../../src/runs/train-task.ts";
import type { TrainOptions } from "../../src/runs/training-options.ts";
import { assetOf } from "../../src/sources/paths.ts";
import { TASKS } from "../../src/tasks/index.ts";

/** The part that nothing is trained or chosen on, and the seed that divides it off. */
const TEST_SHARE = 0.1;
const TEST_SEED = 2026;

const SETTINGS = {
  cell: "gru",
  hidden: 128,
  bidirectional: true,
  dropout: 0.4,
  valSplit: 0.1,
  epochs: 10,
  threads: 1,
};

const hooks = { signal: new AbortController().signal, onProgress() {}, onNote() {} };

/**
 * The names of 18 languages of PyTorch's tutorial (a folder with one file for each): a GRU in both directions, on names
 * that it has not seen under any language, beside naive Bayes and the commonest language.
 *
 *     npm run reproduce names -- path/to/names [SEED...]
 */
export async function reproduce([path, ...seeds]: string[]): Promise<void> {
  if (path === undefined) throw new Error("name the folder: npm run reproduce names -- path/to/names");
  const folder = mkdtempSync(join(tmpdir(), "unrolled-names-"));
  try {
    const lines = readLines(path);
    const { train, validation: test } = groupedSplit(lines.groups, TEST_SHARE, {
      labels: lines.labels,
      seed: TEST_SEED,
    });
    writePart(join(folder, "train"), lines, train);
    writePart(join(folder, "test"), lines, test);
    console.log(`${train.length} names to train on and to validate with, ${test.length} to test`);
    await printBaselines(folder);
    const accuracies: number[] = [];
    for (const seed of seeds.length > 0 ? seeds.map(Number) : [1, 2, 3]) {
      accuracies.push(await measure(folder, seed));
    }
    const mean = accuracies.reduce((sum, one) => sum + one, 0) / accuracies.length;
    const spread = `${percent(Math.min(...accuracies))} to ${percent(Math.max(...accuracies))}`;
    console.log(`GRU, mean of ${accuracies.length} seeds: accuracy ${percent(mean)} (${spread})`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

function readLines(path: string): LabelledLines {
  const builder = new LabelledLinesBuilder();
  for (const name of readdirSync(path).sort()) {
    builder.begin(labelOfFile(name), `'${name}'`);
    builder.push(readFileSync(join(path, name)));
  }
  return runJob(builder.finishJob());
}

function writePart(folder: string, { lines, labels, labelNames }: LabelledLines, indices: Int32Array): void {
  mkdirSync(folder);
  for (const [label, name] of labelNames.entries()) {
    const own = [...indices].filter((index) => labels[index] === label);
    writeFileSync(join(folder, `${name}.txt`), own.map((index) => `${textOf(lines.item(index))}\n`).join(""));
  }
}

/** What counting reaches on the test part after learning from all the rest. */
async function printBaselines(folder: string): Promise<void> {
  const task = await TASKS.classify();
  const { sourceOf } = await import("../../src/sources/paths.ts");
  const { data } = await task.load(
    {
      source: sourceOf([join(folder, "train")]),
      validation: sourceOf([join(folder, "test")]),
      settings: task.complete({}),
      isChosen: () => true,
      threads: 1,
      verify() {},
      asset: assetOf,
    },
    hooks,
  );
  for (const { name, metrics } of await task.baselines(data, hooks)) {
    console.log(`${name}: accuracy ${percent(metrics!.accuracy)}, macro F1 ${metrics!.macroF1.toFixed(3)}`);
  }
}

/** The accuracy on the test part of the checkpoint that did best on the validation part. */
async function measure(folder: string, seed: number): Promise<number> {
  const out = join(folder, `run-${seed}`);
  const data = [join(folder, "train")];
  const training = await trainTask(
    { task: await TASKS.classify() },
    { ...SETTINGS, data, out, seed } as TrainOptions,
    hooks,
  );
  let seconds = 0;
  for await (const event of training.events) if (event.event === "end") seconds = event.seconds;
  const { metrics } = await evaluateRun(out, [join(folder, "test")], {}, hooks);
  console.log(
    `GRU, seed ${seed}: accuracy ${percent(metrics.accuracy)}, macro F1 ${metrics.macroF1.toFixed(3)}, ${seconds.toFixed(0)} s`,
  );
  return metrics.accuracy;
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runJob } from "../../src/core/job.ts";
import { groupedSplit, type LabelledLines, LabelledLinesBuilder, labelOfFile } from "../../src/data/index.ts";
import { textOf } from "../../src/data/labelled-lines.ts";
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

/** The part that nothing is trained or chosen on, and the seed that divides it off. */
const TEST_SHARE = 0.1;
const TEST_SEED = 2026;

/** Chosen on the validation parts alone. */
const SETTINGS: ClassifyOptions = {
  cell: "gru",
  hidden: 256,
  layers: 2,
  bidirectional: true,
  dropout: 0.5,
  labelSmoothing: 0.1,
  valSplit: 0.1,
  epochs: 10,
};

/**
 * The names of 18 languages of PyTorch's tutorial (a folder with one file for each): a GRU in both directions, on names
 * that it has not seen under any language, beside naive Bayes, the commonest language, and what nobody can exceed, as some
 * names are of several languages. Five seeds, each of which also divides off a part to choose the checkpoint:
 *
 *     npm run reproduce names -- path/to/names [--quick] [--seeds 1,2,3]
 */
export async function reproduce(given: string[]): Promise<void> {
  const { paths, quick, seeds } = readArguments(given, [1, 2, 3, 4, 5]);
  const [path] = paths;
  if (path === undefined) throw new Error("name the folder: npm run reproduce names -- path/to/names");
  await withFolder(async (folder) => {
    const lines = readLines(path);
    const { labels, groups } = lines;
    const { train, validation: test } = groupedSplit(groups, TEST_SHARE, { labels, seed: TEST_SEED });
    const data = [writePart(join(folder, "train"), lines, train)];
    const tested = [writePart(join(folder, "test"), lines, test)];
    console.log(`${train.length} names to train on and to validate with, ${test.length} to test`);
    const [accuracies, f1, seconds]: [number[], number[], number[]] = [[], [], []];
    for (const seed of seeds) {
      const out = join(folder, `run-${seed}`);
      const limits = quick ? { epochs: undefined, steps: 10, hidden: 16 } : {};
      const run = await trainClassifier({ data, seed, out, ...SETTINGS, ...limits });
      const measured = await testClassifier(out, tested);
      reportRun(`GRU, seed ${seed}`, measured, run);
      accuracies.push(measured.accuracy);
      f1.push(measured.macroF1);
      seconds.push(run.seconds);
    }
    const rows = [
      ["model", "accuracy in %", "macro F1 in %", "s a run"],
      ["GRU in both directions", meanAndSpread(accuracies), meanAndSpread(f1), meanOf(seconds).toFixed(0)],
    ];
    for (const { name, accuracy, macroF1 } of await measureBaselines(data, tested)) {
      rows.push([name, (100 * accuracy).toFixed(2), (100 * macroF1).toFixed(2), ""]);
    }
    // A name of several languages stands in the test part under each of them, and one answer is right once.
    const different = new Set(Array.from(test, (index) => groups[index])).size;
    rows.push(["ceiling", ((100 * different) / test.length).toFixed(2), "", ""]);
    printTable(rows);
  });
}

function readLines(path: string): LabelledLines {
  const builder = new LabelledLinesBuilder();
  for (const name of readdirSync(path).sort()) {
    builder.begin(labelOfFile(name), `'${name}'`);
    builder.push(readFileSync(join(path, name)));
  }
  return runJob(builder.finishJob());
}

function writePart(folder: string, lines: LabelledLines, indices: Int32Array): string {
  const texts = Array.from(indices, (index) => ({
    text: textOf(lines.lines.item(index)),
    label: lines.labelNames[lines.labels[index]],
  }));
  return writeTexts(folder, texts);
}

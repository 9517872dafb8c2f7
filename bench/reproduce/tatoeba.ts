import { join } from "node:path";
import { Rng } from "../../src/core/rng.ts";
import { groupedSplit } from "../../src/data/index.ts";
import { printTable, readArguments, withFolder } from "./_classify.ts";
import { readLines, rowOf, testTranslation, trainTranslation, writePairs } from "./_translate.ts";

const MINUTES = 40;

const SETTINGS = {
  tokens: "word",
  cell: "gru",
  hidden: 256,
  embedding: 256,
  dropout: 0.3,
  labelSmoothing: 0.1,
  tieWeights: true,
  batchSize: 128,
  lr: 2e-3,
  epochs: 6,
  maxSeconds: 60 * MINUTES,
  attention: "additive",
} as const;

/** Shares of the English sentences that are tested, and that are validated on. */
const TEST = 0.03;
const VALIDATION = 0.02;

/**
 * Tatoeba, English to French (fra.txt: English, tab, French), split by English sentence: no English sentence stands in two
 * parts, whatever its translations are. The references of a sentence are all of its translations in the part.
 *
 *     npm run reproduce tatoeba -- path/to/tatoeba-en-fr [--quick]
 */
export async function reproduce(given: string[]): Promise<void> {
  const { paths, quick } = readArguments(given, [1]);
  const [root] = paths;
  if (root === undefined)
    throw new Error("name the folder: npm run reproduce tatoeba -- path/to/tatoeba-en-fr");
  const cells = readLines(join(root, "fra.txt.gz")).map((line) => line.split("\t"));
  const kept = quick ? cells.filter((_, index) => index % 200 === 0) : cells;
  const [sources, targets] = [0, 1].map((column) => kept.map((row) => row[column]));
  const tested = groupedSplit(sources, TEST, { seed: 2026 });
  const validated = groupedSplit(
    Array.from(tested.train, (index) => sources[index]),
    VALIDATION,
    { seed: 2027 },
  );
  const pick = (indices: Iterable<number>) => {
    const own = [...indices];
    return { sources: own.map((index) => sources[index]), targets: own.map((index) => targets[index]) };
  };
  const within = (part: Int32Array) => Array.from(part, (place) => tested.train[place]);
  const rows: string[][] = [
    ["model", "BLEU 13a, cased", "BLEU 13a, lower case", "chrF", "exact in %", "minutes"],
  ];
  await withFolder(async (folder) => {
    const data = writePairs(folder, "train", pick(within(validated.train)));
    const val = writePairs(folder, "val", pick(within(validated.validation)));
    // One of the translations of each sentence is taken, drawn by lot: the task has one reference for a source.
    const test = writePairs(folder, "test", pick(oneOfEach(sources, tested.validation)));
    const out = join(folder, "run");
    const limits = quick ? { epochs: undefined, steps: 3, hidden: 16, embedding: 8 } : {};
    const run = await trainTranslation({ data, val, ...SETTINGS, out, ...limits }, "attention");
    for (const beam of [1, 5]) {
      const result = await testTranslation(out, test, { beam });
      rows.push([`attention, beam ${beam}`, ...rowOf(result), (run.seconds / 60).toFixed(0)]);
      console.log(rows.at(-1)!.join("  "));
    }
    for (const { name, metrics } of run.baselines) console.log(`${name}: ${JSON.stringify(metrics)}`);
  });
  printTable(rows);
}

/** One pair of each source among some pairs. */
function oneOfEach(sources: readonly string[], indices: Int32Array): number[] {
  const rng = new Rng(2028);
  const bySource = Map.groupBy(indices, (index) => sources[index]);
  return [...bySource.values()].map((own) => own[rng.integer(own.length)]);
}

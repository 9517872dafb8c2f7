import { join } from "node:path";
import { Rng } from "../../src/core/rng.ts";
import { printTable, readArguments, withFolder } from "./_classify.ts";
import {
  measureTranslationBaselines,
  readLines,
  rowOf,
  type TranslateTraining,
  testTranslation,
  trainTranslation,
  writePairs,
} from "./_translate.ts";

const MINUTES = 90;

const SHARED = {
  tokens: "word",
  cell: "gru",
  hidden: 256,
  embedding: 256,
  readout: true,
  dropout: 0.4,
  tieWeights: true,
  batchSize: 64,
  lr: 1.5e-3,
  clipNorm: 5,
  epochs: 8,
  maxSeconds: 60 * MINUTES,
  threads: 1,
} as const;

const FORMS: Readonly<Record<string, Omit<TranslateTraining, "out">>> = {
  attention: { attention: "additive" },
  fixed: { attention: "none", contextToOutput: false, bidirectional: true, hidden: 384, epochs: 12 },
};

/**
 * Multi30k, German to English, 29,000 pairs; nothing is chosen by the test of 2016. BLEU as sacreBLEU computes it, cased on
 * detokenised text with tokenizer 13a, and in lower case; at most 90 minutes for each form on one thread:
 *
 *     npm run reproduce multi30k -- path/to/multi30k [RUNS] [--only attention|fixed|shuffled] [--quick]
 *
 * RUNS is a folder to keep the runs in, for `npm run reproduce decoding`.
 *
 * `shuffled` trains the attention form on sources in a random order, so that it knows the language and not the source.
 */
export async function reproduce(given: string[]): Promise<void> {
  const { paths, quick, only } = readArguments(given, [1]);
  const [root, runs] = paths;
  if (root === undefined) throw new Error("name the folder: npm run reproduce multi30k -- path/to/multi30k");
  const read = (name: string) => ({
    sources: readLines(join(root, `${name}.de.gz`)),
    targets: readLines(join(root, `${name}.en.gz`)),
  });
  const rows: string[][] = [
    ["model", "BLEU 13a, cased", "BLEU 13a, lower case", "chrF", "exact in %", "minutes"],
  ];
  await withFolder(async (folder) => {
    const all = read("train");
    const train = quick ? { sources: all.sources.slice(0, 500), targets: all.targets.slice(0, 500) } : all;
    const data = writePairs(folder, "train", train);
    const shuffled = writePairs(folder, "shuffled", { ...train, sources: shuffle(train.sources) });
    const val = writePairs(folder, "val", read("val"));
    const test = writePairs(folder, "test", read("test_2016_flickr"));
    for (const { name, metrics } of await measureTranslationBaselines(data, test, {
      tokens: SHARED.tokens,
    })) {
      const { bleu, chrf, exactMatch } = metrics as Record<string, number>;
      rows.push([name, bleu.toFixed(2), "", chrf.toFixed(2), (100 * exactMatch).toFixed(2), ""]);
    }
    const measure = async (name: string, options: Omit<TranslateTraining, "out">, on = data) => {
      const out = join(runs ?? folder, name);
      const limits = quick ? { epochs: undefined, steps: 3, hidden: 16, vocabSize: 400, embedding: 8 } : {};
      const run = await trainTranslation({ data: on, val, ...SHARED, ...options, out, ...limits }, name);
      for (const beam of [1, 5]) {
        const result = await testTranslation(out, test, { beam });
        rows.push([`${name}, beam ${beam}`, ...rowOf(result), (run.seconds / 60).toFixed(0)]);
        console.log(rows.at(-1)!.join("  "));
      }
    };
    for (const [name, options] of Object.entries(FORMS)) {
      if (only === undefined || only === name) await measure(name, options);
    }
    if (only === undefined || only === "shuffled") await measure("shuffled", FORMS.attention, shuffled);
  });
  printTable(rows);
}

function shuffle(lines: readonly string[]): string[] {
  const rng = new Rng(1);
  const shuffled = [...lines];
  for (let at = shuffled.length - 1; at > 0; at--) {
    const other = rng.integer(at + 1);
    [shuffled[at], shuffled[other]] = [shuffled[other], shuffled[at]];
  }
  return shuffled;
}

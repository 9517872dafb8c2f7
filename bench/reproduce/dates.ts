import { dateFormatPairs, splitPairs } from "../../src/data/index.ts";
import { meanAndSpread, meanOf, printTable, readArguments, withFolder } from "./_classify.ts";
import { percent, testTranslation, trainTranslation, writePairs } from "./_translate.ts";

const PAIRS = 14_000;
/** The part that nothing is trained or chosen on, and the seed that divides it off. */
const TEST_SHARE = 1 / 7;
const TEST_SEED = 2026;

const FORMS = {
  "fixed context, as in the lecture": { attention: "none" },
  "additive attention": { attention: "additive" },
  "dot attention": { attention: "dot" },
} as const;

const SETTINGS = { hidden: 128, embedding: 64, epochs: 12, threads: 1, tokens: "char" } as const;

/**
 * Dates of 1970 to 2100 in six styles, written as ISO 8601; the dates to test stand in no style among those to train on.
 * Exact match of greedy decoding, three seeds:
 *
 *     npm run reproduce dates [-- --quick] [-- --seeds 1,2,3]
 */
export async function reproduce(given: string[]): Promise<void> {
  const { quick, seeds } = readArguments(given, [1, 2, 3]);
  const pairs = dateFormatPairs({ count: PAIRS });
  const split = splitPairs(pairs, TEST_SHARE, { seed: TEST_SEED });
  const pick = (indices: Int32Array) => ({
    sources: Array.from(indices, (index) => pairs.sources[index]),
    targets: Array.from(indices, (index) => pairs.targets[index]),
  });
  const rows = [["model", "exact in %", "s a run"]];
  await withFolder(async (folder) => {
    const data = writePairs(folder, "train", pick(split.train));
    const test = writePairs(folder, "test", pick(split.validation));
    console.log(
      `${split.train.length} pairs to train on and to validate with, ${split.validation.length} to test`,
    );
    for (const [name, form] of Object.entries(FORMS)) {
      const [exact, seconds]: [number[], number[]] = [[], []];
      for (const seed of seeds) {
        const limits = quick ? { epochs: undefined, steps: 5 } : {};
        const out = `${folder}/run-${rows.length}-${seed}`;
        const run = await trainTranslation({ data, ...SETTINGS, ...form, seed, out, ...limits }, name);
        const { metrics } = await testTranslation(out, test, { beam: 1 });
        console.log(
          `${name}, seed ${seed}: ${percent(metrics.exactMatch)} of the test pairs, ${run.seconds.toFixed(0)} s`,
        );
        exact.push(metrics.exactMatch);
        seconds.push(run.seconds);
        if (form.attention === "none" && seed === seeds[0]) {
          for (const { name: baseline, metrics: of } of run.baselines) {
            console.log(`${baseline}: ${percent(of?.exactMatch ?? 0)} of the validation pairs`);
          }
        }
      }
      rows.push([name, meanAndSpread(exact), meanOf(seconds).toFixed(0)]);
    }
  });
  printTable(rows);
}

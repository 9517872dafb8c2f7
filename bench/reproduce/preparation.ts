import { cpus } from "node:os";
import { Rng } from "../../src/core/rng.ts";
import { ItemBatches, idItems, trigramBaseline } from "../../src/data/index.ts";

const COUNT = 1_000_000;
const ROUNDS = 5;

/**
 * What precedes the first step of a large training: the trigram baseline of a million characters, and the order of a
 * million items with buckets. Beside them a loop that reads as many numbers once; best of five.
 *
 *     npm run reproduce preparation
 */
export async function reproduce(): Promise<void> {
  const rng = new Rng(4);
  const text = Uint8Array.from({ length: COUNT }, () => Math.floor(90 * rng.uniform() ** 2));
  const items = idItems([[0]]).subset(new Int32Array(COUNT));
  const batches = () => new ItemBatches(items, { batchSize: 100, bucketBatches: 50 });
  console.log(`${cpus()[0].model}; ${COUNT.toLocaleString("en")} characters or items, best of ${ROUNDS}`);
  let sum = 0;
  print("a loop that adds them", () => {
    for (const id of text) sum += id;
  });
  print("trigramBaseline", () =>
    trigramBaseline(text.subarray(0, 0.95 * COUNT), text.subarray(0.95 * COUNT), 90),
  );
  print("ItemBatches.batch(0)", () => batches().batch(0));
  if (sum === 0) throw new Error("nothing was added");
}

function print(name: string, work: () => unknown): void {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const begin = performance.now();
    work();
    best = Math.min(best, performance.now() - begin);
  }
  console.log(`${name.padEnd(24)} ${best.toFixed(0).padStart(5)} ms`);
}

/** Pairs as ids, their batches, and padding on both sides. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  encodePairs,
  Items,
  idItems,
  learnPairTokens,
  PairBatches,
  type PairStore,
  padPairs,
  sentencePairs,
} from "../../src/data/index.ts";

const tokens = learnPairTokens(["a b c d e"], { kind: "word", minCount: 1 });
const storeOf = (sources: number[][], targets: number[][]): PairStore => ({
  sources: idItems(sources).store,
  targets: idItems(targets).store,
});

describe("encodePairs", () => {
  const pairs = sentencePairs(["a b", "c", "a b c d", "d"], ["e", "d d", "a", "a b c d e"]);

  test("keeps ids without START and END in shared memory, and knows which pairs they are of", () => {
    const encoded = encodePairs(pairs, { source: tokens, target: tokens });
    const [sources, targets] = [new Items(encoded.sources), new Items(encoded.targets)];
    for (let at = 0; at < 4; at++) {
      expect(sources.item(at)).toEqual(tokens.encode(pairs.sources[at]));
      expect(targets.item(at)).toEqual(tokens.encode(pairs.targets[at]));
    }
    expect(encoded.sources.values.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([...encoded.kept]).toEqual([0, 1, 2, 3]);
  });

  test("leaves pairs out that are too long on a side, and says how many", () => {
    const options = { source: tokens, target: tokens, maxLength: 3 };
    const encoded = encodePairs(pairs, { ...options, indices: [0, 2, 3] });
    expect([...encoded.kept]).toEqual([0]);
    expect(encoded.tooLong).toBe(2);
    expect(() => encodePairs(pairs, { ...options, indices: [2, 3] })).toThrow(
      "all 2 pairs have more than 3 symbols on a side — allow longer ones with --max-length",
    );
  });

  test("turns sources round where it is told to", () => {
    const encoded = encodePairs(pairs, { source: tokens, target: tokens, reverseSources: true });
    expect(new Items(encoded.sources).item(2)).toEqual(tokens.encode("d c b a"));
    expect(new Items(encoded.targets).item(1)).toEqual(tokens.encode("d d"));
  });

  test("refuses options that are none", () => {
    const options = { source: tokens, target: tokens };
    expect(() => encodePairs(pairs, { ...options, maxLength: 0 })).toThrow(
      "maxLength must be an integer of at least 1",
    );
    expect(() => encodePairs(pairs, { ...options, target: {} as never })).toThrow("target must be symbols");
    expect(() => encodePairs(pairs, { ...options, indices: [4] })).toThrow(
      "indices must be integers in [0, 4)",
    );
    expect(() => encodePairs([] as never, options)).toThrow("pairs must be pairs of sentences");
  });
});

describe("PairBatches", () => {
  const side = fc.array(fc.integer({ min: 3, max: 9 }), { minLength: 1, maxLength: 12 });
  const both = fc.array(fc.tuple(side, side), { minLength: 1, maxLength: 40 });
  const options = fc.record({
    batchSize: fc.integer({ min: 1, max: 9 }),
    seed: fc.integer(),
    bucketBatches: fc.constantFrom(1, 2, 16, Number.POSITIVE_INFINITY),
    shuffle: fc.boolean(),
  });

  test("have every pair once in a pass, its own target beside each source, and zeros behind both", () => {
    fc.assert(
      fc.property(both, options, (pairs, options) => {
        const store = storeOf(
          pairs.map(([a]) => a),
          pairs.map(([, b]) => b),
        );
        const batches = new PairBatches(store, options);
        const seen: number[] = [];
        for (let step = 0; step < batches.stepsPerPass; step++) {
          const { indices, weights, weight, sourceTime, targetTime } = batches.batch(step);
          const filled = batches.fill(step);
          seen.push(...indices);
          expect(filled).toMatchObject({ rows: indices.length, sourceTime, targetTime });
          for (const [row, index] of indices.entries()) {
            const [source, target] = pairs[index];
            const rowOf = (ids: Int32Array, time: number) => [...ids.subarray(row * time, (row + 1) * time)];
            const padded = (ids: number[], time: number) => [...ids, ...new Array(time - ids.length).fill(0)];
            expect(rowOf(filled.source, sourceTime)).toEqual(padded(source, sourceTime));
            expect(rowOf(filled.target, targetTime)).toEqual(padded(target, targetTime));
            expect([filled.sourceLengths[row], filled.targetLengths[row]]).toEqual([
              source.length,
              target.length,
            ]);
            expect(weights[row]).toBe(target.length + 1);
          }
          expect(weight).toBe(weights.reduce((sum, own) => sum + own, 0));
        }
        expect(seen.toSorted((a, b) => a - b)).toEqual(pairs.map((_, at) => at));
      }),
    );
  });

  test("are a function of the options and the step: in any order, and of other instances", () => {
    fc.assert(
      fc.property(both, options, fc.array(fc.nat(300), { maxLength: 6 }), (pairs, options, steps) => {
        const store = storeOf(
          pairs.map(([a]) => a),
          pairs.map(([, b]) => b),
        );
        const batches = new PairBatches(store, options);
        for (const step of steps)
          expect(batches.fill(step)).toEqual(new PairBatches(store, options).fill(step));
      }),
    );
  });

  test("give a replica its rows of the batch, filled up as the whole batch is", () => {
    const store = storeOf([[3], [4, 4, 4], [5, 5]], [[6, 6, 6, 6], [7], [8]]);
    const batches = new PairBatches(store, { batchSize: 3, shuffle: false, bucketBatches: 1 });
    const share = batches.fill(0, 1, 3);
    expect([...share.source]).toEqual([4, 4, 4, 5, 5, 0]);
    expect([...share.target]).toEqual([7, 0, 0, 0, 8, 0, 0, 0]);
    expect(batches.fill(0, 1, 1).rows).toBe(0);
    expect(() => batches.fill(0, 2, 4)).toThrow("rows 2..4 are not within 0..3");
    expect([...padPairs(store, [2, 1]).source]).toEqual([5, 5, 0, 4, 4, 4]);
  });

  test("of buckets have little padding on both sides, in every pass in another order", () => {
    const lengths = (seed: number) => Array.from({ length: 4000 }, (_, at) => 1 + ((at * 7919 + seed) % 31));
    const list = (length: number) => new Array(length).fill(5);
    const sources = lengths(0);
    const targets = sources.map((length, at) => Math.max(1, length - 3 + ((at * 104_729) % 7)));
    const store = storeOf(sources.map(list), targets.map(list));
    const paddingOf = (bucketBatches?: number) => {
      const batches = new PairBatches(store, { batchSize: 40, bucketBatches });
      let [places, ids] = [0, 0];
      for (let step = 0; step < batches.stepsPerPass; step++) {
        const { rows, sourceTime, targetTime, sourceLengths, targetLengths } = batches.fill(step);
        places += rows * (sourceTime + targetTime);
        ids += [...sourceLengths, ...targetLengths].reduce((sum, length) => sum + length, 0);
      }
      return 1 - ids / places;
    };
    expect(paddingOf(1)).toBeGreaterThan(0.4);
    expect(paddingOf()).toBeLessThan(0.15);
    const batches = new PairBatches(store, { batchSize: 40 });
    expect(batches.batch(0).indices).not.toEqual(batches.batch(batches.stepsPerPass).indices);
    expect(batches.pass(batches.stepsPerPass)).toBe(1);
  });

  test("refuse sides of different numbers, and none", () => {
    expect(() => new PairBatches(storeOf([[3]], [[3], [4]]), { batchSize: 1 })).toThrow(
      "targets must be one for each of the 1 sources, got 2",
    );
    expect(() => new PairBatches(storeOf([], []), { batchSize: 1 })).toThrow("at least one item is needed");
    expect(() => new PairBatches({} as never, { batchSize: 1 })).toThrow("must be an object");
    expect(() => padPairs(storeOf([[3]], []), [0])).toThrow("targets must be one for each of the 1 sources");
  });
});

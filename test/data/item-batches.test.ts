import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ItemBatches, type Items, idItems } from "../../src/data/index.ts";

/** Items whose every element tells which one they are. */
function itemsOf(lengths: readonly number[]): Items<Int32Array> {
  return idItems(lengths.map((length, index) => new Array(length).fill(index)));
}

const cases = fc.record({
  lengths: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 60 }),
  options: fc.record({
    batchSize: fc.integer({ min: 1, max: 70 }),
    seed: fc.integer({ min: 0, max: 99 }),
    shuffle: fc.boolean(),
    bucketBatches: fc.constantFrom(1, 2, 3, Number.POSITIVE_INFINITY),
  }),
  pass: fc.integer({ min: 0, max: 4 }),
});

const stepsOf = (batches: ItemBatches, pass: number) =>
  Array.from({ length: batches.stepsPerPass }, (_, at) => pass * batches.stepsPerPass + at);

describe("ItemBatches", () => {
  it("has every item exactly once in a pass, in batches of which one may be smaller", () => {
    fc.assert(
      fc.property(cases, ({ lengths, options, pass }) => {
        const batches = new ItemBatches(itemsOf(lengths), options);
        const { batchSize } = options;
        expect(batches.stepsPerPass).toBe(Math.ceil(lengths.length / batchSize));
        const sizes: number[] = [];
        const seen: number[] = [];
        for (const step of stepsOf(batches, pass)) {
          expect(batches.pass(step)).toBe(pass);
          const { indices, weights, weight } = batches.batch(step);
          expect(weights).toEqual(new Float64Array(indices.length).fill(1));
          expect(weight).toBe(indices.length);
          sizes.push(indices.length);
          seen.push(...indices);
        }
        expect(seen.sort((a, b) => a - b)).toEqual(lengths.map((_, index) => index));
        const rest = lengths.length % batchSize;
        expect(sizes.filter((size) => size !== batchSize)).toEqual(rest === 0 ? [] : [rest]);
      }),
    );
  });

  it("is a function of the seed and the step, in whatever order it is asked", () => {
    fc.assert(
      fc.property(cases, fc.array(fc.nat(200), { maxLength: 8 }), ({ lengths, options }, steps) => {
        const one = new ItemBatches(itemsOf(lengths), options);
        for (const step of steps) {
          const fresh = new ItemBatches(itemsOf(lengths), options);
          expect(one.batch(step)).toEqual(fresh.batch(step));
          expect(one.fill(step)).toEqual(fresh.fill(step));
        }
      }),
    );
  });

  it("fills rows with their items, and gives replicas the rows of the whole batch", () => {
    fc.assert(
      fc.property(cases, fc.nat(), fc.nat(), ({ lengths, options, pass }, a, b) => {
        const batches = new ItemBatches(itemsOf(lengths), options);
        for (const step of stepsOf(batches, pass)) {
          const { indices, time } = batches.batch(step);
          expect(time).toBe(Math.max(...[...indices].map((index) => lengths[index])));
          const whole = batches.fill(step);
          expect(whole).toMatchObject({ rows: indices.length, time, features: 1 });
          const expected = [...indices].flatMap((index) =>
            Array.from({ length: time }, (_, t) => (t < lengths[index] ? index : 0)),
          );
          expect([...whole.values]).toEqual(expected);
          expect([...whole.lengths]).toEqual([...indices].map((index) => lengths[index]));
          const [from, to] = [a % (indices.length + 1), b % (indices.length + 1)].sort((x, y) => x - y);
          const part = batches.fill(step, from, to);
          expect(part).toMatchObject({ rows: to - from, time });
          expect(part.values).toEqual(whole.values.slice(from * time, to * time));
          expect(part.lengths).toEqual(whole.lengths.slice(from, to));
        }
      }),
    );
  });

  it("shuffles anew in every pass, and by the seed", () => {
    const items = itemsOf(new Array(50).fill(1));
    const orderOf = (seed: number, pass: number) => {
      const batches = new ItemBatches(items, { batchSize: 50, seed });
      return batches.batch(pass).indices.join();
    };
    const orders = [orderOf(0, 0), orderOf(0, 1), orderOf(0, 2), orderOf(1, 0), orderOf(1, 1)];
    expect(new Set(orders).size).toBe(5);
    expect(orderOf(0, 1)).toBe(orders[1]);
  });

  it("keeps the order without shuffling", () => {
    const batches = new ItemBatches(itemsOf([1, 1, 1, 1, 1]), { batchSize: 2, shuffle: false });
    expect([0, 1, 2, 3].map((step) => [...batches.batch(step).indices])).toEqual([
      [0, 1],
      [2, 3],
      [4],
      [0, 1],
    ]);
  });

  it("puts items of similar length together, and still shuffles", () => {
    const lengths = Array.from({ length: 512 }, (_, index) => 1 + ((index * 7919) % 64));
    const paddingOf = (bucketBatches: number) => {
      const batches = new ItemBatches(itemsOf(lengths), { batchSize: 8, bucketBatches });
      return stepsOf(batches, 0).reduce((sum, step) => {
        const { indices, time } = batches.batch(step);
        return sum + indices.reduce((padding, index) => padding + time - lengths[index], 0);
      }, 0);
    };
    expect(paddingOf(16)).toBeLessThan(0.25 * paddingOf(1));
    expect(paddingOf(Number.POSITIVE_INFINITY)).toBe(0);
    const sorted = new ItemBatches(itemsOf(lengths), { batchSize: 8, bucketBatches: 16 });
    const times = (pass: number) => stepsOf(sorted, pass).map((step) => sorted.batch(step).time);
    expect(times(0)).not.toEqual(times(0).toSorted((a, b) => a - b));
    expect(times(0)).not.toEqual(times(1));
    // Rows are in no order of length within a batch.
    const rows = stepsOf(sorted, 0).map((step) => [...sorted.fill(step).lengths]);
    expect(rows.some((row) => row.join() !== row.toSorted((a, b) => a - b).join())).toBe(true);
  });

  it("meets all orders equally often", () => {
    const counts = new Map<string, number>();
    const batches = new ItemBatches(itemsOf([1, 1, 1]), { batchSize: 3 });
    for (let step = 0; step < 6000; step++) {
      const order = batches.batch(step).indices.join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // 1000 each, with a standard deviation of 29.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it("has weights of items", () => {
    const batches = new ItemBatches(itemsOf([1, 2, 3]), { batchSize: 2, weights: [0.5, 0, 2], seed: 4 });
    for (const step of [0, 1, 2, 3]) {
      const { indices, weights, weight } = batches.batch(step);
      expect([...weights]).toEqual([...indices].map((index) => [0.5, 0, 2][index]));
      expect(weight).toBe(weights.reduce((sum, one) => sum + one, 0));
    }
  });

  it("gives what may be changed without harm", () => {
    const batches = new ItemBatches(itemsOf([1, 2, 3]), { batchSize: 3 });
    const before = [...batches.batch(0).indices];
    batches.batch(0).indices.fill(0);
    batches.fill(0).values.fill(7);
    expect([...batches.batch(0).indices]).toEqual(before);
  });

  const three = itemsOf([1, 2, 3]);
  it.each([
    ["no items", () => new ItemBatches(itemsOf([]), { batchSize: 1 }), "at least one item is needed"],
    [
      "weights for other items",
      () => new ItemBatches(three, { batchSize: 1, weights: [1] }),
      "weights must be one for each of the 3 items, got 1",
    ],
    [
      "half a bucket",
      () => new ItemBatches(three, { batchSize: 1, bucketBatches: 0.5 }),
      "bucketBatches must be an integer of at least 1, or Infinity, got 0.5",
    ],
    [
      "rows beyond the batch",
      () => new ItemBatches(three, { batchSize: 2, shuffle: false }).fill(1, 0, 2),
      "rows 0..2 are not within 0..1",
    ],
    ["a step before the first", () => new ItemBatches(three, { batchSize: 2 }).batch(-1), "step must be"],
  ])("refuses %s", (_, work, message) => {
    expect(work).toThrow(message);
  });
});

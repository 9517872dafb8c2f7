import { describe, expect, it } from "vitest";
import { ItemBatches, idItems } from "../../src/data/index.ts";
import { ShortFirstBatches } from "../../src/data/short-first.ts";

/** Item i has the id i as often as it is long: 1 to 10, five of each length. */
const items = idItems(Array.from({ length: 50 }, (_, i) => new Array(1 + (i % 10)).fill(i)));
const options = { batchSize: 8, seed: 3, bucketBatches: 2 };
const batches = new ShortFirstBatches(items, { passes: 4, ...options });

const stepsOf = (pass: number) => Array.from({ length: 7 }, (_, at) => 7 * pass + at);

describe("ShortFirstBatches", () => {
  it("lets longer items in pass by pass", () => {
    expect(batches.stepsPerPass).toBe(7);
    const longest = [0, 1, 2, 3, 4].map((pass) =>
      Math.max(...stepsOf(pass).map((step) => batches.batch(step).time)),
    );
    expect(longest).toEqual([2, 4, 6, 8, 10]);
    const seen = new Set(stepsOf(1).flatMap((step) => Array.from(batches.batch(step).indices)));
    expect([...seen].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i).filter((i) => i % 10 < 4),
    );
  });

  it("fills the rows with the items that it names, whatever the shares are", () => {
    for (const step of [0, 6, 9, 20, 27, 30]) {
      const { indices, weights, time } = batches.batch(step);
      const whole = batches.fill(step);
      expect(whole.rows).toBe(indices.length);
      expect(weights).toHaveLength(indices.length);
      expect(whole.time).toBe(time);
      expect(Array.from(whole.lengths)).toEqual(Array.from(indices, (index) => items.length(index)));
      expect(Array.from(indices, (_, row) => whole.values[row * time])).toEqual(Array.from(indices));
      const part = batches.fill(step, 1, 2);
      expect(part.values).toEqual(whole.values.subarray(time, 2 * time));
    }
  });

  it("has all items once in later passes, and the same batch for a step in any order of asking", () => {
    const all = new ItemBatches(items, options);
    for (const step of [28, 40]) expect(batches.batch(step)).toEqual(all.batch(step));
    const other = new ShortFirstBatches(items, { passes: 4, ...options });
    for (const step of [30, 3, 12, 2]) expect(other.batch(step)).toEqual(batches.batch(step));
  });
});

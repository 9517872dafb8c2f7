import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupedSplit, type ItemSplit, stratifiedSplit, tailSplit } from "../../src/data/index.ts";

const share = fc.double({ min: 0, max: 0.999, noNaN: true });
const seed = fc.integer({ min: 0, max: 99 });
const labels = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 80 });

function expectParts({ train, validation }: ItemSplit, count: number): void {
  expect([...train]).toEqual([...train].toSorted((a, b) => a - b));
  expect([...validation]).toEqual([...validation].toSorted((a, b) => a - b));
  expect([...train, ...validation].toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: count }, (_, index) => index),
  );
}

const countOf = (all: ArrayLike<number>, items: Iterable<number>, label: number) =>
  [...items].filter((item) => all[item] === label).length;

describe("stratifiedSplit", () => {
  it("takes its share of every label, but never all of it", () => {
    fc.assert(
      fc.property(labels, share, seed, (all, share, seed) => {
        const split = stratifiedSplit(all, share, { seed });
        expectParts(split, all.length);
        for (const label of new Set(all)) {
          const count = all.filter((one) => one === label).length;
          const held = countOf(all, split.validation, label);
          expect(held).toBe(Math.min(count - 1, Math.round(share * count)));
          if (count === 1) expect(held).toBe(0);
        }
        expect(stratifiedSplit(all, share, { seed })).toEqual(split);
      }),
    );
  });

  it("takes other items with another seed, and none for a share of 0", () => {
    const all = new Array(40).fill(3);
    const parts = [0, 1, 2].map((seed) => stratifiedSplit(all, 0.5, { seed }).validation.join());
    expect(new Set(parts).size).toBe(3);
    expect(stratifiedSplit(all, 0).validation).toHaveLength(0);
  });

  it("keeps both parts in shared memory", () => {
    const { train, validation } = stratifiedSplit([0, 0, 1, 1], 0.5);
    for (const part of [train, validation]) expect(part.buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});

describe("groupedSplit", () => {
  const grouped = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 3 })), {
    maxLength: 80,
  });

  it("keeps items of one group on one side, and takes no more than the share", () => {
    fc.assert(
      fc.property(grouped, share, seed, fc.boolean(), (all, share, seed, named) => {
        const groups = all.map(([group]) => (named ? `group ${group}` : group));
        const split = groupedSplit(groups, share, { seed });
        expectParts(split, all.length);
        const inTraining = new Set([...split.train].map((item) => groups[item]));
        for (const item of split.validation) expect(inTraining.has(groups[item])).toBe(false);
        if (all.length > 0) {
          const most = Math.min(all.length - 1, Math.round(share * all.length));
          expect(split.validation.length).toBeLessThanOrEqual(most);
        }
        expect(groupedSplit(groups, share, { seed })).toEqual(split);
      }),
    );
  });

  it("keeps every label's share where groups have one item", () => {
    fc.assert(
      fc.property(labels, share, seed, (all, share, seed) => {
        const groups = all.map((_, index) => index);
        const { validation } = groupedSplit(groups, share, { seed, labels: all });
        for (const label of new Set(all)) {
          const count = all.filter((one) => one === label).length;
          const most = Math.min(count - 1, Math.round(share * count));
          expect(countOf(all, validation, label)).toBe(most);
        }
      }),
    );
  });

  it("misses a label's share by less than its largest group", () => {
    fc.assert(
      fc.property(labels, seed, (sizes, seed) => {
        const groups = sizes.flatMap((size, group) => new Array(size + 1).fill(group));
        fc.pre(groups.length > 0);
        const { validation } = groupedSplit(groups, 0.4, { seed });
        const most = Math.min(groups.length - 1, Math.round(0.4 * groups.length));
        // As soon as no group fits, less than the largest of those that are left is missing.
        expect(validation.length).toBeGreaterThan(most - (Math.max(...sizes) + 1));
      }),
    );
  });

  it("counts a group for the label that most of its items have", () => {
    // Four groups of two, each with one item of label 1 and one of label 0: the lowest of both labels counts.
    const groups = ["a", "a", "b", "b", "c", "c", "d", "d"];
    const split = groupedSplit(groups, 0.5, { labels: [1, 0, 1, 0, 1, 0, 1, 0] });
    expect(split.validation).toHaveLength(4);
  });

  it("refuses labels of other items and what is no group", () => {
    expect(() => groupedSplit([1, 2], 0.5, { labels: [0] })).toThrow(
      "labels must be one for each of the 2 items, got 1",
    );
    expect(() => groupedSplit([1, null as never], 0.5)).toThrow(
      "groups must be a text or a number each, got null at position 1",
    );
  });
});

describe("tailSplit", () => {
  it("takes the end", () => {
    fc.assert(
      fc.property(fc.nat(60), share, (count, share) => {
        const split = tailSplit(count, share);
        expectParts(split, count);
        expect(split.validation).toHaveLength(Math.floor(share * count));
        if (split.validation.length > 0) expect(split.train.at(-1)! + 1).toBe(split.validation[0]);
      }),
    );
  });

  it("refuses a share of all", () => {
    expect(() => tailSplit(5, 1)).toThrow("tailSplit: share must be at least 0 and below 1, got 1");
  });
});

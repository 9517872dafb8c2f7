import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameItems, Items, idItems, padItems } from "../../src/data/index.ts";

const lists = fc.array(fc.array(fc.nat(), { minLength: 1, maxLength: 9 }), { maxLength: 20 });

describe("Items", () => {
  it("hold ids of unequal length, in shared memory", () => {
    fc.assert(
      fc.property(lists, (all) => {
        const items = idItems(all);
        expect(items.count).toBe(all.length);
        expect(items.features).toBe(1);
        expect(items.longest).toBe(Math.max(0, ...all.map(({ length }) => length)));
        for (const [index, list] of all.entries()) {
          expect(items.length(index)).toBe(list.length);
          expect([...items.item(index)]).toEqual(list);
        }
        for (const part of [items.store.values, items.store.starts, items.store.lengths]) {
          expect(part.buffer).toBeInstanceOf(SharedArrayBuffer);
        }
      }),
    );
  });

  it("hold frames", () => {
    const items = frameItems([[1, 2, 3, 4], Float32Array.of(0.5, -0.5), [5, 6, 7, 8, 9, 10]], 2);
    expect([items.length(0), items.length(1), items.length(2)]).toEqual([2, 1, 3]);
    expect([...items.item(1)]).toEqual([0.5, -0.5]);
    expect([...items.item(2)]).toEqual([5, 6, 7, 8, 9, 10]);
  });

  it("come from any iterable", () => {
    function* generated() {
      yield [1];
      yield [2, 3];
    }
    expect([...idItems(generated()).item(1)]).toEqual([2, 3]);
  });

  it("go to another thread without a copy", () => {
    const items = idItems([[1, 2], [3]]);
    const received = new Items(structuredClone(items.store));
    expect([...received.item(0)]).toEqual([1, 2]);
    items.item(0)[0] = 9;
    expect([...received.item(0)]).toEqual([9, 2]);
  });

  it("have subsets in any order that share the elements", () => {
    const items = idItems([[1, 2], [3], [4, 5, 6]]);
    const subset = items.subset([2, 0, 2]);
    expect([0, 1, 2].map((index) => [...subset.item(index)])).toEqual([
      [4, 5, 6],
      [1, 2],
      [4, 5, 6],
    ]);
    expect(subset.store.values).toBe(items.store.values);
    expect(items.subset([1]).longest).toBe(1);
  });

  const ints = (...values: number[]) => Int32Array.from(values);
  const store = { values: ints(1, 2, 3), starts: ints(0, 1), lengths: ints(1, 2), features: 1 };

  it.each([
    ["an item without elements", () => idItems([[1], []]), "idItems: item 1 has no elements"],
    [
      "what is no id",
      () => idItems([[1], [2, -3]]),
      "position 1 of item 1 must be an integer from 0 to 2147483647, got -3",
    ],
    [
      "what is no number of a frame",
      () => frameItems([[1, Number.NaN]], 2),
      "position 1 of item 0 must be a finite number, got NaN",
    ],
    ["a number too large for 32 bits", () => frameItems([[1e300]], 1), "must be a finite number, got 1e+300"],
    [
      "part of a frame",
      () => frameItems([[1, 2, 3]], 2),
      "item 0 must hold whole frames of 2 numbers, got 3",
    ],
    [
      "a text",
      () => idItems("abc" as never),
      'idItems: lists must be an array or another iterable, got "abc"',
    ],
    ["an index of no item", () => idItems([[1]]).item(1), "index must be an integer in [0, 1), got 1"],
    ["a subset of no item", () => idItems([[1]]).subset([0, 1]), "in [0, 1), got 1 at position 1"],
    [
      "an item beyond the elements",
      () => new Items({ ...store, lengths: ints(1, 3) }),
      "item 1 must lie within the 3 elements and have at least one, got 3 from 1 on",
    ],
    ["arrays of two sizes", () => new Items({ ...store, starts: ints(0) }), "of one size, got 1 and 2"],
    [
      "ids of several numbers",
      () => new Items({ ...store, features: 2 }),
      "features must be 1 for ids, got 2",
    ],
  ])("refuse %s", (_, work, message) => {
    expect(work).toThrow(message);
  });
});

describe("padItems", () => {
  it("fills rows up with zeros", () => {
    const padded = padItems(idItems([[1, 2], [3], [4, 5, 6]]), [1, 2]);
    expect(padded).toEqual({
      values: Int32Array.of(3, 0, 0, 4, 5, 6),
      lengths: Int32Array.of(1, 3),
      ...{ rows: 2, time: 3, features: 1 },
    });
    expect(padItems(idItems([[1, 2]]), [0], { time: 4 }).values).toEqual(Int32Array.of(1, 2, 0, 0));
  });

  it("fills frames up", () => {
    const padded = padItems(
      frameItems(
        [
          [1, 2, 3, 4],
          [5, 6],
        ],
        2,
      ),
      [1, 0],
    );
    expect(padded.values).toEqual(Float32Array.of(5, 6, 0, 0, 1, 2, 3, 4));
    expect(padded.time).toBe(2);
  });

  it("makes no rows of no items", () => {
    expect(padItems(idItems([[1]]), [])).toMatchObject({ rows: 0, time: 0 });
  });

  it("refuses a row that is too short", () => {
    expect(() => padItems(idItems([[1], [1, 2, 3]]), [0, 1], { time: 2 })).toThrow(
      "time must be at least 3, the length of item 1, got 2",
    );
  });
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { frameItems } from "../../src/data/items.ts";
import { applyScaling, fitScaling, scalingFromJSON } from "../../src/data/scaling.ts";

test("mean and deviation are those of a plain computation, over items of unequal length", () => {
  const items = frameItems(
    [
      [1, 10, 2, 10],
      [6, 10],
    ],
    2,
  );
  const { mean, deviation } = fitScaling(items);
  expect(mean).toEqual([3, 10]);
  expect(deviation[0]).toBeCloseTo(Math.sqrt((4 + 1 + 9) / 3), 12);
  // The second feature is the same everywhere.
  expect(deviation[1]).toBe(1);
  const scaled = applyScaling(items, { mean, deviation });
  expect(scaled.item(1)[0]).toBeCloseTo(3 / deviation[0], 6);
  expect(scaled.item(1)[1]).toBe(0);
});

test("only the items of a subset count, though they share their memory with others", () => {
  const items = frameItems([[1], [3], [1000]], 1);
  expect(fitScaling(items.subset([0, 1])).mean).toEqual([2]);
});

test("scaled items have mean 0 and deviation 1, whatever their offset", () => {
  const number = fc.integer({ min: -1000, max: 1000 });
  const lists = fc.array(fc.array(number, { minLength: 1, maxLength: 9 }), { minLength: 2, maxLength: 9 });
  fc.assert(
    fc.property(lists, (all) => {
      const items = frameItems(all, 1);
      const again = fitScaling(applyScaling(items, fitScaling(items)));
      const isConstant = again.deviation[0] === 1 && new Set(all.flat()).size === 1;
      expect(Math.abs(again.mean[0])).toBeLessThan(1e-5);
      if (!isConstant) expect(again.deviation[0]).toBeCloseTo(1, 5);
    }),
  );
});

test("a feature that is the same everywhere stays finite, though its sum was rounded", () => {
  const items = frameItems([Array.from({ length: 1001 }, () => 0.1)], 1);
  expect(fitScaling(items).deviation).toEqual([1]);
});

test("it survives JSON, and what is no scaling is refused", () => {
  const scaling = fitScaling(frameItems([[1, 2, 4]], 1));
  expect(scalingFromJSON(JSON.parse(JSON.stringify(scaling)))).toEqual(scaling);
  const read = (value: unknown) => () => scalingFromJSON(value, "run.json: scaling");
  expect(read({ mean: [1], deviation: [0] })).toThrow(
    "run.json: scaling: deviation must be a list of finite",
  );
  expect(read({ mean: [1], deviation: [1, 2] })).toThrow("must be of one size above 0, got 1 and 2");
  expect(read({ mean: [null], deviation: [1] })).toThrow("mean must be");
  expect(read(null)).toThrow("must be an object");
  expect(() => applyScaling(frameItems([[1]], 1), { mean: [1, 2], deviation: [1, 1] })).toThrow(
    "must be of 1 features",
  );
});

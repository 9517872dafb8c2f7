import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/core/index.ts";
import {
  type SequenceArraysOptions,
  sequencesFromArrays,
  sortLabels,
} from "../../src/data/sequence-arrays.ts";
import type { NpyValues } from "../../src/io/npy.ts";
import { parseNpz, writeNpz } from "../../src/io/npz.ts";

type Arrays = Record<string, [shape: number[], values: NpyValues | number[]]>;

function read(arrays: Arrays, options: Partial<SequenceArraysOptions> = {}) {
  const listed = Object.entries(arrays).map(([name, [shape, values]]) => {
    const isNumbers = Array.isArray(values) && typeof values[0] === "number";
    return [
      name,
      { shape, values: isNumbers ? Float64Array.from(values as number[]) : (values as NpyValues) },
    ] as const;
  });
  const file = parseNpz(writeNpz(new Map(listed)), "d.npz");
  return sequencesFromArrays(file, { name: "d.npz", labels: "sequence", ...options });
}

describe("sequencesFromArrays", () => {
  test("reads steps in turn with lengths", () => {
    const found = read({
      x: [
        [3, 2],
        [1, 2, 3, 4, 5, 6],
      ],
      lengths: [[2], [2, 1]],
      y: [[2], [7, 0]],
      groups: [[2], ["p", "q"]],
      features: [[2], ["left", "right"]],
    });
    expect([...found.items.item(0)]).toEqual([1, 2, 3, 4]);
    expect([...found.items.item(1)]).toEqual([5, 6]);
    expect(found.labels).toEqual(["7", "0"]);
    expect(found.groups).toEqual(["p", "q"]);
    expect(found.features).toEqual(["left", "right"]);
    expect(found.placeOf(1)).toBe("d.npz: sequence 1");
  });

  test("reads padded sequences, and labels of steps, of which negative ones are none", () => {
    const found = read(
      {
        x: [
          [2, 2, 1],
          [1, 2, 3, 9],
        ],
        lengths: [[2], [2, 1]],
        y: [
          [2, 2],
          [4, -1, 5, 6],
        ],
      },
      { labels: "step" },
    );
    expect([...found.items.item(1)]).toEqual([3]);
    expect(found.labels).toEqual(["4", "", "5"]);
    expect(found.features).toEqual(["0"]);
  });

  test("takes the names of classes and of sequences from the file", () => {
    const found = read(
      {
        x: [
          [2, 2, 1],
          [1, 2, 3, 4],
        ],
        y: [
          [2, 2],
          [1, -1, 0, 1],
        ],
        classes: [[2], ["rest", "walk"]],
        names: [[2], ["s1", "s2"]],
      },
      { labels: "step" },
    );
    expect(found.labels).toEqual(["walk", "", "rest", "walk"]);
    expect(found.names).toEqual(["s1", "s2"]);
  });

  test("takes each row as a sequence of one step where there are no lengths", () => {
    const found = read({
      x: [
        [2, 2],
        [1, 2, 3, 4],
      ],
    });
    expect([...found.items.store.lengths]).toEqual([1, 1]);
    expect(found.labels).toBeUndefined();
  });

  const x: Arrays[string] = [
    [3, 1],
    [1, 2, 3],
  ];
  const lengths: Arrays[string] = [[2], [2, 1]];
  test.each<[string, Arrays, Partial<SequenceArraysOptions>, string]>([
    [
      "no x",
      { y: [[1], [1]] },
      {},
      "d.npz: the arrays must be x, lengths, y, classes, groups, names, features, of which x is needed",
    ],
    ["an unknown array", { x, z: [[1], [1]] }, {}, "got 'x', 'z'"],
    ["four axes", { x: [[1, 1, 1, 1], [1]] }, {}, "x: must be numbers [sequences, steps, features]"],
    ["text", { x: [[1, 1], ["a"]] }, {}, "got str [1, 1]"],
    ["no elements", { x: [[0, 4], new Float32Array(0)] }, {}, "got float32 [0, 4]"],
    ["a length of 0", { x, lengths: [[2], [3, 0]] }, {}, "lengths: sequence 1 must have 1 to 3 steps, got 0"],
    [
      "a length of NaN",
      { x, lengths: [[1], [Number.NaN]] },
      {},
      "sequence 0 must have 1 to 3 steps, got NaN",
    ],
    ["lengths that are too short", { x, lengths: [[1], [2]] }, {}, "lengths: add up to 2, but x has 3 steps"],
    [
      "another count",
      {
        x: [
          [1, 3, 1],
          [1, 2, 3],
        ],
        lengths,
      },
      {},
      "one number per sequence, [1], got float64 [2]",
    ],
    [
      "labels that do not match",
      { x, lengths, y: [[3], [1, 2, 3]] },
      {},
      "one value per sequence, [2], got float64 [3]",
    ],
    [
      "labels of steps that do not match",
      { x, lengths, y: [[2], [1, 2]] },
      { labels: "step" },
      "per step, [3], got",
    ],
    [
      "a label that is no integer",
      { x, lengths, y: [[2], [1, 1.5]] },
      {},
      "y: must be integers or texts, got 1.5",
    ],
    [
      "a label beyond the classes",
      { x, lengths, y: [[2], [0, 1]], classes: [[1], ["a"]] },
      {},
      "y: must be integers below 1, the number of classes, got 1",
    ],
    [
      "a label that is no class",
      { x, lengths, y: [[2], ["a", "b"]], classes: [[1], ["a"]] },
      {},
      "y: must be one of the classes, got 'b'",
    ],
    [
      "classes that are no names",
      { x, lengths, y: [[2], [0, 1]], classes: [[2], [1, 2]] },
      {},
      "classes: must be a list of names, got float64 [2]",
    ],
    ["no label", { x, lengths, y: [[2], [1, -1]] }, {}, "y: sequence 1 has no value"],
    [
      "NaN",
      {
        x: [
          [3, 1],
          [1, 2, Number.NaN],
        ],
        lengths,
      },
      {},
      "x: sequence 1, step 0, feature 0 must be finite",
    ],
    ["1e39", { x: [[1, 1], [1e39]] }, {}, "must be finite in 32 bits, got 1e+39"],
    ["other features", { x }, { features: ["a", "b"] }, "x: must have the 2 features of the model, got 1"],
    [
      "features of other names",
      { x, features: [[1], ["b"]] },
      { features: ["a"] },
      "must be those of the model, 'a', got 'b'",
    ],
  ])("refuses %s", (_, arrays, options, message) => {
    expect(() => read(arrays, options)).toThrow(FormatError);
    expect(() => read(arrays, options)).toThrow(message);
  });
});

test("labels are in the order of their numbers, or of their characters", () => {
  expect(sortLabels(["10", "2", "", "2", "0"])).toEqual(["0", "2", "10"]);
  expect(sortLabels(["10", "2", "b", "a", "😀", "￥"])).toEqual(["10", "2", "a", "b", "￥", "😀"]);
});

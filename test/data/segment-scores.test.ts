import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runJob } from "../../src/core/job.ts";
import { lookaheadSequences } from "../../src/data/lookahead.ts";
import { movingShapes } from "../../src/data/moving-shapes.ts";
import {
  areEntityTags,
  countEqual,
  editScore,
  entitiesOf,
  matchSegments,
  type Segment,
  segmentsOf,
} from "../../src/data/segment-scores.ts";
import { softmaxRegressionJob } from "../../src/data/softmax-regression.ts";
import { TagScorer } from "../../src/data/tag-scores.ts";

const segments = (text: string) =>
  segmentsOf(Array.from(text, (one) => (one === "." ? -1 : one.charCodeAt(0) - 97)));

/** The Levenshtein distance by its whole table (Wagner and Fischer 1974). */
function plainDistance(one: readonly Segment[], other: readonly Segment[]): number {
  let row = Array.from({ length: other.length + 1 }, (_, j) => j);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const replaced = row[j - 1] + Number(one[i - 1].label !== other[j - 1].label);
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, replaced));
    }
    row = next;
  }
  return row[other.length];
}

function plainMatches(truth: readonly Segment[], predicted: readonly Segment[]): number {
  const isFound = new Set<number>();
  for (const { label, start, end } of predicted) {
    const shares = truth.map((other) => {
      const shared = Math.min(end, other.end) - Math.max(start, other.start);
      return other.label === label ? shared / (Math.max(end, other.end) - Math.min(start, other.start)) : 0;
    });
    const best = shares.indexOf(shares.reduce((a, b) => Math.max(a, b), 0));
    if (best >= 0 && shares[best] >= 0.5) isFound.add(best);
  }
  return isFound.size;
}

describe("segments", () => {
  it("are runs of one label; a step without one ends them", () => {
    expect(segments("aab.bb")).toEqual([
      { label: 0, start: 0, end: 2 },
      { label: 1, start: 2, end: 3 },
      { label: 1, start: 4, end: 6 },
    ]);
    expect(segments("")).toEqual([]);
    expect(segments("..")).toEqual([]);
  });

  it("have an edit score that only knows their order", () => {
    expect(editScore(segments("aabbcc"), segments("abbbbc"))).toBe(1);
    expect(editScore(segments("abc"), segments("ac"))).toBeCloseTo(2 / 3, 12);
    // Over-segmentation: three segments too many among five.
    expect(editScore(segments("aaaabbbb"), segments("abababbb"))).toBeCloseTo(1 - 4 / 6, 12);
    expect(editScore(segments("aaa"), segments("bbb"))).toBe(0);
    expect(editScore([], [])).toBe(1);
  });

  it("have the edit score of the whole table, whatever their number is", () => {
    const labels = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 150 });
    fc.assert(
      fc.property(labels, labels, (one, other) => {
        const [truth, predicted] = [segmentsOf(one), segmentsOf(other)];
        const longest = Math.max(truth.length, predicted.length);
        const expected = longest === 0 ? 1 : 1 - plainDistance(truth, predicted) / longest;
        expect(editScore(truth, predicted)).toBe(expected);
      }),
      { numRuns: 200 },
    );
  });

  it("match as in a search through all of them", () => {
    const segment = fc
      .record({ label: fc.nat({ max: 2 }), start: fc.nat({ max: 30 }), size: fc.integer({ min: 1, max: 8 }) })
      .map(({ label, start, size }) => ({ label, start, end: start + size }));
    const labels = fc.array(fc.integer({ min: -1, max: 2 }), { maxLength: 60 }).map(segmentsOf);
    const lists = fc.oneof(labels, fc.array(segment, { maxLength: 20 }));
    fc.assert(
      fc.property(lists, lists, (truth, predicted) => {
        expect(matchSegments(truth, predicted).found).toBe(plainMatches(truth, predicted));
      }),
      { numRuns: 300 },
    );
  });

  // With a table of all pairs it takes minutes.
  it("are scored in sequences of 100,000 steps", { timeout: 30_000 }, () => {
    const labels = (factor: number) =>
      Int32Array.from({ length: 100_000 }, (_, t) => (Math.imul(t + 1, factor) >>> 20) % 8);
    const [truth, predicted] = [segmentsOf(labels(2_654_435_761)), segmentsOf(labels(2_246_822_519))];
    expect(truth.length).toBeGreaterThan(80_000);
    expect(editScore(truth, predicted)).toBeGreaterThan(0.2);
    const { found, missed } = matchSegments(truth, predicted);
    expect(found + missed).toBe(truth.length);
  });

  it("match where they overlap by half, each once", () => {
    expect(matchSegments(segments("aaaabbbb"), segments("aaaabbbb"))).toEqual({
      found: 2,
      spurious: 0,
      missed: 0,
    });
    // a: 2 of 4 steps; b: 4 of 6.
    expect(matchSegments(segments("aaaabbbb"), segments("aabbbbbb"))).toEqual({
      found: 2,
      spurious: 0,
      missed: 0,
    });
    // a: 1 of 4 steps.
    expect(matchSegments(segments("aaaabbbb"), segments("abbbbbbb"))).toEqual({
      found: 1,
      spurious: 1,
      missed: 1,
    });
    // Two halves of one segment: the second finds what is found already.
    expect(matchSegments(segments("aaaaaaaab"), segments("aaaa.aaab"))).toEqual({
      found: 2,
      spurious: 1,
      missed: 0,
    });
    expect(matchSegments(segments("aaaab"), segments("aaabb"), 0.9)).toEqual({
      found: 0,
      spurious: 2,
      missed: 2,
    });
  });
});

describe("entities", () => {
  const NAMES = ["O", "B-X", "I-X", "B-Y", "I-Y", "E-X", "S-X"];
  const shown = (tags: string) =>
    entitiesOf(
      tags.split(" ").map((tag) => NAMES.indexOf(tag)),
      NAMES,
    ).map(({ label, start, end }) => `${label}:${start}-${end}`);

  it.each([
    ["B-X I-X O B-Y", ["1:0-2", "2:3-4"]],
    // As conlleval: I- begins an entity after O and after another type.
    ["I-X I-X O I-Y", ["1:0-2", "2:3-4"]],
    ["I-X I-Y", ["1:0-1", "2:1-2"]],
    ["B-X I-Y", ["1:0-1", "2:1-2"]],
    ["B-X B-X", ["1:0-1", "1:1-2"]],
    ["B-X E-X I-X", ["1:0-2", "1:2-3"]],
    ["S-X S-X I-X O", ["1:0-1", "1:1-2", "1:2-3"]],
    ["O O", []],
  ])("of %s are those of conlleval", (tags, expected) => {
    expect(shown(tags)).toEqual(expected);
  });

  it("come back from the tags that any entities are written in", () => {
    const parts = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 4 })));
    fc.assert(
      fc.property(parts, (list) => {
        const tags: number[] = [];
        const expected: object[] = [];
        for (const [type, length] of list) {
          if (type > 0) expected.push({ label: type, start: tags.length, end: tags.length + length });
          for (let at = 0; at < length; at++) tags.push(type === 0 ? 0 : 2 * type - (at === 0 ? 1 : 0));
        }
        expect(entitiesOf(tags, NAMES.slice(0, 5))).toEqual(expected);
      }),
    );
  });

  it("are recognised by their tags", () => {
    expect(areEntityTags(["O", "B-PER", "I-PER"])).toBe(true);
    expect(areEntityTags(["O"])).toBe(false);
    expect(areEntityTags(["O", "B-PER", "walk"])).toBe(false);
    expect(areEntityTags(["E-x", "S-x"])).toBe(false);
  });
});

describe("the scores of a tagger", () => {
  it("leave steps without a label out, and add up over parts", () => {
    const scorer = new TagScorer(["O", "B-X", "I-X"]);
    const whole = new Float64Array(scorer.width);
    const parts = [new Float64Array(scorer.width), new Float64Array(scorer.width)];
    const rows: [number[], number[]][] = [
      [
        [0, 1, 2, -1, 0],
        [0, 1, 2, 1, 1],
      ],
      [
        [1, -1],
        [1, 2],
      ],
      [[-1], [0]],
    ];
    for (const [at, [truth, predicted]] of rows.entries()) {
      scorer.add(whole, truth, predicted);
      scorer.add(parts[at % 2], truth, predicted);
    }
    expect(Array.from(parts[0], (value, at) => value + parts[1][at])).toEqual([...whole]);
    const { accuracy, macroF1, edit, entityF1, segmentF1 } = scorer.score(whole);
    expect(accuracy).toBeCloseTo(4 / 5, 12);
    // O: 1 of 1 predicted, 1 of 2 there; B-X: 2 of 3, 2 of 2; I-X: 1 of 1.
    expect(macroF1).toBeCloseTo((2 / 3 + 4 / 5 + 1) / 3, 12);
    expect(edit).toBeCloseTo((3 / 4 + 1) / 2, 12);
    expect(segmentF1).toBeCloseTo(8 / 10, 12);
    // Of two entities both are found, and one more.
    expect(entityF1).toBeCloseTo(4 / 5, 12);
    expect(scorer.steps(whole)).toBe(5);
    expect(new TagScorer(["a", "b"]).score(new Float64Array(16)).entityF1).toBeUndefined();
  });

  it("count equal entities by place and type", () => {
    expect(countEqual(segments("aab"), segments("aac"))).toBe(1);
  });
});

describe("made sequences", () => {
  it("have the label ahead, and none at the end", () => {
    const { symbols, labels, names } = lookaheadSequences({
      sequences: 3,
      length: 6,
      symbols: 4,
      ahead: 2,
      seed: 5,
    });
    expect(names).toEqual(["a", "b", "c", "d"]);
    for (const [at, own] of symbols.entries()) {
      expect([...labels[at]]).toEqual([...own.slice(2), -1, -1]);
    }
    expect(() => lookaheadSequences({ sequences: 1, length: 2, ahead: 9 })).toThrow(/less than length/);
  });

  it("show the motion between two frames, of which a single one says nothing", () => {
    const { actions, pixels, labels, size } = movingShapes({ videos: 4, noise: 0, seed: 3 });
    expect([...new Set(labels.flatMap((list) => [...list]))].sort((a, b) => a - b)).toEqual([
      -1, 0, 1, 2, 3, 4,
    ]);
    for (const [at, video] of pixels.entries()) {
      for (let t = 1; t < 40; t++) {
        const [before, now] = [t - 1, t].map((frame) =>
          video.subarray(frame * size * size, (frame + 1) * size * size),
        );
        const name = actions[labels[at][t]];
        const [down, right] = { rest: [0, 0], left: [0, -2], right: [0, 2], up: [-2, 0], down: [2, 0] }[
          name
        ]!;
        const moved = before.map((_, place) => {
          const [row, column] = [Math.floor(place / size), place % size];
          return before[((row - down + size) % size) * size + ((column - right + size) % size)];
        });
        expect([...now]).toEqual([...moved]);
      }
    }
  });
});

it("softmax regression finds a linear rule, and refuses what does not fit", () => {
  const count = 300;
  const values = Float32Array.from({ length: 2 * count }, (_, at) => Math.sin(at * 12.9898));
  const labels = Array.from({ length: count }, (_, at) => (values[2 * at] > values[2 * at + 1] ? 1 : 0));
  const model = runJob(softmaxRegressionJob({ values, features: 2, labels }, 2));
  const logits = new Float64Array(2);
  const right = labels.filter((label, at) => {
    model.logits(values, 2 * at, logits);
    return (logits[1] > logits[0] ? 1 : 0) === label;
  });
  expect(right.length / count).toBeGreaterThan(0.95);
  expect(() => runJob(softmaxRegressionJob({ values, features: 3, labels }, 2))).toThrow("got 600 for 300");
  expect(() => runJob(softmaxRegressionJob({ values, features: 2, labels }, 1))).toThrow(
    "integers in [0, 1)",
  );
});

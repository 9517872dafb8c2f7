import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runJob } from "../../src/core/index.ts";
import {
  classificationMetrics,
  confusionMatrix,
  idItems,
  majorityBaseline,
  naiveBayesBaseline,
  naiveBayesBaselineJob,
} from "../../src/data/index.ts";

const K = 4;
const pairs = fc.array(fc.tuple(fc.nat(K - 1), fc.nat(K - 1)), { maxLength: 60 });

describe("classificationMetrics", () => {
  it("has the figures of scikit-learn's documentation", () => {
    // sklearn.metrics.precision_recall_fscore_support, f1_score and accuracy_score, their examples.
    const labels = [0, 1, 2, 0, 1, 2];
    const predictions = [0, 2, 1, 0, 0, 1];
    const metrics = classificationMetrics(confusionMatrix(labels, predictions, 3), 3);
    expect(metrics.macroF1).toBeCloseTo(0.26666, 4);
    expect(metrics.accuracy).toBeCloseTo(2 / 6, 12);
    expect(metrics.classes.map(({ precision }) => precision)).toEqual([2 / 3, 0, 0]);
    expect(metrics.classes.map(({ recall }) => recall)).toEqual([1, 0, 0]);
    expect(metrics.classes.map(({ f1 }) => f1)).toEqual([0.8, 0, 0]);
  });

  it("counts 0 by 0 as 0, and leaves out of the mean what neither occurs nor is predicted", () => {
    // Class 1 is never predicted, class 2 does not occur, class 3 neither.
    const metrics = classificationMetrics(confusionMatrix([0, 0, 1], [0, 2, 0], 4), 4);
    expect(metrics.classes).toEqual([
      { precision: 0.5, recall: 0.5, f1: 0.5, support: 2 },
      { precision: 0, recall: 0, f1: 0, support: 1 },
      { precision: 0, recall: 0, f1: 0, support: 0 },
      { precision: 0, recall: 0, f1: 0, support: 0 },
    ]);
    expect(metrics.macroF1).toBeCloseTo(0.5 / 3, 12);
    expect(classificationMetrics(new Float64Array(4), 2)).toMatchObject({
      items: 0,
      accuracy: 0,
      macroF1: 0,
    });
  });

  it("agrees with counting over the items", () => {
    fc.assert(
      fc.property(pairs, (all) => {
        const [labels, predictions] = [all.map(([label]) => label), all.map(([, prediction]) => prediction)];
        const metrics = classificationMetrics(confusionMatrix(labels, predictions, K), K);
        const count = (fits: (label: number, prediction: number) => boolean) =>
          all.filter(([label, prediction]) => fits(label, prediction)).length;
        expect(metrics.items).toBe(all.length);
        if (all.length > 0) {
          expect(metrics.accuracy).toBeCloseTo(
            count((label, prediction) => label === prediction) / all.length,
          );
        }
        for (const [k, { precision, recall, f1, support }] of metrics.classes.entries()) {
          const right = count((label, prediction) => label === k && prediction === k);
          expect(support).toBe(count((label) => label === k));
          expect(recall).toBeCloseTo(right / (support || 1), 12);
          expect(precision).toBeCloseTo(right / (count((_, prediction) => prediction === k) || 1), 12);
          if (precision + recall === 0) expect(f1).toBe(0);
          else expect(f1).toBeCloseTo((2 * precision * recall) / (precision + recall), 12);
        }
      }),
    );
  });

  it("takes sums of parts, in any scale", () => {
    const confusion = confusionMatrix([0, 1, 1], [0, 1, 0], 2);
    const metrics = classificationMetrics(confusion, 2);
    const scaled = classificationMetrics(
      confusion.map((count) => 0.5 * count),
      2,
    );
    expect(scaled.accuracy).toBe(metrics.accuracy);
    expect(scaled.macroF1).toBeCloseTo(metrics.macroF1, 12);
  });

  it.each([
    ["another size", [1, 2, 3], "must hold 2 x 2 numbers, got 3"],
    ["a count below 0", [1, 2, -3, 4], "at least 0 each, got -3 at position 2"],
    ["NaN", [1, 2, 3, Number.NaN], "got NaN at position 3"],
  ])("refuses %s", (_, confusion, message) => {
    expect(() => classificationMetrics(confusion, 2)).toThrow(message);
  });

  it("refuses predictions of other items", () => {
    expect(() => confusionMatrix([0], [0, 1], 2)).toThrow("one for each of the 1 labels, got 2");
    expect(() => confusionMatrix([2], [0], 2)).toThrow(
      "labels must be integers in [0, 2), got 2 at position 0",
    );
  });
});

describe("majorityBaseline", () => {
  it("predicts the most frequent class, and knows what the frequencies are worth", () => {
    const baseline = majorityBaseline([1, 1, 2, 0], [1, 1, 0, 2], 4);
    expect(baseline.label).toBe(1);
    expect(baseline.metrics.accuracy).toBe(0.5);
    expect(baseline.metrics.macroF1).toBeCloseTo((2 * 2) / (4 + 2) / 3, 12);
    const losses = [3 / 8, 3 / 8, 2 / 8, 2 / 8].map((p) => -Math.log(p));
    expect(baseline.loss).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / 4, 12);
  });

  it("takes the lowest of several", () => {
    expect(majorityBaseline([2, 1, 2, 1], [0], 3).label).toBe(1);
    expect(majorityBaseline([], [0], 3).label).toBe(0);
  });

  it("refuses to judge by nothing", () => {
    expect(() => majorityBaseline([0], [], 2)).toThrow("at least one label");
  });
});

describe("naiveBayesBaseline", () => {
  /** The formula as it stands, with n-grams as texts. */
  function byTheBook(
    train: readonly [string, number][],
    text: string,
    { classes, order, smoothing }: { classes: number; order: number; smoothing: number },
  ): number[] {
    const ngramsOf = (item: string) => {
      const padded = `^${item}^`;
      return Array.from(padded, (_, at) =>
        Array.from({ length: Math.min(order, padded.length - at) }, (_, n) => padded.slice(at, at + n + 1)),
      ).flat();
    };
    const all = new Set(train.flatMap(([item]) => ngramsOf(item)));
    return Array.from({ length: classes }, (_, k) => {
      const own = train.filter(([, label]) => label === k);
      const grams = own.flatMap(([item]) => ngramsOf(item));
      const prior = Math.log((own.length + 1) / (train.length + classes));
      return ngramsOf(text)
        .filter((gram) => all.has(gram))
        .reduce((sum, gram) => {
          const count = grams.filter((other) => other === gram).length;
          return sum + Math.log((count + smoothing) / (grams.length + smoothing * all.size));
        }, prior);
    });
  }

  const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 6 });
  const labelled = fc.array(fc.tuple(text, fc.nat(2)), { minLength: 1, maxLength: 12 });
  const items = (all: readonly [string, number][]) => ({
    items: idItems(all.map(([item]) => Array.from(item, (letter) => letter.charCodeAt(0)))),
    labels: all.map(([, label]) => label),
  });

  it("predicts what the formula says", () => {
    fc.assert(
      fc.property(labelled, labelled, fc.integer({ min: 1, max: 5 }), (train, valid, order) => {
        const options = { order, smoothing: 0.5 };
        const { confusion } = naiveBayesBaseline(items(train), items(valid), 3, options);
        const expected = valid.map(([item]) => byTheBook(train, item, { classes: 3, ...options }));
        // Where two classes are equal but for the order of additions, either may be predicted.
        const isClear = expected.every((scores) => {
          const [first, second] = scores.toSorted((a, b) => b - a);
          return first - second > 1e-9;
        });
        fc.pre(isClear);
        const predictions = expected.map((scores) => scores.indexOf(Math.max(...scores)));
        expect(confusion).toEqual(
          confusionMatrix(
            valid.map(([, label]) => label),
            predictions,
            3,
          ),
        );
      }),
    );
  });

  it("tells words by their letters and their order", () => {
    const train = items([
      ...["abab", "baba", "abba", "ab"].map((word): [string, number] => [word, 0]),
      ...["cdcd", "dcdc", "cdc", "dc"].map((word): [string, number] => [word, 1]),
      ...["aabb", "aaab", "abbb", "aab"].map((word): [string, number] => [word, 2]),
    ]);
    const { metrics } = naiveBayesBaseline(
      train,
      items([
        ["ababab", 0],
        ["cdcdcd", 1],
        ["aabbb", 2],
      ]),
      3,
    );
    expect(metrics.accuracy).toBe(1);
  });

  it("pauses often, with the same result", () => {
    const many = items(Array.from({ length: 3000 }, (_, at) => ["abcabcabc".slice(at % 7), at % 3]));
    const job = naiveBayesBaselineJob(many, many, 3);
    let pauses = 0;
    for (let next = job.next(); !next.done; next = job.next()) pauses++;
    expect(pauses).toBeGreaterThan(4);
    expect(runJob(naiveBayesBaselineJob(many, many, 3))).toEqual(naiveBayesBaseline(many, many, 3));
  });

  const one = items([["a", 0]]);
  it.each([
    [
      "labels of other items",
      () => naiveBayesBaseline({ ...one, labels: [] }, one, 2),
      "train.labels must be one",
    ],
    [
      "a label that is no class",
      () => naiveBayesBaseline(one, { ...one, labels: [2] }, 2),
      "in [0, 2), got 2",
    ],
    ["nothing to judge by", () => naiveBayesBaseline(one, items([]), 2), "at least one item"],
    [
      "order 0",
      () => naiveBayesBaseline(one, one, 2, { order: 0 }),
      "order must be an integer from 1 to 8, got 0",
    ],
  ])("refuses %s", (_, work, message) => {
    expect(work).toThrow(message);
  });
});

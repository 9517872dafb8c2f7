import { describe, expect, it } from "vitest";
import {
  idItems,
  type LabelledText,
  naiveBayesBaseline,
  negationSentences,
  oneFactQuestions,
  runningSums,
} from "../../src/data/index.ts";
import { findSet, SET_NAMES } from "../../src/data/labelled-sets.ts";

function countLabels(texts: readonly LabelledText[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { label } of texts) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/** What naive Bayes over n-grams of up to `order` symbols reaches: order 1 is blind to order. */
function countingAccuracy(
  train: readonly LabelledText[],
  validation: readonly LabelledText[],
  order: number,
  unit: "character" | "word",
): number {
  const symbols = new Map<string, number>();
  const labels = [...new Set(train.map(({ label }) => label))];
  const part = (texts: readonly LabelledText[]) => ({
    items: idItems(
      texts.map(({ text }) =>
        text.split(unit === "word" ? " " : "").map((symbol) => {
          if (!symbols.has(symbol)) symbols.set(symbol, symbols.size);
          return symbols.get(symbol)!;
        }),
      ),
    ),
    labels: texts.map(({ label }) => labels.indexOf(label)),
  });
  return naiveBayesBaseline(part(train), part(validation), labels.length, { order }).metrics.accuracy;
}

describe("runningSums", () => {
  it("labels bits with their parity and digits with their sum modulo a number", () => {
    for (const { text, label } of runningSums({ count: 300, seed: 3 })) {
      const ones = [...text].filter((bit) => bit === "1").length;
      expect(text).toMatch(/^[01]{1,20}$/);
      expect(label).toBe(ones % 2 === 0 ? "even" : "odd");
    }
    for (const { text, label } of runningSums({ count: 300, digits: 10, modulus: 7, shortest: 5 })) {
      expect(text).toMatch(/^[0-9]{5,20}$/);
      expect(label).toBe(String([...text].reduce((sum, digit) => sum + Number(digit), 0) % 7));
    }
  });

  it("has every label equally often, and lengths from the shortest to the longest", () => {
    const sums = runningSums({ count: 600, digits: 10, modulus: 3, shortest: 2, longest: 6 });
    expect(countLabels(sums)).toEqual({ "0": 200, "1": 200, "2": 200 });
    expect(new Set(sums.map(({ text }) => text.length))).toEqual(new Set([2, 3, 4, 5, 6]));
  });

  it.each([
    [{ count: 4, shortest: 3, longest: 2 }, "longest must be at least shortest, 3, got 2"],
    [{ count: 4, modulus: 3 }, "1 digits below 2 have no sums up to 2"],
    [{ count: 2 ** 20, longest: 1000 }, "count x longest must be at most"],
    [{ count: 1, digits: 11 }, "digits must be an integer from 2 to 10, got 11"],
  ])("refuses %j", (options, message) => {
    expect(() => runningSums(options)).toThrow(message);
  });
});

describe("negationSentences", () => {
  const all = negationSentences({ count: 2000 });

  it("has every bag of words once under each label, in each part of whole pairs", () => {
    for (const part of [all, all.slice(0, 1600), all.slice(1600)]) {
      const labelsOf = new Map<string, string[]>();
      for (const { text, label } of part) {
        const bag = text.split(" ").sort().join(" ");
        labelsOf.set(bag, [...(labelsOf.get(bag) ?? []), label]);
      }
      expect([...labelsOf.values()].filter((labels) => labels.join() !== "positive,negative")).toEqual([]);
    }
    const bags = all.map(({ text }) => text.split(" ").sort().join(" "));
    const trained = new Set(bags.slice(0, 1600));
    expect(bags.slice(1600).filter((bag) => trained.has(bag))).toEqual([]);
  });

  it("leaves the first and the last of the two adjectives at chance", () => {
    const isGood = /^(good|funny|clever|moving|fresh|charming|brilliant|honest|warm|gripping)$/;
    const isBad = /^(bad|dull|stupid|cold|stale|boring|awful|fake|tired|clumsy)$/;
    let lastIsMeant = 0;
    for (const { text, label } of all) {
      const adjectives = text.split(" ").filter((word) => isGood.test(word) || isBad.test(word));
      expect(adjectives).toHaveLength(2);
      if (isGood.test(adjectives[1]) === (label === "positive")) lastIsMeant++;
    }
    expect(lastIsMeant / all.length).toBeGreaterThan(0.45);
    expect(lastIsMeant / all.length).toBeLessThan(0.55);
  });

  it("leaves runs of two words at chance, and denies what stands behind a negation", () => {
    const accuracy = countingAccuracy(all.slice(0, 1600), all.slice(1600), 2, "word");
    expect(accuracy).toBeGreaterThan(0.3);
    expect(accuracy).toBeLessThan(0.7);
    const denied =
      /(?:nobody|not|never|few|hardly)(?: \w+){3,5}? (?:good|funny|clever|moving|fresh|charming|brilliant|honest|warm|gripping)\b/;
    for (const { text, label } of all) expect(denied.test(text) ? "negative" : "positive").toBe(label);
  });

  it("refuses odd numbers and more pairs than 20000", () => {
    expect(() => negationSentences({ count: 3 })).toThrow("count must be an even number from 2 to 20000");
    expect(negationSentences({ count: 20_000 })).toHaveLength(20_000);
  });
});

describe("oneFactQuestions", () => {
  const all = oneFactQuestions({ count: 1200, seed: 1 });

  it("asks for the place that a person was last said to be in", () => {
    for (const { text, label } of all) {
      const [story, question] = text.split(/ \. where is /);
      const asked = question.replace(" ?", "");
      const moves = story
        .split(" . ")
        .filter((statement) => statement.startsWith(`${asked} `))
        .flatMap((statement) => /(?:to|in) the (\w+)$/.exec(statement)?.[1] ?? []);
      expect(moves.at(-1)).toBe(label);
    }
  });

  it("has every answer equally often and no story twice", () => {
    expect(Object.values(countLabels(all))).toEqual([200, 200, 200, 200, 200, 200]);
    expect(new Set(all.map(({ text }) => text)).size).toBe(1200);
  });

  it("refuses stories without room for a statement", () => {
    expect(() => oneFactQuestions({ fewest: 5, most: 4 })).toThrow("most must be at least fewest, 5, got 4");
    expect(() => oneFactQuestions({ fewest: 1 })).toThrow("fewest must be an integer from 2 to 100");
  });
});

describe("the sets that are built in", () => {
  it.each(SET_NAMES)("%s comes from the seed, without a text in both parts", (name) => {
    const set = findSet(name);
    const made = set.make(5);
    expect(set.make(5)).toEqual(made);
    const trained = new Set(made.train.map(({ text }) => text));
    expect((made.validation ?? []).filter(({ text }) => trained.has(text))).toEqual([]);
    const counts = [made.train, made.validation ?? made.train].map(countLabels).map(Object.values);
    for (const part of counts) expect(Math.max(...part) - Math.min(...part)).toBe(0);
  });

  it.each([
    ["parity", 0.4, 0.6],
    ["sum", 0.23, 0.43],
    ["negation", 0.5, 0.5],
    ["facts", 1 / 6, 0.6],
  ] as const)("%s: who is blind to the order has an accuracy of %d to %d", (name, least, most) => {
    const { train, validation } = findSet(name).make(Number.MAX_SAFE_INTEGER);
    const unit = name === "parity" || name === "sum" ? "character" : "word";
    const accuracy = countingAccuracy(train, validation!, 1, unit);
    expect(accuracy).toBeGreaterThanOrEqual(least);
    expect(accuracy).toBeLessThanOrEqual(most);
  });
});

/** BLEU and chrF: against sacreBLEU itself, its published examples, and what is known without it. */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/core/index.ts";
import { BleuScorer } from "../../src/data/bleu.ts";
import { ChrfScorer } from "../../src/data/chrf.ts";
import { corpusBleu, corpusChrf, tokenize13a } from "../../src/data/index.ts";
import { SACREBLEU_VERSION } from "../../src/data/reference-texts.ts";

type Score = { metric: "bleu" | "chrf"; options: object; score: Record<string, unknown> };
interface Goldens {
  version: string;
  own: {
    hypotheses: string[];
    references: string[][];
    tokens: string[][];
    scores: Score[];
    single: Score[][];
    one: Score[];
  };
  multi30k: { references: number; scores: Score[] }[];
}
const GOLDENS = JSON.parse(
  readFileSync(new URL("../goldens/translation-metrics.json", import.meta.url), "utf8"),
) as Goldens;
const OWN = GOLDENS.own;

/** As in test/goldens/make_translation_metrics_goldens.py. */
function spoil(line: string, row: number): string {
  const words: string[] = [];
  for (const [place, word] of line.split(" ").entries()) {
    const kind = (7 * row + 3 * place) % 11;
    if (kind === 1) words.push(word, word);
    else if (kind === 2) words.push("something");
    else if (kind === 3) words.unshift(word);
    else if (kind === 4) words.push(word.toUpperCase());
    else if (kind !== 0) words.push(word);
  }
  return words.join(" ");
}

/** Counts and signatures are equal, figures to the last digits of a double. */
function expectScores(
  expected: readonly Score[],
  hypotheses: string[],
  references: (string | string[])[],
): void {
  expect(expected.length).toBeGreaterThan(0);
  for (const { metric, options, score } of expected) {
    const found = metric === "bleu" ? corpusBleu : corpusChrf;
    const own: Record<string, unknown> = { ...found(hypotheses, references, options) };
    expect(Object.keys(own).sort()).toEqual(Object.keys(score).sort());
    for (const [name, value] of Object.entries(score)) {
      const label = `${metric} ${JSON.stringify(options)}: ${name}`;
      if (typeof value === "string") expect(own[name], label).toBe(value);
      else {
        const numbers = [value].flat() as number[];
        expect([own[name]].flat(), label).toHaveLength(numbers.length);
        for (const [at, number] of numbers.entries()) {
          expect(Math.abs(([own[name]].flat()[at] as number) - number), label).toBeLessThan(1e-10);
        }
      }
    }
  }
}

describe("sacreBLEU gives the same", () => {
  test("of the version that signatures name", () => {
    expect(SACREBLEU_VERSION).toBe(GOLDENS.version);
  });

  test("tokens, of punctuation, numbers, entities and spaces of every kind", () => {
    expect(OWN.hypotheses.map(tokenize13a)).toEqual(OWN.tokens);
  });

  test("scores of sentences with one reference or several, whose number differs", () => {
    expectScores(OWN.scores, OWN.hypotheses, OWN.references);
  });

  test("scores of sentences with one reference", () => {
    const rows = [...OWN.hypotheses.keys()].filter((row) => OWN.references[row].length === 1);
    expectScores(
      OWN.one,
      rows.map((row) => OWN.hypotheses[row]),
      rows.map((row) => OWN.references[row][0]),
    );
  });

  test("scores of each sentence alone", () => {
    for (const [row, scores] of OWN.single.entries()) {
      expectScores(scores, [OWN.hypotheses[row]], [OWN.references[row]]);
    }
  });

  const file = new URL("../../../shared/data/multi30k/test_2016_flickr.en.gz", import.meta.url);
  test.skipIf(!existsSync(file))("scores of 200 lines of Multi30k (needs ../shared)", () => {
    const lines = gunzipSync(readFileSync(file)).toString("utf8").split("\n").slice(0, 200);
    const [one, two] = GOLDENS.multi30k;
    expect([one.references, two.references]).toEqual([1, 2]);
    const spoiled = lines.map(spoil);
    expectScores(one.scores, spoiled, lines);
    expectScores(
      two.scores,
      spoiled,
      lines.map((line, row) => [line, spoil(line, row + 5)]),
    );
  });
});

describe("published figures of sacreBLEU", () => {
  const hypotheses = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."];
  const references = [
    ["The dog bit the man.", "The dog had bit the man."],
    ["It was not unexpected.", "No one was surprised."],
    ["The man bit him first.", "The man had bitten the dog."],
  ];

  test.each([
    [{}, 48.530827],
    [{ tokenize: "13a" as const }, 48.530827],
    [{ tokenize: "none" as const }, 49.1919566],
    [{ smoothing: "none" as const }, 48.530827],
  ])("its README's example under %j", (options, bleu) => {
    expect(corpusBleu(hypotheses, references, options).bleu).toBeCloseTo(bleu, 6);
  });

  test("BLEU-1 to BLEU-4 of it", () => {
    const { cumulative } = corpusBleu(hypotheses, references);
    expect(cumulative.map((bleu) => bleu.toFixed(2))).toEqual(["77.65", "60.50", "53.93", "48.53"]);
  });

  test("empty hypotheses count as such", () => {
    const { bleu, brevityPenalty, hypothesisLength } = corpusBleu(["", "", ""], references);
    expect({ bleu, brevityPenalty, hypothesisLength }).toEqual({
      bleu: 0,
      brevityPenalty: 0,
      hypothesisLength: 0,
    });
  });

  test("counts of n-grams", () => {
    const score = corpusBleu(["am I am a character sequence"], ["I am a symbol string sequence a a"]);
    expect([score.matches, score.totals]).toEqual([
      [4, 2, 1, 0],
      [6, 5, 4, 3],
    ]);
  });

  test.each<[string, string, boolean, number]>([
    ["abcdefg", "hijklmnop", true, 0],
    ["", "reference", true, 0],
    ["aa", "ab", true, 8.3333],
    ["a", "a", true, 16.6667],
    ["a b c", "abc", true, 50],
    ["a b c", "abc", false, 100],
    ["aa", "ab", false, 25],
    [
      " risk assessment must be made of those who are qualified and expertise in the sector - these are the scientists .",
      "risk assessment has to be undertaken by those who are qualified and expert in that area - that is the scientists .",
      true,
      63.36173,
    ],
  ])("chrF3 of %j beside %j, smoothed: %j", (hypothesis, reference, epsSmoothing, expected) => {
    expect(corpusChrf([hypothesis], [reference], { beta: 3, epsSmoothing }).chrf).toBeCloseTo(expected, 3);
  });
});

const sentence = fc.array(fc.constantFrom("a", "b", "c", "The", "the", ".", "3.5", "🙂"), { maxLength: 12 });
const text = sentence.map((words) => words.join(" "));
const corpus = fc.array(fc.tuple(text, fc.array(text, { minLength: 1, maxLength: 3 })), {
  minLength: 1,
  maxLength: 6,
});

describe("properties", () => {
  test("a text equals itself: 100, unless it has too few n-grams", () => {
    fc.assert(
      fc.property(sentence, (words) => {
        const line = ["one", "two", "three", "four", ...words].join(" ");
        expect(corpusBleu([line], [line]).bleu).toBeCloseTo(100, 9);
        expect(corpusChrf([line], [line], { wordOrder: 2 }).chrf).toBeCloseTo(100, 9);
      }),
    );
  });

  test("figures are finite and from 0 to 100 for any text, and sums of parts give those of the whole", () => {
    const any = fc.oneof(
      text,
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("\ud83d", "a") }),
    );
    const entries = fc.array(fc.tuple(any, fc.array(any, { minLength: 1, maxLength: 3 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(entries, fc.nat(6), (all, cut) => {
        const [hypotheses, references] = [all.map(([one]) => one), all.map(([, others]) => others)];
        const bleu = corpusBleu(hypotheses, references);
        const chrf = corpusChrf(hypotheses, references, { wordOrder: 2 });
        for (const [at, scorer] of [new BleuScorer(), new ChrfScorer({ wordOrder: 2 })].entries()) {
          const parts = [all.slice(0, cut), all.slice(cut)].map((part) => {
            const sums = new Float64Array(scorer.width);
            for (const [hypothesis, others] of part) scorer.add(sums, hypothesis, others);
            return sums;
          });
          expect(scorer.score(parts[0].map((sum, index) => sum + parts[1][index]))).toEqual([bleu, chrf][at]);
        }
        for (const figure of [bleu.bleu, ...bleu.precisions, chrf.chrf]) {
          expect(figure).toBeGreaterThanOrEqual(0);
          expect(figure).toBeLessThanOrEqual(100 + 1e-9);
        }
      }),
    );
  });

  test("one more reference leaves no n-gram out", () => {
    fc.assert(
      fc.property(corpus, text, (all, more) => {
        const hypotheses = all.map(([one]) => one);
        const before = corpusBleu(
          hypotheses,
          all.map(([, others]) => others),
        );
        const after = corpusBleu(
          hypotheses,
          all.map(([, others]) => [...others, more]),
        );
        for (const [at, count] of before.matches.entries()) {
          expect(after.matches[at]).toBeGreaterThanOrEqual(count);
        }
      }),
    );
  });

  test("no sentence at all is 0", () => {
    expect(new BleuScorer().score(new Float64Array(13)).bleu).toBe(0);
    expect(new ChrfScorer().score(new Float64Array(21)).chrf).toBe(0);
  });
});

test("time grows with the length of a text, whatever is in it", () => {
  for (const line of [" ", ".", "(", "a", "&", "-\n", "1,"].map((part) => part.repeat(100_000))) {
    const odd = `a${line}b`;
    const started = performance.now();
    expect(corpusBleu([odd], [odd]).bleu).toBeGreaterThanOrEqual(0);
    expect(corpusChrf([odd], [odd], { wordOrder: 2 }).chrf).toBeCloseTo(100, 9);
    // A quarter of a second where nothing else runs; what is quadratic takes minutes.
    expect(performance.now() - started).toBeLessThan(10_000);
  }
});

describe("refused", () => {
  test.each([
    ["no hypothesis", [], [], "hypotheses must be at least one"],
    ["lists of different lengths", ["a", "b"], ["a"], "one entry for each of the 2 hypotheses, got 1"],
    [
      "no reference of a sentence",
      ["a", "b"],
      ["a", []],
      "references[1] must be a text of at most 1048576 characters, or a list of at least one, got []",
    ],
    ["a reference that is no text", ["a"], [["a", 1]], "references[0] must be a text"],
    ["a hypothesis that is no text", [1], ["a"], "hypotheses[0] must be a text"],
    ["no list", "a", "a", "hypotheses must be an array"],
  ])("%s", (_, hypotheses, references, message) => {
    for (const score of [corpusBleu, corpusChrf]) {
      expect(() => score(hypotheses as string[], references as string[])).toThrow(InputError);
      expect(() => score(hypotheses as string[], references as string[])).toThrow(message);
    }
  });

  test("options that do not exist or have no such value", () => {
    expect(() => corpusBleu(["a"], ["a"], { tokenize: "intl" as "13a" })).toThrow(
      'corpusBleu: tokenize must be "13a" or "none"',
    );
    expect(() => corpusChrf(["a"], ["a"], { wordOrder: 7 })).toThrow(
      "wordOrder must be an integer from 0 to 6",
    );
    expect(() => corpusChrf(["a"], ["a"], { beta: 0 })).toThrow("beta must be");
    expect(() => tokenize13a(1 as unknown as string)).toThrow("tokenize13a: text must be a text");
  });
});

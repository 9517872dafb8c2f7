import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { corpusFromText, knownWordShare, wordSet, wordsOf } from "../../src/data/index.ts";

describe("words", () => {
  it("are runs of two or more letters, marks, digits and underscores", () => {
    expect(wordsOf("a to_do 42, I'm e\u0301te\u0301 Ünder 水火 x")).toEqual([
      "to_do",
      "42",
      "e\u0301te\u0301",
      "Ünder",
      "水火",
    ]);
  });

  it("of a corpus do not depend on how it is sliced", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 65_520, max: 65_540 }),
        fc.string({ unit: "grapheme" }),
        (length, more) => {
          const text = `${"word other ".repeat(6000).slice(0, length)}x${more.replaceAll("\0", "")} end`;
          const corpus = corpusFromText(text);
          expect(wordSet(corpus.ids, corpus.vocabulary)).toEqual(new Set(wordsOf(corpus.text())));
        },
      ),
      { numRuns: 30 },
    );
  });

  it("count as known when the corpus has them; a cut last word does not count", () => {
    const corpus = corpusFromText("the cat sat on the mat");
    const words = wordSet(corpus.ids, corpus.vocabulary);
    expect(knownWordShare("the dog sat, the ca", words)).toEqual({ words: 4, known: 3, share: 0.75 });
    expect(knownWordShare("? !", words)).toEqual({ words: 0, known: 0, share: 0 });
  });
});

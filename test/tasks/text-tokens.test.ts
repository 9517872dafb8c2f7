/** A text in the symbols of a model: what is cut where, and what is unknown. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runJob, runJobInTurns } from "../../src/core/index.ts";
import { BpeTokenizer, corpusFromText, Vocabulary, WordTokenizer } from "../../src/data/index.ts";
import { symbolTextJob, wholeTextJob } from "../../src/data/symbol-text.ts";
import { slicesWithPauses } from "../../src/data/tokenize.ts";

const KINDS = {
  char: new Vocabulary("abc \n"),
  word: new WordTokenizer(["a", "bb"]),
  bpe: new BpeTokenizer([]),
};

describe("the parts to train and to validate on", () => {
  const words = fc.array(fc.stringMatching(/^[a-e]{1,9}$/), { minLength: 2, maxLength: 40 });
  const gap = fc.constantFrom(" ", "\n", "\t", "\u00a0", "\u3000", "  \n\t");

  test("have the words of the text and no others, wherever the border falls", () => {
    fc.assert(
      fc.property(words, gap, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (list, between, valSplit) => {
        fc.pre(new Set(list.join("")).size > 1);
        const corpus = corpusFromText(list.join(between));
        const text = runJob(symbolTextJob(corpus, { tokens: "word", vocabSize: 1000, valSplit }));
        const { tokenizer, train, validation } = text;
        for (const word of (tokenizer as WordTokenizer).words.slice(2)) expect(list).toContain(word);
        const whole = tokenizer.encode(corpus.text());
        expect([...train, ...validation]).toEqual([...whole]);
        expect(text.unknownShares!.train).toBe(0);
      }),
    );
  });

  test("of characters and byte pairs lie where the share says", () => {
    const corpus = corpusFromText("abcdefghij".repeat(10));
    for (const tokens of ["char", "bpe"] as const) {
      const settings = { tokens, vocabSize: 256, valSplit: 0.25 };
      const { train, validation, unknownShares } = runJob(symbolTextJob(corpus, settings));
      expect([train.length, validation.length, unknownShares]).toEqual([75, 25, undefined]);
    }
  });

  test("say which share of each is <unk>", () => {
    const corpus = corpusFromText("a a a b a a a c");
    const held = corpusFromText("a zz\n<unk> a");
    const { unknownShares } = runJob(
      symbolTextJob(corpus, { tokens: "word", vocabSize: 3, valSplit: 0.1 }, undefined, held),
    );
    // Of "a zz <eos> <unk> a" two.
    expect(unknownShares).toEqual({ train: 0.25, validation: 0.4 });
  });
});

describe("a whole text in the symbols of a model", () => {
  const whole = (text: string, kind: keyof typeof KINDS, skip = false) =>
    runJob(wholeTextJob(corpusFromText(text), KINDS[kind], skip));

  test("reads unknown words as <unk>, and says which share they are", () => {
    const { ids, unknownShare, charactersPerSymbol } = whole("a bb ccc a\n", "word");
    expect([[...ids], unknownShare, charactersPerSymbol]).toEqual([[2, 3, 1, 2, 0], 0.2, 11 / 5]);
  });

  test("leaves unknown words out when that is asked for, with their characters", () => {
    const { ids, unknownShare, charactersPerSymbol } = whole("a bb c\u{1f600}c a\n", "word", true);
    expect([[...ids], unknownShare, charactersPerSymbol]).toEqual([[2, 3, 2, 0], 0.2, 8 / 4]);
  });

  test("leaves unknown characters out, and says which share they are when that is asked for", () => {
    expect(whole("abcXX abc\n", "char", true)).toMatchObject({ charactersPerSymbol: 1, unknownShare: 0.2 });
    expect(whole("abc", "char").unknownShare).toBe(undefined);
    expect(whole("a\u{1f600}", "bpe", true)).toMatchObject({
      charactersPerSymbol: 2 / 5,
      unknownShare: undefined,
    });
  });
});

test("learning byte pairs from one long word stops when the signal does", async () => {
  const { ids, vocabulary } = corpusFromText("abcab".repeat(400_000));
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error("enough")), 60);
  const job = BpeTokenizer.trainJob(slicesWithPauses(ids, vocabulary), 2000);
  await expect(runJobInTurns(job, controller.signal)).rejects.toThrow("enough");
});

/** What a checkpoint says of a translator may come from anywhere. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { UnrolledError } from "../../src/core/errors.ts";
import { UNKNOWN } from "../../src/core/symbols.ts";
import { learnPairTokens, pairTokensFromJSON } from "../../src/data/index.ts";
import { completeSeq2SeqConfig } from "../../src/models/seq2seq-config.ts";
import { batchesOf, limitOf, textOf } from "../../src/tasks/translate/decode.ts";
import { translate } from "../../src/tasks/translate/model.ts";

const words = learnPairTokens(["the dog sees", "the cat sees"], { kind: "word", minCount: 1 });
const letters = learnPairTokens(["abc", "cab"], { kind: "char" });
const bytes = learnPairTokens(["abc"], { kind: "bpe", size: 260 });
const common = { reverseSource: false, maxLength: 20, judgedBy: "bleu" };
const VALID = [
  {
    ...common,
    sourceTokens: words.toJSON(),
    targetTokens: letters.toJSON(),
    sourceColumn: "from",
    model: completeSeq2SeqConfig({
      sourceVocabulary: words.size,
      targetVocabulary: letters.size,
      hidden: 4,
      attention: "dot",
    }),
  },
  {
    ...common,
    sourceTokens: bytes.toJSON(),
    targetTokens: null,
    model: completeSeq2SeqConfig({
      sourceVocabulary: bytes.size,
      targetVocabulary: bytes.size,
      hidden: 4,
      tieEmbeddings: true,
      tieWeights: true,
    }),
  },
];
const parse = (value: Record<string, unknown>) => translate.parse((name) => value[name], "file");

test("what was written is read", () => {
  for (const one of VALID) {
    const { config, facts } = parse(JSON.parse(JSON.stringify(one)));
    expect({ ...facts, model: config }).toEqual(JSON.parse(JSON.stringify(one)));
  }
});

test("anything else in its place is refused by name, and makes no model", () => {
  const junk = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(-1, 0.5, 2 ** 40, "", [], {}, null, ["a", "a"], true),
  );
  fc.assert(
    fc.property(fc.constantFrom(...VALID), fc.nat(60), junk, (valid, at, value) => {
      const copy = JSON.parse(JSON.stringify(valid)) as Record<string, Record<string, unknown>>;
      const places = [copy, copy.model, copy.sourceTokens, copy.targetTokens].flatMap((owner) =>
        Object.keys(owner ?? {}).map((key) => [owner, key] as const),
      );
      const [owner, key] = places[at % places.length];
      (owner as Record<string, unknown>)[key] = value;
      try {
        const { config, facts } = parse(copy);
        expect(config.sourceVocabulary).toBe(pairTokensFromJSON(facts.sourceTokens).size);
      } catch (error) {
        expect(error).toBeInstanceOf(UnrolledError);
        expect((error as Error).message).toMatch(/^file/);
      }
    }),
    { numRuns: 600 },
  );
});

test("a model of other sizes than the settings can say is refused", () => {
  const model = { ...VALID[0].model, readout: 3 };
  expect(() => parse({ ...VALID[0], model })).toThrow("readout and attentionUnits must be those of");
  expect(() => parse({ ...VALID[0], targetTokens: null })).toThrow("other vocabularies than the lists say");
});

test("unknown symbols become the piece that was attended to most, and only these", () => {
  const ids = Int32Array.of(words.encode("the")[0], UNKNOWN, words.encode("sees")[0]);
  const weights = [0, 2, 1].map((best) => Float32Array.from([0, 1, 2, 3], (at) => (at === best ? 0.7 : 0.1)));
  const found = { symbols: ids, logProbability: -1, score: -1, ended: true, weights };
  // The fourth weight is of padding.
  expect(textOf(found, words, ["die", "sieht", "Zoë"])).toBe("the Zoë sees");
  expect(textOf(found, words, undefined)).toBe("the <unk> sees");
});

test("sources are searched beside others of their limit alone, each once", () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 200 });
  fc.assert(
    fc.property(lengths, (all) => {
      const batches = batchesOf(all, limitOf);
      expect(batches.flat().toSorted((a, b) => a - b)).toEqual([...all.keys()]);
      for (const batch of batches) {
        expect(new Set(batch.map((index) => limitOf(all[index]))).size).toBe(1);
        expect(batch.length).toBeLessThanOrEqual(64);
        const most = Math.max(...batch.map((index) => all[index]));
        expect(batch.length === 1 || batch.length * most <= 2 ** 14).toBe(true);
      }
    }),
  );
  expect(limitOf(1)).toBe(82);
  expect(limitOf(17)).toBe(114);
});

/** Generating: what it draws, and what it says of inputs that it cannot use. */
import { describe, expect, it } from "vitest";
import { type GenerateOptions, generate, sampleLogits } from "../../src/decode/index.ts";
import { Rng } from "../../src/nn/index.ts";

/** Always sure of the symbol after the last, of three. */
const counting = {
  stream: () => ({
    step: (id: number) => Float32Array.from([0, 1, 2], (next) => (next === (id + 1) % 3 ? 9 : 0)),
    reset() {},
    dispose() {},
  }),
};
const written = async (options: Partial<GenerateOptions>) => {
  const made: number[] = [];
  const usual = { prime: [0], length: 4, temperature: 0, rng: new Rng(1) };
  for await (const id of generate(counting, { ...usual, ...options })) made.push(id);
  return made;
};

describe("generate", () => {
  it("goes on from the last symbol of the prime", async () => {
    expect(await written({})).toEqual([1, 2, 0, 1]);
    expect(await written({ prime: Int32Array.of(0, 1) })).toEqual([2, 0, 1, 2]);
    expect(await written({ length: 0 })).toEqual([]);
  });

  const numbers = "an integer of at least 0";
  it.each<[string, object, string]>([
    ["an empty prime", { prime: [] }, "generate: prime must hold at least one id, got none"],
    ["no prime", { prime: undefined }, "generate: prime must be a list of ids, got undefined"],
    ["one id for a prime", { prime: 3 }, "generate: prime must be a list of ids, got 3"],
    ["a text for a prime", { prime: "ab" }, 'generate: prime must be a list of ids, got "ab"'],
    ["a negative length", { length: -1 }, `generate: length must be ${numbers}, got -1`],
    ["no length", { length: undefined }, `generate: length must be ${numbers}, got undefined`],
    ["half a symbol", { length: 1.5 }, `generate: length must be ${numbers}, got 1.5`],
    ["a length that is no number", { length: Number.NaN }, `generate: length must be ${numbers}, got NaN`],
    ["no generator", { rng: undefined }, "generate: rng must be a generator, as new Rng(1), got undefined"],
    [
      "NaN for a temperature",
      { temperature: Number.NaN },
      "--temperature must be a number of at least 0, got NaN",
    ],
  ])("refuses %s", async (_, options, message) => {
    await expect(written(options)).rejects.toMatchObject({ code: "INPUT", problem: message });
  });
});

describe("sampleLogits", () => {
  const draw = (logits: number[], options = {}) => sampleLogits(logits, options, new Rng(1));

  it("never takes a symbol whose logit is -Infinity", () => {
    const rng = new Rng(1);
    const drawn = Array.from({ length: 50 }, () => sampleLogits([0, Number.NEGATIVE_INFINITY, 0], {}, rng));
    expect(new Set(drawn)).toEqual(new Set([0, 2]));
  });

  it.each<[string, number[], object, string]>([
    ["no logits", [], {}, "sampleLogits: logits must hold at least one number, got none"],
    ["NaN", [0, Number.NaN], {}, "sampleLogits: logits must be numbers below infinity, got NaN for symbol 1"],
    [
      "NaN where nothing is drawn",
      [0, Number.NaN],
      { temperature: 0 },
      "sampleLogits: logits must be numbers below infinity, got NaN for symbol 1",
    ],
    [
      "infinity",
      [Number.POSITIVE_INFINITY, 0],
      {},
      "sampleLogits: logits must be numbers below infinity, got Infinity for symbol 0",
    ],
    [
      "nothing to choose from",
      [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
      {},
      "sampleLogits: one logit at least must be above -infinity, got none",
    ],
    ["no symbol to keep", [0, 1], { topK: 0 }, "--top-k must be an integer of at least 1, got 0"],
  ])("refuses %s", (_, logits, options, message) => {
    expect(() => draw(logits, options)).toThrow(expect.objectContaining({ code: "INPUT", problem: message }));
  });
});

/** Searching with models that read one symbol at a time. */
import { describe, expect, it } from "vitest";
import {
  beamSearch,
  type GenerativeModel,
  generate,
  greedySearch,
  streamModel,
} from "../../src/decode/index.ts";
import { LanguageModel } from "../../src/models/index.ts";
import { type CreateCellOptions, type LSTM, LSTMCell, Rng } from "../../src/nn/index.ts";
import { tableModel } from "./models.ts";

const VOCABULARY = 6;
const model = new LanguageModel(
  { cell: "lstm", vocabulary: VOCABULARY, hidden: 8, layers: 2 },
  { rng: new Rng(3) },
);
// Untrained models are too unsure of everything to tell one search from another.
for (const [weights, factor] of [
  [model.head.weight, 20],
  [(model.rnn as LSTM).weight_ih_l0, 8],
] as const) {
  weights.write((await weights.read()).map((weight) => factor * weight));
}

/** The same model without states. */
const stateless: GenerativeModel = {
  stream() {
    const stream = model.stream();
    return {
      step: (id) => stream.step(id),
      reset: () => stream.reset(),
      dispose: () => stream.dispose(),
    };
  },
};
const primes = [[3], Int32Array.of(4, 5, 2), [2, 2]];
const options = { width: 3, nBest: 2, maxLength: 7, lengthPenalty: 0.6 };

describe("a stream as a model for a search", () => {
  it("gives what a table of the same logits gives", async () => {
    const stream = model.stream();
    const logits = primes.map((prime) => (symbols: readonly number[]) => {
      stream.reset();
      return [...Array.from(prime), ...symbols].map((id) => [...stream.step(id)]).at(-1)!;
    });
    const expected = await beamSearch(tableModel(VOCABULARY, logits), options);
    const found = await beamSearch(streamModel(model, { vocabulary: VOCABULARY, primes }), options);
    expect(found).toEqual(expected);
    expect(new Set(found.map(({ hypotheses }) => hypotheses[0].symbols.join())).size).toBeGreaterThan(1);
    expect(await beamSearch(streamModel(stateless, { vocabulary: VOCABULARY, primes }), options)).toEqual(
      expected,
    );
  });

  it("writes greedily what a generator writes at temperature 0", async () => {
    const written: number[] = [];
    const generated = generate(model, { prime: primes[1], length: 7, temperature: 0, rng: new Rng(1) });
    for await (const id of generated) written.push(id);
    const searched = streamModel(model, { vocabulary: VOCABULARY, primes: [primes[1]] });
    const [{ hypotheses }] = await greedySearch(searched, { maxLength: 7 });
    const [{ symbols, ended }] = hypotheses;
    const end = written.indexOf(0);
    expect(ended).toBe(end >= 0);
    expect([...symbols]).toEqual(end < 0 ? written : written.slice(0, end));
  });

  it("begins with START where there is no prime, and can be searched twice", async () => {
    const searched = streamModel(model, { vocabulary: VOCABULARY });
    const first = await beamSearch(searched, options);
    expect(first).toHaveLength(1);
    expect(await beamSearch(searched, options)).toEqual(first);
    expect(await beamSearch(streamModel(model, { vocabulary: VOCABULARY, primes: [[1]] }), options)).toEqual(
      first,
    );
  });

  it("has no results for no primes", async () => {
    expect(await beamSearch(streamModel(model, { vocabulary: VOCABULARY, primes: [] }), options)).toEqual([]);
  });

  it("works with a cell of one's own", async () => {
    const createCell = (inputs: number, hidden: number, made: CreateCellOptions) =>
      new LSTMCell(inputs, hidden, made);
    const own = new LanguageModel(
      { cell: "own", vocabulary: VOCABULARY, hidden: 4 },
      { rng: new Rng(2), createCell },
    );
    const searched = streamModel(own, { vocabulary: VOCABULARY, primes });
    const results = await beamSearch(searched, options);
    expect(results).toHaveLength(3);
    for (const [at, prime] of primes.entries()) {
      const alone = streamModel(own, { vocabulary: VOCABULARY, primes: [prime] });
      expect(await beamSearch(alone, options)).toEqual([results[at]]);
    }
  });

  it.each<[string, unknown, object, string]>([
    ["no model", {}, {}, "streamModel: model must be a model with a method stream, got an object"],
    [
      "no vocabulary",
      model,
      { vocabulary: undefined },
      "streamModel: vocabulary must be an integer of at least 1",
    ],
    [
      "an empty prime",
      model,
      { primes: [[1], []] },
      "streamModel: primes[1] must hold at least one id, got none",
    ],
    ["a prime of an id", model, { primes: [1] }, "streamModel: primes[0] must be a list of ids, got 1"],
    ["ids for primes", model, { primes: 3 }, "streamModel: primes must be a list of lists of ids, got 3"],
    [
      "an id too large",
      model,
      { primes: [[0, 6]] },
      "streamModel: primes[0][1] must be an id from 0 to 5, got 6",
    ],
  ])("refuses %s", (_, given, more, message) => {
    expect(() => streamModel(given as never, { vocabulary: VOCABULARY, ...more })).toThrow(message);
  });

  it("refuses a vocabulary that is not the model's", async () => {
    const searched = streamModel(model, { vocabulary: 5 });
    await expect(beamSearch(searched, options)).rejects.toThrow(
      "streamModel: a step of the stream must be [5], got [6]",
    );
  });
});

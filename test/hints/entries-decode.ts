/** Advice for people who search with a model. */
import { beamSearch, streamModel } from "../../src/decode/index.ts";
import { tensor } from "../../src/index.ts";
import { LanguageModel } from "../../src/models/language-model.ts";
import { Rng } from "../../src/nn/index.ts";
import { remote } from "./entries-code.ts";
import type { Entries } from "./harness.ts";

const answering = (logits: unknown) => ({
  vocabulary: 3,
  begin: () => ({ state: 0, rows: 1 }),
  step: () => ({ logits: logits as Float64Array, state: 0 }),
});
const searched = (logits: readonly number[], options: object = {}) =>
  beamSearch(answering(Float64Array.from(logits)), { maxLength: 1, ...options });
const NONE = Number.NEGATIVE_INFINITY;

export const DECODE: Entries = {
  "decode/beam-model.ts": [
    {
      hint: "a search is for the CPU: use a wasm or native backend",
      async follow(met) {
        const backend = remote();
        const logits = tensor([1, 2, 3], [1, 3], "f32", backend);
        await met.code(() => beamSearch({ ...answering(logits), backend }, { maxLength: 1 }));
        await beamSearch(answering(tensor([1, 2, 3], [1, 3])), { maxLength: 1 });
      },
    },
  ],
  "decode/beam-search.ts": [
    {
      hint: "leave start out",
      async follow(met) {
        const model = {
          ...answering(Float64Array.of(1, 0, 0)),
          begin: () => ({ state: 0, rows: 1, symbols: Int32Array.of(2) }),
        };
        await met.code(() => beamSearch(model, { maxLength: 1, start: 1 }));
        await beamSearch(model, { maxLength: 1 });
      },
    },
    {
      hint: "forbid fewer symbols",
      async follow(met) {
        await met.code(() => searched([1, 2, 3], { forbidden: [0, 1, 2] }));
        await searched([1, 2, 3], { forbidden: [1, 2] });
      },
    },
  ],
  "decode/beam-sentence.ts": [
    {
      hint: "forbid fewer symbols",
      async follow(met) {
        await met.code(() => searched([NONE, 0, NONE], { forbidden: [1] }));
        await searched([NONE, 0, NONE]);
      },
    },
  ],
  "decode/log-probabilities.ts": [
    {
      hint: "the training has diverged: take an earlier checkpoint",
      async follow(met) {
        await met.code(() => searched([1, Number.NaN, 2]));
        await searched([1, 0, 2]);
      },
    },
    {
      hint: "let the model leave one symbol to choose",
      async follow(met) {
        await met.code(() => searched([NONE, NONE, NONE]));
        await searched([NONE, NONE, 0]);
      },
    },
  ],
  "decode/stream-model.ts": [
    {
      hint: "give it what a text starts after: the id of a line end, for example",
      async follow(met) {
        const model = new LanguageModel({ vocabulary: 3, hidden: 4 }, { rng: new Rng(1) });
        const search = (prime: number[]) =>
          beamSearch(streamModel(model, { vocabulary: 3, primes: [prime] }), { maxLength: 1 });
        await met.code(() => search([]));
        await search([0]);
      },
    },
  ],
};

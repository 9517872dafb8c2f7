import { InputError } from "../core/errors.ts";
import {
  COUNT,
  checkValue,
  FUNCTION,
  GENERATOR,
  LIST,
  type Names,
  OBJECT,
  type Range,
  type Ranges,
  refuseOthers,
  settle,
} from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import type { Stepper } from "../nn/stream.ts";
import { checkSampling, type SamplingOptions, sampleLogits } from "./sampling.ts";

/** What generation needs of a model: its logits one symbol at a time. See nn/stream.ts and models/language-model.ts. */
export interface GenerativeModel {
  stream(): Stepper<number>;
}

export interface GenerateOptions extends SamplingOptions {
  /** How many symbols to make. */
  length: number;
  /** Symbols to read first; the first one made follows them. At least one. */
  prime: ArrayLike<number>;
  rng: Rng;
}

const IDS: Range = { text: "a list of ids", fits: LIST.fits };
const MODEL: Range = {
  text: "a model with a method stream",
  fits: (value) => OBJECT.fits(value) && FUNCTION.fits((value as Partial<GenerativeModel>).stream),
};
const OWN: Ranges<Omit<GenerateOptions, keyof SamplingOptions>> = {
  length: COUNT,
  prime: IDS,
  rng: GENERATOR,
};
const OPTIONS: Names<GenerateOptions> = { ...OWN, temperature: 0, topK: 0, topP: 0 };

/**
 * Symbols drawn one after the other, each fed back as the next input. Has memory of its own, so a training may go
 * on between two of them; it sees the weights as they were at the start. CPU-only.
 * @throws InputError for an option outside its range, for an empty prime, and as {@link sampleLogits} and the stream do
 */
export async function* generate(
  model: GenerativeModel,
  options: GenerateOptions,
): AsyncGenerator<number, void, undefined> {
  refuseOthers("generate", OPTIONS, options);
  checkValue("generate: model", MODEL, model);
  const { prime, length, rng, ...sampling } = options;
  checkSampling(sampling);
  settle("generate", OWN, {}, { prime, length, rng });
  if (prime.length === 0) {
    throw new InputError("generate: prime must hold at least one id, got none", {
      hint: "give it what a text starts after: the id of a line end, for example",
    });
  }
  const stream = model.stream();
  try {
    for (let at = 0; at + 1 < prime.length; at++) stream.step(prime[at]);
    let last = prime[prime.length - 1];
    for (let made = 0; made < length; made++) {
      last = sampleLogits(stream.step(last), sampling, rng);
      yield last;
    }
  } finally {
    stream.dispose();
  }
}

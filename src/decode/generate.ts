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

/** A model for {@link generate}: it computes logits one symbol at a time. See nn/stream.ts, models/language-model.ts. */
export interface GenerativeModel {
  stream(): Stepper<number>;
}

export interface GenerateOptions extends SamplingOptions {
  /** The number of symbols to generate. */
  length: number;
  /** At least one symbol. The model reads them first, and the generated symbols follow them. */
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
 * Generates symbols one after the other; each is the next input. It has its own memory, so that training may continue
 * between two symbols, and uses the weights as they were at the start. CPU-only.
 * @throws InputError for an option that is out of range and for an empty prime, and whenever {@link sampleLogits} or
 * the stream of the model throws
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

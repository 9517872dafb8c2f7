import { type Names, refuseOthers } from "../core/options.ts";
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

const OPTIONS: Names<GenerateOptions> = {
  ...{ length: 0, prime: 0, rng: 0, temperature: 0, topK: 0, topP: 0 },
};

/**
 * Symbols drawn one after the other, each fed back as the next input. Has memory of its own, so a training may go
 * on between two of them; it sees the weights as they were at the start. CPU-only.
 */
export async function* generate(
  model: GenerativeModel,
  options: GenerateOptions,
): AsyncGenerator<number, void, undefined> {
  refuseOthers("generate", OPTIONS, options);
  checkSampling(options);
  const { prime, length, rng } = options;
  const stream = model.stream();
  try {
    for (let at = 0; at + 1 < prime.length; at++) stream.step(prime[at]);
    let last = prime[prime.length - 1];
    for (let made = 0; made < length; made++) {
      last = sampleLogits(stream.step(last), options, rng);
      yield last;
    }
  } finally {
    stream.dispose();
  }
}

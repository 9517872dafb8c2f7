import type { BoundWeights } from "../autograd/ops/recurrent-weights.ts";
import type { Backend } from "../backend/backend.ts";
import { Frames, scope } from "../backend/scope.ts";
import { ids, type Tensor } from "../backend/tensor.ts";
import { type Names, refuseOthers } from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { detachState } from "../nn/cell-state.ts";
import { checkSampling, type SamplingOptions, sampleLogits } from "./sampling.ts";

/** What generation needs of a model: see models/language-model.ts. */
export interface GenerativeModel<State> {
  zeroState(batch: number): State;
  /** Weights packed once for all symbols, where the model can; none otherwise. */
  keepBound?(): BoundWeights[];
  forward(
    ids: Tensor,
    options: { state: State; bound?: readonly BoundWeights[] },
  ): { logits: Tensor; state: State };
}

export interface GenerateOptions extends SamplingOptions {
  /** How many symbols to make. */
  length: number;
  /** Symbols to read first; the first one made follows them. At least one. */
  prime: ArrayLike<number>;
  rng: Rng;
  backend?: Backend;
}

const OPTIONS: Names<GenerateOptions> = {
  ...{ length: 0, prime: 0, rng: 0, backend: 0, temperature: 0, topK: 0, topP: 0 },
};

/** Symbols of the prime that are run through the model in one call. */
const PRIME_CHUNK = 256;

/**
 * Symbols drawn one after the other, each fed back as the next input. Has memory of its own, so a training may go
 * on between two of them; it sees the weights as they were at the start.
 */
export async function* generate<State>(
  model: GenerativeModel<State>,
  options: GenerateOptions,
): AsyncGenerator<number, void, undefined> {
  refuseOthers("generate", OPTIONS, options);
  checkSampling(options);
  const { prime, length, rng, backend } = options;
  const frames = new Frames(backend);
  const bound = scope(() => model.keepBound?.(), backend);
  try {
    let state: State | undefined;
    const advance = (input: ArrayLike<number>) =>
      frames.run(() => {
        const run = model.forward(ids(input, [1, input.length]), {
          state: state ?? model.zeroState(1),
          bound,
        });
        state = detachState(run.state);
        const classes = run.logits.shape.at(-1)!;
        return run.logits.view([classes], run.logits.size - classes).read();
      });
    const all = Array.from(prime);
    let logits = await advance(all.slice(0, PRIME_CHUNK));
    for (let at = PRIME_CHUNK; at < all.length; at += PRIME_CHUNK) {
      logits = await advance(all.slice(at, at + PRIME_CHUNK));
    }
    for (let made = 0; made < length; made++) {
      const next = sampleLogits(logits, options, rng);
      yield next;
      if (made + 1 < length) logits = await advance([next]);
    }
  } finally {
    for (const weights of bound ?? []) weights.dispose();
    frames.dispose();
  }
}

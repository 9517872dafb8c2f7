import { requireTensors } from "../autograd/check.ts";
import { embedding, paddingRow } from "../autograd/ops/embedding.ts";
import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import { AT_LEAST_0, FINITE, optional, settle } from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { constant_, normal, uniform } from "./init.ts";
import { checkSize, MODULE_RANGES } from "./options.ts";

export interface EmbeddingOptions {
  rng: Rng;
  /** Draws initial values uniformly from [-bound, bound). Default: standard normal, like torch.nn.Embedding. */
  bound?: number;
  /**
   * The id that is used as padding: its vector is initially zero and gets no gradient. Negative values count from the
   * end. Default: none.
   */
  paddingIdx?: number;
  backend?: Backend;
}

const RANGES = { ...MODULE_RANGES, bound: optional(AT_LEAST_0), paddingIdx: optional(FINITE) };

/** A table of vectors, like torch.nn.Embedding: weight [vocabulary, features]. */
export class Embedding {
  readonly weight: Tensor;
  /** The id whose vector is not trained, counted from the start; undefined if there is none. */
  readonly paddingIdx: number | undefined;

  constructor(vocabulary: number, features: number, options: EmbeddingOptions) {
    const { rng, bound, paddingIdx, backend } = settle<EmbeddingOptions>("Embedding", RANGES, {}, options);
    checkSize("Embedding: vocabulary", vocabulary);
    checkSize("Embedding: features", features);
    const shape = [vocabulary, features];
    const row =
      paddingIdx === undefined ? undefined : paddingRow("Embedding: paddingIdx", paddingIdx, vocabulary);
    this.paddingIdx = row;
    this.weight = bound === undefined ? normal(shape, rng, backend) : uniform(shape, bound, rng, backend);
    if (row !== undefined) constant_(this.weight.view([features], row * features), 0);
  }

  /** ids [...] -> [..., features] */
  forward(ids: Tensor): Tensor {
    requireTensors("Embedding.forward", { ids });
    return embedding(ids, this.weight, { paddingIdx: this.paddingIdx });
  }
}

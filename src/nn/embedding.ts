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
  /** Initial values uniform in [-bound, bound). Default: standard normal, as torch.nn.Embedding. */
  bound?: number;
  /**
   * The id that only fills sequences up: its vector is zero at first, and no gradient changes it. From the end where
   * it is below 0. Default: none.
   */
  paddingIdx?: number;
  backend?: Backend;
}

const RANGES = { ...MODULE_RANGES, bound: optional(AT_LEAST_0), paddingIdx: optional(FINITE) };

/** A table of vectors, as torch.nn.Embedding: weight [vocabulary, features]. */
export class Embedding {
  readonly weight: Tensor;
  /** The id whose vector training leaves as it is, from the start; undefined: none. */
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

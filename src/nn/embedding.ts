import { requireTensors } from "../autograd/check.ts";
import { embedding } from "../autograd/ops/embedding.ts";
import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import { AT_LEAST_0, optional, settle } from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { normal, uniform } from "./init.ts";
import { checkSize, MODULE_RANGES } from "./options.ts";

export interface EmbeddingOptions {
  rng: Rng;
  /** Initial values uniform in [-bound, bound). Default: standard normal, as torch.nn.Embedding. */
  bound?: number;
  backend?: Backend;
}

const RANGES = { rng: MODULE_RANGES.rng, bound: optional(AT_LEAST_0), backend: MODULE_RANGES.backend };

/** A table of vectors, as torch.nn.Embedding: weight [vocabulary, features]. */
export class Embedding {
  readonly weight: Tensor;

  constructor(vocabulary: number, features: number, options: EmbeddingOptions) {
    const { rng, bound, backend } = settle<EmbeddingOptions>("Embedding", RANGES, {}, options);
    checkSize("Embedding: vocabulary", vocabulary);
    checkSize("Embedding: features", features);
    const shape = [vocabulary, features];
    this.weight = bound === undefined ? normal(shape, rng, backend) : uniform(shape, bound, rng, backend);
  }

  /** ids [...] -> [..., features] */
  forward(ids: Tensor): Tensor {
    requireTensors("Embedding.forward", { ids });
    return embedding(ids, this.weight);
  }
}

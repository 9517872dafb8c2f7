import { embedding } from "../autograd/ops/embedding.ts";
import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import type { Rng } from "../core/rng.ts";
import { normal } from "./init.ts";
import { checkSize } from "./options.ts";

/** A table of vectors, as torch.nn.Embedding: weight [vocabulary, features], standard normal. */
export class Embedding {
  readonly weight: Tensor;

  constructor(vocabulary: number, features: number, { rng, backend }: { rng: Rng; backend?: Backend }) {
    checkSize("Embedding: vocabulary", vocabulary);
    checkSize("Embedding: features", features);
    this.weight = normal([vocabulary, features], rng, backend);
  }

  /** ids [...] -> [..., features] */
  forward(ids: Tensor): Tensor {
    return embedding(ids, this.weight);
  }
}

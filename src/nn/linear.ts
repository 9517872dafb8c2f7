import { linear } from "../autograd/ops/linear.ts";
import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import type { Rng } from "../core/rng.ts";
import { uniform } from "./init.ts";
import { checkSize } from "./options.ts";

export interface LinearOptions {
  rng: Rng;
  bias?: boolean;
  backend?: Backend;
}

/** y = x W^T + b, as torch.nn.Linear: weight [outputs, inputs], uniform within 1 / sqrt(inputs). */
export class Linear {
  readonly weight: Tensor;
  readonly bias?: Tensor;

  constructor(inputs: number, outputs: number, { rng, bias = true, backend }: LinearOptions) {
    checkSize("Linear: inputs", inputs);
    checkSize("Linear: outputs", outputs);
    const bound = 1 / Math.sqrt(inputs);
    this.weight = uniform([outputs, inputs], bound, rng, backend);
    if (bias) this.bias = uniform([outputs], bound, rng, backend);
  }

  /** x [..., inputs] -> [..., outputs] */
  forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
}

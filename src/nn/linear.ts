import { requireFloats } from "../autograd/check.ts";
import { linear } from "../autograd/ops/linear.ts";
import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import { ShapeError } from "../core/errors.ts";
import { FLAG, optional, type Settled, settle } from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { checkShape } from "../core/shape.ts";
import { uniform } from "./init.ts";
import { checkSize, MODULE_RANGES, TENSOR } from "./options.ts";

export interface LinearOptions {
  rng: Rng;
  bias?: boolean;
  /**
   * [outputs, inputs]: a matrix shared with another module, such as an embedding (tied weights). Default: a new matrix.
   */
  weight?: Tensor;
  backend?: Backend;
}

type Settings = Settled<LinearOptions, "weight" | "backend">;

const RANGES = { ...MODULE_RANGES, bias: FLAG, weight: optional(TENSOR) };

/** y = x W^T + b, like torch.nn.Linear: weight [outputs, inputs], uniform within 1 / sqrt(inputs). */
export class Linear {
  readonly weight: Tensor;
  readonly bias?: Tensor;

  constructor(inputs: number, outputs: number, options: LinearOptions) {
    const { rng, bias, backend, weight } = settle<Settings>("Linear", RANGES, { bias: true }, options);
    checkSize("Linear: inputs", inputs);
    checkSize("Linear: outputs", outputs);
    const bound = 1 / Math.sqrt(inputs);
    if (weight !== undefined) {
      requireFloats("Linear", { weight });
      checkShape("Linear: weight", weight.shape, [
        ["outputs", outputs],
        ["inputs", inputs],
      ]);
    }
    const home = backend ?? weight?.backend;
    this.weight = weight ?? uniform([outputs, inputs], bound, rng, home);
    if (home !== undefined && this.weight.backend !== home) {
      throw new ShapeError(
        "Linear: weight",
        `on the backend of the layer (${home.name})`,
        this.weight.backend.name,
      );
    }
    if (bias) this.bias = uniform([outputs], bound, rng, home);
  }

  /** x [..., inputs] -> [..., outputs] */
  forward(x: Tensor): Tensor {
    requireFloats("Linear.forward", { x });
    return linear(x, this.weight, this.bias);
  }
}

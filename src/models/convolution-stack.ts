import { concat } from "../autograd/ops/concat.ts";
import { relu } from "../autograd/ops/functions.ts";
import { pad } from "../autograd/ops/pad.ts";
import { slice } from "../autograd/ops/slice.ts";
import { where } from "../autograd/ops/where.ts";
import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import type { Rng } from "../core/rng.ts";
import { Linear } from "../nn/linear.ts";
import { sequenceDropout } from "../nn/sequence-dropout.ts";

export interface ConvolutionStackSettings {
  /** Features of a step of the input. */
  readonly inputs: number;
  /** Filters of each width. */
  readonly filters: number;
  /** Steps that the filters look at. */
  readonly widths: readonly number[];
  readonly layers: number;
  /** Between layers. */
  readonly dropout: number;
  readonly variational: boolean;
}

/**
 * Layers of convolutions over time with a ReLU (Kim 2014, "Convolutional neural networks for sentence classification",
 * equation 2), of several widths side by side:
 *
 *     c_t = ReLU(w . x_{t-l : t-l+h} + b),  l = floor((h - 1) / 2)
 *
 * Around a sequence there are zeros, so that every step has a value and sequences shorter than a filter have one too.
 */
export class ConvolutionStack {
  /** By layer and width: weight [filters, width * inputs]. */
  readonly layers: Linear[][];
  private readonly settings: ConvolutionStackSettings;

  constructor(settings: ConvolutionStackSettings, options: { rng: Rng; backend?: Backend }) {
    const { inputs, filters, widths, layers } = settings;
    this.settings = settings;
    this.layers = Array.from({ length: layers }, (_, layer) => {
      const features = layer === 0 ? inputs : filters * widths.length;
      return widths.map((width) => new Linear(width * features, filters, options));
    });
  }

  /**
   * x [T, B, inputs] -> [T, B, filters * widths]
   * @param isStep integers [T, B, 1], 0 behind the end of a sequence, where the output is 0 too; undefined: no padding
   * @param rng of dropout; undefined: none
   */
  forward(x: Tensor, isStep: Tensor | undefined, rng: Rng | undefined): Tensor {
    const { widths, dropout, variational } = this.settings;
    let y = x;
    for (const [layer, filters] of this.layers.entries()) {
      if (layer > 0 && rng !== undefined) y = sequenceDropout(y, dropout, rng, variational);
      // What was computed behind the end of a sequence must not be seen from before it.
      if (isStep !== undefined) y = where(isStep, y, 0);
      const found = filters.map((filter, index) => filter.forward(stepsAround(y, widths[index])));
      y = relu(found.length === 1 ? found[0] : concat(found));
    }
    return isStep === undefined ? y : where(isStep, y, 0);
  }
}

/** x [T, B, F] -> [T, B, width * F]: at each step the steps around it, zeros beyond the ends. */
function stepsAround(x: Tensor, width: number): Tensor {
  if (width === 1) return x;
  const [steps] = x.shape;
  const before = Math.floor((width - 1) / 2);
  const around = pad(x, [
    [before, width - 1 - before],
    [0, 0],
    [0, 0],
  ]);
  return concat(Array.from({ length: width }, (_, at) => slice(around, 0, at, at + steps)));
}

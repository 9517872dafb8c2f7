import { requireFloats } from "../autograd/check.ts";
import { conv2d } from "../autograd/ops/conv2d.ts";
import { type Pair, pairOf, type WindowOptions } from "../autograd/ops/window.ts";
import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import { FLAG, type Range, type Settled, settle } from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { uniform } from "./init.ts";
import { checkSize, MODULE_RANGES } from "./options.ts";

export interface Conv2dOptions extends WindowOptions {
  rng: Rng;
  /** Whether to add a bias. Default: true. */
  bias?: boolean;
  backend?: Backend;
}

/** windowOver and pairOf check pairs and name the argument in their errors. */
const ANY: Range = { text: "a whole number, or two", fits: () => true };
const RANGES = { ...MODULE_RANGES, bias: FLAG, stride: ANY, padding: ANY };

/**
 * A two-dimensional convolution, like torch.nn.Conv2d: weight [O, C, kh, kw], bias [O], both uniform within 1 / sqrt(C
 * kh kw). Pooling is an op: `maxPool2d(conv.forward(x), 2)`.
 */
export class Conv2d {
  readonly weight: Tensor;
  readonly bias?: Tensor;
  /** Vertical and horizontal step of the window; rows and columns of zeros that are added on each side. */
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];

  /**
   * @param channels C, the number of input channels
   * @param outputs O, the number of output channels
   * @param kernel size of the window: one number for both, or [height, width]
   * @param options `stride` (default 1) and `padding` (default 0), each one number for both or [height, width]
   * @throws InputError, ShapeError for an invalid size; OutOfMemoryError
   */
  constructor(channels: number, outputs: number, kernel: Pair, options: Conv2dOptions) {
    const defaults = { bias: true, stride: 1, padding: 0 };
    const settings = settle<Settled<Conv2dOptions, "backend">>("Conv2d", RANGES, defaults, options);
    checkSize("Conv2d: channels", channels);
    checkSize("Conv2d: outputs", outputs);
    const [height, width] = pairOf("Conv2d: kernel", kernel, 1);
    this.stride = pairOf("Conv2d: stride", settings.stride, 1);
    this.padding = pairOf("Conv2d: padding", settings.padding, 0);
    const { rng, bias, backend } = settings;
    const bound = 1 / Math.sqrt(channels * height * width);
    this.weight = uniform([outputs, channels, height, width], bound, rng, backend);
    if (bias) this.bias = uniform([outputs], bound, rng, backend);
  }

  /**
   * x [N, C, H, W] -> [N, O, H', W'], H' = floor((H + 2 padding - kh) / stride) + 1
   * @throws ShapeError for another number of channels and for images smaller than the window
   */
  forward(x: Tensor): Tensor {
    requireFloats("Conv2d.forward", { x });
    return conv2d(x, this.weight, this.bias, { stride: this.stride, padding: this.padding });
  }
}

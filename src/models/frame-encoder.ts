import { relu } from "../autograd/ops/functions.ts";
import { maxPool2d } from "../autograd/ops/pool.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import type { Rng } from "../core/rng.ts";
import { Conv2d } from "../nn/conv2d.ts";
import { type ConvolutionSize, type ImageSize, KERNEL } from "./sequence-tagger-config.ts";

/** Each frame of pixels on its own: convolutions of 3 x 3, each with ReLU and pooling by 2, as one vector. */
export class FrameEncoder {
  readonly convolutions: readonly Conv2d[];
  private readonly image: ImageSize;

  /** @param sizes of the convolutions, at least one */
  constructor(
    image: ImageSize,
    sizes: readonly ConvolutionSize[],
    options: { readonly rng: Rng; readonly backend?: Backend },
  ) {
    this.image = image;
    this.convolutions = sizes.map(
      ({ channels, filters }) =>
        new Conv2d(channels, filters, KERNEL, { ...options, padding: Math.floor(KERNEL / 2) }),
    );
  }

  /** frames [N, C * H * W] -> [N, features] */
  forward(frames: Tensor): Tensor {
    const [count] = frames.shape;
    let x = reshape(frames, [count, ...this.image]);
    for (const convolution of this.convolutions) x = maxPool2d(relu(convolution.forward(x)), 2);
    return reshape(x, [count, x.size / count]);
  }
}

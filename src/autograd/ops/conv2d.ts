import { type Kernels, WORD } from "../../backend/backend.ts";
import type { Window } from "../../backend/kernel-arguments.ts";
import { REDUCE } from "../../backend/kernels.generated.ts";
import { scope } from "../../backend/scope.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { checkShape } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { product } from "../product.ts";
import { expandInto, reduceAxes } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";
import { checkImages, checkWindow, type WindowOptions, windowOver } from "./window.ts";

/**
 * Images are convolved in groups whose patches fit into this many bytes. Small images are grouped so that the product
 * is large enough to be fast; large images are processed one by one, because more patches would not fit into the
 * caches.
 */
const GROUP_BYTES = 2 ** 19;

/**
 * Two-dimensional convolution (cross-correlation, like torch.nn.functional.conv2d): x [N, C, H, W], weight [O, C, kh,
 * kw], bias [O] -> [N, O, H', W'], H' = floor((H + 2 padding - kh) / stride) + 1. For each group of images it is a
 * matrix product of the weight [O, C kh kw] and the patches of the group [C kh kw, images H' W']. Backward extracts the
 * patches again instead of storing them:
 *     y = W P + b,  dW = dy P^T,  dP = W^T dy (added at the position of each patch),  db = the sum of dy
 * @throws ShapeError if the shapes do not fit each other or the window does not fit the image; InputError for invalid
 * options
 */
export function conv2d(x: Tensor, weight: Tensor, bias?: Tensor, options: WindowOptions = {}): Tensor {
  checkWindow("conv2d", options);
  const { stride = 1, padding = 0 } = options;
  checkImages("conv2d", x);
  requireFloats("conv2d", { weight }, { bias });
  checkShape("conv2d: weight", weight.shape, [
    ["outputs", null],
    ["channels", x.shape[1]],
    ["kernelHeight", null],
    ["kernelWidth", null],
  ]);
  const [outputs, , kh, kw] = weight.shape;
  const { images, window } = windowOver("conv2d", x, [kh, kw], { stride, padding });
  if (bias !== undefined) checkShape("conv2d: bias", bias.shape, [["outputs", outputs]]);
  const kernels = kernelsOf("conv2d", x, weight, bias);
  const [oh, ow] = window.slice(-2);
  const y = empty([images, outputs, oh, ow]);
  const groups = groupsOf({ kernels, weight, images, window });
  for (const group of groups) scope(() => group.forward(y, x, bias));
  return record("conv2d", [x, weight, bias], y, (dy) => {
    const zeros = (tensor: Tensor) => {
      if (!tensor.needsGradient) return undefined;
      const gradient = empty(tensor.shape);
      kernels.fill(gradient.address, 0, gradient.size);
      return gradient;
    };
    const [dx, dWeight] = [zeros(x), zeros(weight)];
    for (const group of groups) {
      if (dWeight !== undefined) scope(() => group.addWeightGradient(dWeight, x, dy));
      if (dx !== undefined) scope(() => group.addInputGradient(dx, dy));
    }
    const dBias = bias?.needsGradient
      ? reduceAxes(kernels, REDUCE.sum, dy, [0, 2, 3]).view([outputs])
      : undefined;
    return [dx, dWeight, dBias];
  });
}

interface Convolution {
  readonly kernels: Kernels;
  readonly weight: Tensor;
  readonly images: number;
  /** The window over one image. */
  readonly window: Window;
}

function groupsOf(convolution: Convolution): Group[] {
  const { weight, images, window } = convolution;
  const [oh, ow] = window.slice(-2);
  const patches = Math.max((weight.size / Math.max(weight.shape[0], 1)) * oh * ow * WORD, 1);
  const count = Math.max(1, Math.floor(GROUP_BYTES / patches));
  return Array.from(
    { length: Math.ceil(images / count) },
    (_, i) => new Group(convolution, i * count, Math.min(count, images - i * count)),
  );
}

/** `count` images, starting with image `first`. */
class Group {
  private readonly kernels: Kernels;
  private readonly weight: Tensor;
  private readonly first: number;
  private readonly count: number;
  private readonly outputs: number;
  /** Number of elements of a patch, and number of patches of an image. */
  private readonly patch: number;
  private readonly area: number;
  /** The window over the planes of all images of the group. */
  private readonly window: Window;

  constructor({ kernels, weight, window }: Convolution, first: number, count: number) {
    const [outputs, channels, kh, kw] = weight.shape;
    const [, height, width, , , sh, sw, ph, pw, oh, ow] = window;
    this.kernels = kernels;
    this.weight = weight;
    this.first = first;
    this.count = count;
    this.outputs = outputs;
    this.patch = channels * kh * kw;
    this.area = oh * ow;
    this.window = [count * channels, height, width, kh, kw, sh, sw, ph, pw, oh, ow];
  }

  forward(y: Tensor, x: Tensor, bias: Tensor | undefined): void {
    const { outputs, patch, count, area } = this;
    const place = this.partOf(y);
    const sums = count === 1 ? place : empty([outputs, count * area]);
    const sizes = { m: outputs, n: count * area, k: patch };
    if (bias !== undefined) {
      expandInto(this.kernels, sums.view([outputs, count * area]), bias.view([outputs, 1]));
    }
    product(this.kernels, sums, [this.weight, this.patchesOf(x)], sizes, { adds: bias !== undefined });
    if (count > 1) this.kernels.swap_axes(place.address, sums.address, outputs, count, area);
  }

  addWeightGradient(dWeight: Tensor, x: Tensor, dy: Tensor): void {
    const { outputs, patch, count, area } = this;
    const sizes = { m: outputs, n: patch, k: count * area, transposeB: true };
    product(this.kernels, dWeight, [this.channelsFirst(dy, outputs), this.patchesOf(x)], sizes, {
      adds: true,
    });
  }

  addInputGradient(dx: Tensor, dy: Tensor): void {
    const { kernels, outputs, patch, count, area } = this;
    const sizes = { m: patch, n: count * area, k: outputs, transposeA: true };
    const patches = empty([patch, count, area]);
    product(kernels, patches, [this.weight, this.channelsFirst(dy, outputs)], sizes);
    const columns = count === 1 ? patches : empty([count, patch, area]);
    if (count > 1) kernels.swap_axes(columns.address, patches.address, patch, count, area);
    kernels.col2im(this.partOf(dx).address, columns.address, ...this.window);
  }

  /** The patches of all images, [patch, count, area]. */
  private patchesOf(x: Tensor): Tensor {
    const { kernels, patch, count, area } = this;
    const columns = empty([count, patch, area]);
    kernels.im2col(columns.address, this.partOf(x).address, ...this.window);
    return this.swapped(columns, patch);
  }

  /** The group's part of a tensor [N, rows, area], as [rows, count, area]. */
  private channelsFirst(all: Tensor, rows: number): Tensor {
    return this.swapped(this.partOf(all), rows);
  }

  private swapped(x: Tensor, rows: number): Tensor {
    const { kernels, count, area } = this;
    if (count === 1) return x;
    const y = empty([rows, count, area]);
    kernels.swap_axes(y.address, x.address, count, rows, area);
    return y;
  }

  /** The group's part of a tensor [N, ...]. */
  private partOf(all: Tensor): Tensor {
    const size = all.size / all.shape[0];
    return all.view([this.count, size], this.first * size);
  }
}

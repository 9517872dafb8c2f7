import type { Window } from "../../backend/kernel-arguments.ts";
import { REDUCE } from "../../backend/kernels.generated.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { expand, reduceAxes, scaled } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";
import { checkImages, checkWindow, type Pair, type WindowOptions, windowOver } from "./window.ts";

function plan(op: string, x: Tensor, kernel: Pair, options: WindowOptions) {
  checkImages(op, x);
  checkWindow(op, options);
  const { stride = kernel, padding = 0 } = options;
  const { images, window } = windowOver(op, x, kernel, { stride, padding });
  const [channels, height, width, kh, kw, , , ph, pw, oh, ow] = window;
  if (ph > kh / 2 || pw > kw / 2) {
    throw new ShapeError(`${op}: padding`, `at most half of the kernel [${kh}, ${kw}]`, `[${ph}, ${pw}]`);
  }
  const planes = images * channels;
  const all: Window = [planes, ...(window.slice(1) as unknown as Tail)];
  return {
    window: all,
    planes,
    area: height * width,
    cells: kh * kw,
    outputs: oh * ow,
    shape: [images, channels, oh, ow],
  };
}

type Tail = Window extends readonly [number, ...infer Rest] ? Rest : never;

/**
 * Maximum over a sliding window, like torch.nn.functional.max_pool2d: x [N, C, H, W] -> [N, C, H', W']. The default
 * stride is the size of the kernel. Padding is never selected; NaN always is. dy flows to the first of equal elements.
 */
export function maxPool2d(x: Tensor, kernel: Pair, options: WindowOptions = {}): Tensor {
  const { window, planes, area, outputs, shape } = plan("maxPool2d", x, kernel, options);
  const kernels = kernelsOf("maxPool2d", x);
  const [y, argmax] = [empty(shape), empty(shape, "i32")];
  kernels.max_pool(y.address, argmax.address, x.address, ...window);
  return record("maxPool2d", [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.fill(dx.address, 0, dx.size);
    kernels.scatter_add_along(dx.address, dy.address, argmax.address, planes, area, outputs);
    return [dx];
  });
}

/**
 * Mean over a sliding window, like torch.nn.functional.avg_pool2d; padding counts as zeros. The default stride is the
 * size of the kernel. Every element receives dy / (kh kw) from each window that contains it.
 */
export function avgPool2d(x: Tensor, kernel: Pair, options: WindowOptions = {}): Tensor {
  const { window, planes, cells, outputs, shape } = plan("avgPool2d", x, kernel, options);
  const kernels = kernelsOf("avgPool2d", x);
  const columns = empty([planes, cells, outputs]);
  kernels.im2col(columns.address, x.address, ...window);
  const y = scaled(kernels, reduceAxes(kernels, REDUCE.sum, columns, [1]), 1 / cells).view(shape);
  return record("avgPool2d", [x], y, (dy) => {
    const share = scaled(kernels, dy, 1 / cells).view([planes, 1, outputs]);
    const spread = expand(kernels, share, columns.shape);
    const dx = empty(x.shape);
    kernels.fill(dx.address, 0, dx.size);
    kernels.col2im(dx.address, spread.address, ...window);
    return [dx];
  });
}

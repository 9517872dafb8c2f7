import { WORD } from "../../backend/backend.ts";
import { REDUCE } from "../../backend/kernels.generated.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { checkShape } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { expand, reduceAxes } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";
import { checkImages, checkWindow, type WindowOptions, windowOver } from "./window.ts";

/**
 * Two-dimensional convolution (cross-correlation, as torch.nn.functional.conv2d): x [N, C, H, W], weight
 * [O, C, kh, kw], bias [O] -> [N, O, H', W'], H' = floor((H + 2 padding - kh) / stride) + 1.
 *
 * Image by image a matrix product of the weight [O, C kh kw] with the patches [C kh kw, H' W'], which are cut out again
 * in backward instead of being kept:
 *
 *     y = W P + b,  dW = dy P^T,  dP = W^T dy (added where each patch was),  db = the sum of dy
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
  const [outputs, channels, kh, kw] = weight.shape;
  const { images, window } = windowOver("conv2d", x, [kh, kw], { stride, padding });
  if (bias !== undefined) checkShape("conv2d: bias", bias.shape, [["outputs", outputs]]);
  const kernels = kernelsOf("conv2d", x, weight, bias);
  const [oh, ow] = window.slice(-2);
  const [patch, area] = [channels * kh * kw, oh * ow];
  const [sizeX, sizeY] = [x.size / Math.max(images, 1), outputs * area];
  const shape = [images, outputs, oh, ow];
  const image = (tensor: Tensor, size: number, i: number) => tensor.address + i * size * WORD;

  const columns = empty([patch, area]);
  const scratch = empty([kernels.gemm_scratch(outputs, area, patch)]);
  const y = bias === undefined ? empty(shape) : expand(kernels, bias.view([1, outputs, 1, 1]), shape);
  const start = bias === undefined ? 0 : 1;
  for (let i = 0; i < images; i++) {
    kernels.im2col(columns.address, image(x, sizeX, i), ...window);
    const sizes = [outputs, area, patch, 0, 0, start, scratch.address] as const;
    kernels.gemm(image(y, sizeY, i), weight.address, columns.address, 0, ...sizes);
  }
  return record("conv2d", [x, weight, bias], y.view(shape), (dy) => {
    const zeros = (tensor: Tensor) => {
      if (!tensor.needsGradient) return undefined;
      const gradient = empty(tensor.shape);
      kernels.fill(gradient.address, 0, gradient.size);
      return gradient;
    };
    const [dx, dWeight] = [zeros(x), zeros(weight)];
    const room = empty([
      Math.max(kernels.gemm_scratch(outputs, patch, area), kernels.gemm_scratch(patch, area, outputs)),
    ]);
    const patches = empty([patch, area]);
    for (let i = 0; i < images; i++) {
      const dyi = image(dy, sizeY, i);
      if (dWeight !== undefined) {
        kernels.im2col(patches.address, image(x, sizeX, i), ...window);
        const sizes = [outputs, patch, area, 0, 1, 1, room.address] as const;
        kernels.gemm(dWeight.address, dyi, patches.address, 0, ...sizes);
      }
      if (dx !== undefined) {
        const sizes = [patch, area, outputs, 1, 0, 0, room.address] as const;
        kernels.gemm(patches.address, weight.address, dyi, 0, ...sizes);
        kernels.col2im(image(dx, sizeX, i), patches.address, ...window);
      }
    }
    const dBias = bias?.needsGradient
      ? reduceAxes(kernels, REDUCE.sum, dy, [0, 2, 3]).view([outputs])
      : undefined;
    return [dx, dWeight, dBias];
  });
}

import { empty, type Tensor } from "../../backend/tensor.ts";
import { checkShape, sizeOf } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { kernelsOf, record } from "../tape.ts";

/**
 * y = x W^T + b over the last axis: x [..., I], weight [O, I], bias [O] -> y [..., O].
 *
 *     dx = dy W,  dW = dy^T x,  db = the sum of dy over all rows
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  requireFloats("linear", { x, weight }, { bias });
  const [outputs, inputs] = weight.shape;
  const rows = inputs === 0 ? sizeOf(x.shape.slice(0, -1)) : x.size / inputs;
  checkShape("linear: weight", weight.shape, [
    ["outputs", null],
    ["inputs", null],
  ]);
  checkShape("linear: x", x.shape, [
    ...x.shape.slice(0, -1).map((n, i) => [`axis${i}`, n] as const),
    ["features", inputs],
  ]);
  if (bias !== undefined) checkShape("linear: bias", bias.shape, [["outputs", outputs]]);
  const kernels = kernelsOf("linear", x, weight, bias);
  const product = (c: Tensor, a: Tensor, b: Tensor, start: Tensor | undefined, sizes: Sizes) => {
    const [m, n, k, transposeA, transposeB] = sizes;
    const scratch = empty([kernels.gemm_scratch(m, n, k)]);
    kernels.gemm(
      c.address,
      a.address,
      b.address,
      start?.address ?? 0,
      m,
      n,
      k,
      transposeA,
      transposeB,
      0,
      scratch.address,
    );
  };
  const y = empty([...x.shape.slice(0, -1), outputs]);
  product(y, x, weight, bias, [rows, outputs, inputs, 0, 1]);
  return record("linear", [x, weight, bias], y, (dy) => {
    const dx = x.needsGradient ? empty(x.shape) : undefined;
    if (dx !== undefined) product(dx, dy, weight, undefined, [rows, inputs, outputs, 0, 0]);
    const dWeight = weight.needsGradient ? empty(weight.shape) : undefined;
    if (dWeight !== undefined) product(dWeight, dy, x, undefined, [outputs, inputs, rows, 1, 0]);
    const dBias = bias?.needsGradient ? empty(bias.shape) : undefined;
    if (dBias !== undefined) kernels.sum_rows(dBias.address, dy.address, rows, outputs);
    return [dx, dWeight, dBias];
  });
}

/** m, n, k, transposeA, transposeB of a product [m, k] x [k, n]. */
type Sizes = readonly [number, number, number, number, number];

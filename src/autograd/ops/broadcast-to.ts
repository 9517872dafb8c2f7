import type { Tensor } from "../../backend/tensor.ts";
import { broadcastShape } from "../../core/broadcast.ts";
import { ShapeError } from "../../core/errors.ts";
import { checkSizes, type Shape, sameShape, showShape } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { expand, sumTo } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";

/**
 * x broadcast to `shape` by NumPy's rules: axes of size 1 and missing leading axes are repeated. The gradient is summed
 * over the repeated axes. Elementwise ops broadcast automatically.
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  requireFloats("broadcastTo", { x });
  checkSizes("broadcastTo: shape", shape);
  const kernels = kernelsOf("broadcastTo", x);
  if (!sameShape(broadcastShape("broadcastTo", { shape, x: x.shape }), shape)) {
    throw new ShapeError("broadcastTo: x", `broadcastable to ${showShape(shape)}`, showShape(x.shape));
  }
  const expanded = expand(kernels, x, shape);
  const y = expanded === x ? x.view(shape) : expanded;
  return record("broadcastTo", [x], y, (dy) => [sumTo(kernels, dy, x.shape)]);
}

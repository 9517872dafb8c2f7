import { empty, type Tensor } from "../../backend/tensor.ts";
import { axisOf } from "../../core/broadcast.ts";
import { requireFloats } from "../check.ts";
import { kernelsOf, record } from "../tape.ts";
import { swapAxes } from "./time.ts";

function alongAxis(op: "softmax" | "logSoftmax", x: Tensor, axis: number): Tensor {
  requireFloats(op, { x });
  const last = x.shape.length - 1;
  const at = axisOf(op, axis, x.shape);
  if (at !== last) return swapAxes(alongAxis(op, swapAxes(x, at, last), last), at, last);
  const kernels = kernelsOf(op, x);
  const n = x.shape[last];
  const rows = n === 0 ? 0 : x.size / n;
  const logarithm = op === "logSoftmax" ? 1 : 0;
  const y = empty(x.shape);
  kernels.softmax(y.address, x.address, logarithm, rows, n);
  return record(op, [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.softmax_backward(dx.address, dy.address, y.address, logarithm, rows, n);
    return [dx];
  });
}

/**
 * exp(x) / sum exp(x) along an axis, by default the last. Set positions that must not count to -infinity before:
 * `softmax(where(valid, scores, -Infinity))`. If all positions are -infinity the result is NaN, as in PyTorch. dx = y
 * (dy - sum(dy y)).
 */
export function softmax(x: Tensor, axis = -1): Tensor {
  return alongAxis("softmax", x, axis);
}

/**
 * log(softmax(x)) along an axis, by default the last; accurate even where softmax is tiny. dx = dy - exp(y) sum(dy).
 */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return alongAxis("logSoftmax", x, axis);
}

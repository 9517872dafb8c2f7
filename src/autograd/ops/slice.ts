import { empty, type Tensor } from "../../backend/tensor.ts";
import { axisOf } from "../../core/broadcast.ts";
import { ShapeError } from "../../core/errors.ts";
import { showShape, sizeOf } from "../../core/shape.ts";
import { showValue } from "../../core/show-value.ts";
import { requireTensors } from "../check.ts";
import { kernelsOf, record } from "../tape.ts";

/**
 * Elements `start` to `end` (exclusive) of one axis: x [..., n, ...] -> [..., end - start, ...]. The gradient is dy at
 * those elements and zero elsewhere.
 */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  requireTensors("slice", { x });
  const at = axisOf("slice", axis, x.shape);
  const length = x.shape[at];
  if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end && end <= length)) {
    const range = `[${showValue(start)}, ${showValue(end)})`;
    throw new ShapeError(`slice: ${range}`, `inside axis ${at} of ${showShape(x.shape)}`, range);
  }
  const kernels = kernelsOf("slice", x);
  const rows = sizeOf(x.shape.slice(0, at));
  const inner = sizeOf(x.shape.slice(at + 1));
  const [from, to] = [length * inner, (end - start) * inner];
  const offset = start * inner;
  const y = empty(x.shape.with(at, end - start), x.dtype);
  kernels.copy_rows(y.address, to, x.view([x.size - offset], offset).address, from, rows, to);
  return record("slice", [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.fill(dx.address, 0, dx.size);
    kernels.copy_rows(dx.view([dx.size - offset], offset).address, from, dy.address, to, rows, to);
    return [dx];
  });
}

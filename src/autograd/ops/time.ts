import { empty, type Tensor } from "../../backend/tensor.ts";
import { axisOf } from "../../core/broadcast.ts";
import { ShapeError } from "../../core/errors.ts";
import { sameShape, showShape } from "../../core/shape.ts";
import { showValue } from "../../core/show-value.ts";
import { requireTensorList, requireTensors } from "../check.ts";
import { kernelsOf, record } from "../tape.ts";
import { concat } from "./concat.ts";
import { permute } from "./permute.ts";
import { reshape } from "./reshape.ts";

/** x[index]: one entry of the first axis, [n, ...] -> [...]. The gradient is dy there and zero elsewhere. */
export function select(x: Tensor, index: number): Tensor {
  requireTensors("select", { x });
  const [length, ...shape] = x.shape;
  if (!(Number.isInteger(index) && index >= 0 && index < (length ?? 0))) {
    throw new ShapeError("select: index", `in [0, ${length ?? 0})`, showValue(index));
  }
  const y = empty(shape, x.dtype);
  const kernels = kernelsOf("select", x);
  kernels.copy(y.address, x.view(shape, index * y.size).address, y.size);
  return record("select", [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.fill(dx.address, 0, dx.size);
    kernels.copy(dx.view(shape, index * dy.size).address, dy.address, dy.size);
    return [dx];
  });
}

/** Tensors of one shape along a new axis, the first unless given: n of [...] -> [n, ...]. Each gets its part of dy. */
export function stack(parts: readonly Tensor[], axis = 0): Tensor {
  requireTensorList("stack: parts", parts);
  const [first] = parts;
  for (const { shape, dtype } of parts) {
    if (!sameShape(shape, first.shape)) {
      throw new ShapeError("stack: parts", `all ${showShape(first.shape)}`, showShape(shape));
    }
    if (dtype !== first.dtype) throw new ShapeError("stack: parts", `all ${first.dtype}`, dtype);
  }
  const at = axisOf("stack", axis, [parts.length, ...first.shape]);
  if (at > 0) {
    const shape = first.shape.toSpliced(at, 0, 1);
    return concat(
      parts.map((part) => reshape(part, shape)),
      at,
    );
  }
  const kernels = kernelsOf("stack", ...parts);
  const y = empty([parts.length, ...first.shape], first.dtype);
  for (const [index, part] of parts.entries()) {
    kernels.copy(y.view(part.shape, index * part.size).address, part.address, part.size);
  }
  return record("stack", parts, y, (dy) =>
    parts.map((part, index) => dy.view(part.shape, index * part.size)),
  );
}

/**
 * Two axes exchanged, the first two unless given: [A, B, ...] -> [B, A, ...], batch-first to time-major and back. Its
 * gradient is swapped back.
 */
export function swapAxes(x: Tensor, first = 0, second = 1): Tensor {
  requireTensors("swapAxes", { x });
  if (x.shape.length < 2) {
    throw new ShapeError("swapAxes: x", "a tensor with two axes or more", showShape(x.shape));
  }
  const [i, j] = [axisOf("swapAxes", first, x.shape), axisOf("swapAxes", second, x.shape)];
  if (i + j !== 1) {
    const order = [...x.shape.keys()];
    return permute(x, order.with(i, j).with(j, i));
  }
  const [a, b, ...rest] = x.shape;
  const inner = x.size === 0 ? 0 : x.size / (a * b);
  const kernels = kernelsOf("swapAxes", x);
  const y = empty([b, a, ...rest], x.dtype);
  kernels.swap_axes(y.address, x.address, a, b, inner);
  return record("swapAxes", [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.swap_axes(dx.address, dy.address, b, a, inner);
    return [dx];
  });
}

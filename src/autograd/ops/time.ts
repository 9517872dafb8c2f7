import { empty, type Tensor } from "../../backend/tensor.ts";
import { axisOf } from "../../core/broadcast.ts";
import { ShapeError } from "../../core/errors.ts";
import { sameShape, showShape, sizeOf } from "../../core/shape.ts";
import { showValue } from "../../core/show-value.ts";
import { requireTensorList, requireTensors } from "../check.ts";
import { kernelsOf, record, recordAll } from "../tape.ts";
import { permute } from "./permute.ts";

/** x[index]: one entry of the first axis, [n, ...] -> [...]. The gradient is dy at that entry and zero elsewhere. */
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

/**
 * Splits x along an axis, by default the first, into n tensors: [..., n, ...] -> n of [..., ...], like torch.unbind. It
 * is the inverse of stack, for loops over the steps of a sequence. Along the first axis it takes no memory; along
 * others all parts together take as much memory as x. The same holds for the gradients, which are zero where none
 * flowed.
 */
export function unstack(x: Tensor, axis = 0): Tensor[] {
  requireTensors("unstack", { x });
  if (x.shape.length === 0) throw new ShapeError("unstack: x", "a tensor with one axis or more", "[]");
  const at = axisOf("unstack", axis, x.shape);
  const kernels = kernelsOf("unstack", x);
  const shape = x.shape.toSpliced(at, 1);
  const [count, outer, inner] = [x.shape[at], sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at + 1))];
  let all = x;
  if (at > 0) {
    all = empty([count, ...shape], x.dtype);
    kernels.swap_axes(all.address, x.address, outer, count, inner);
  }
  const parts = Array.from({ length: count }, (_, i) => all.view(shape, i * outer * inner));
  recordAll("unstack", [x], parts, (gradients) => {
    const dx = empty(x.shape);
    if (gradients.includes(undefined)) kernels.fill(dx.address, 0, dx.size);
    for (const [i, dy] of gradients.entries()) {
      if (dy === undefined || dy.size === 0) continue;
      const place = dx.view([dx.size - i * inner], i * inner).address;
      kernels.copy_rows(place, count * inner, dy.address, inner, outer, inner);
    }
    return [dx];
  });
  return parts;
}

/**
 * Stacks tensors of one shape along a new axis, by default the first: n of [...] -> [n, ...]. The gradient of each
 * tensor is its part of dy.
 */
export function stack(parts: readonly Tensor[], axis = 0): Tensor {
  requireTensorList("stack: parts", parts);
  const [first] = parts;
  for (const { shape, dtype } of parts) {
    if (!sameShape(shape, first.shape)) {
      throw new ShapeError("stack: parts", `all ${showShape(first.shape)}`, showShape(shape));
    }
    if (dtype !== first.dtype) throw new ShapeError("stack: parts", `all ${first.dtype}`, dtype);
  }
  const count = parts.length;
  const at = axisOf("stack", axis, [count, ...first.shape]);
  const kernels = kernelsOf("stack", ...parts);
  const [outer, inner] = [sizeOf(first.shape.slice(0, at)), sizeOf(first.shape.slice(at))];
  const y = empty(first.shape.toSpliced(at, 0, count), first.dtype);
  const placeIn = (all: Tensor, i: number) => all.view([all.size - i * inner], i * inner).address;
  for (const [i, part] of parts.entries()) {
    if (part.size === 0) continue;
    kernels.copy_rows(placeIn(y, i), count * inner, part.address, inner, outer, inner);
  }
  return record("stack", parts, y, (dy) =>
    parts.map((part, i) => {
      if (!part.needsGradient) return undefined;
      if (at === 0) return dy.view(part.shape, i * part.size);
      const dx = empty(part.shape);
      if (dx.size > 0) kernels.copy_rows(dx.address, inner, placeIn(dy, i), count * inner, outer, inner);
      return dx;
    }),
  );
}

/**
 * Swaps two axes, by default the first two: [A, B, ...] -> [B, A, ...], for example batch-first to time-major and back.
 * The gradient is swapped back.
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

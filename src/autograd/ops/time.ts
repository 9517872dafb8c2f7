import { empty, type Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { sameShape, showShape } from "../../core/shape.ts";
import { kernelsOf, record, recordAll } from "../tape.ts";

/** x[index]: one entry of the first axis, [n, ...] -> [...]. The gradient is dy there and zero elsewhere. */
export function select(x: Tensor, index: number): Tensor {
  const [length, ...shape] = x.shape;
  if (!(Number.isInteger(index) && index >= 0 && index < (length ?? 0))) {
    throw new ShapeError("select: index", `in [0, ${length})`, `${index}`);
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
 * x cut along its first axis into parts of the given numbers of rows, which add up to all: [N, ...] -> [n, ...] each.
 * Nothing is copied. The gradient is that of each part in its place, zero where none flowed.
 */
export function splitRows(x: Tensor, counts: readonly number[]): Tensor[] {
  const [rows = 0, ...rest] = x.shape;
  const width = x.size / Math.max(rows, 1);
  if (counts.some((count) => !Number.isInteger(count) || count < 1) || sumOf(counts) !== rows) {
    throw new ShapeError("splitRows: counts", `whole numbers that add up to ${rows}`, showShape(counts));
  }
  let first = 0;
  const parts = counts.map((count) => {
    first += count;
    return x.view([count, ...rest], (first - count) * width);
  });
  recordAll("splitRows", [x], parts, (gradients) => {
    const dx = empty(x.shape);
    const { kernels } = dx.backend;
    let at = 0;
    for (const [index, count] of counts.entries()) {
      const part = dx.view([count * width], at);
      const gradient = gradients[index];
      if (gradient === undefined) kernels.fill(part.address, 0, part.size);
      else kernels.copy(part.address, gradient.address, part.size);
      at += part.size;
    }
    return [dx];
  });
  return parts;
}

const sumOf = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

/** Tensors of one shape along a new first axis: n of [...] -> [n, ...]. Each gets its part of dy. */
export function stack(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (first === undefined) throw new ShapeError("stack: parts", "at least one tensor", "none");
  for (const part of parts) {
    if (!sameShape(part.shape, first.shape)) {
      throw new ShapeError("stack: parts", `all ${showShape(first.shape)}`, showShape(part.shape));
    }
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

/** [A, B, ...] -> [B, A, ...]: batch-first to time-major and back. Its gradient is swapped back. */
export function swapAxes(x: Tensor): Tensor {
  const [a, b, ...rest] = x.shape;
  if (a === undefined || b === undefined) {
    throw new ShapeError("swapAxes: x", "a tensor with two axes or more", showShape(x.shape));
  }
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

import { empty, type Tensor } from "../../backend/tensor.ts";
import { axisOf } from "../../core/broadcast.ts";
import { ShapeError } from "../../core/errors.ts";
import { sameShape, showShape, sizeOf } from "../../core/shape.ts";
import { showValue } from "../../core/show-value.ts";
import { requireTensorList, requireTensors } from "../check.ts";
import { kernelsOf, record } from "../tape.ts";
import { slice } from "./slice.ts";

/**
 * Concatenates tensors along an axis, by default the last: [..., n1, ...], [..., n2, ...] -> [..., n1 + n2, ...]. The
 * gradient of each tensor is its part of dy.
 * @throws ShapeError if another axis or the dtype differs
 */
export function concat(parts: readonly Tensor[], axis = -1): Tensor {
  requireTensorList("concat: parts", parts);
  const [first] = parts;
  const at = axisOf("concat", axis, first.shape);
  const kernels = kernelsOf("concat", ...parts);
  for (const [i, { shape, dtype }] of parts.entries()) {
    const fits =
      shape.length === first.shape.length && sameShape(shape.with(at, first.shape[at]), first.shape);
    if (!fits || dtype !== first.dtype) {
      const wanted = first.shape.map((size, j) => (j === at ? "n" : size)).join(", ");
      throw new ShapeError(`concat: part ${i}`, `[${wanted}] ${first.dtype}`, `${showShape(shape)} ${dtype}`);
    }
  }
  const total = parts.reduce((sum, part) => sum + part.shape[at], 0);
  const rows = sizeOf(first.shape.slice(0, at));
  const inner = sizeOf(first.shape.slice(at + 1));
  const y = empty(first.shape.with(at, total), first.dtype);
  const wide = total * inner;
  const offsets: number[] = [];
  let offset = 0;
  for (const part of parts) {
    const columns = part.shape[at] * inner;
    offsets.push(offset);
    if (part.size > 0) {
      const place = y.view([y.size - offset], offset).address;
      kernels.copy_rows(place, wide, part.address, columns, rows, columns);
    }
    offset += columns;
  }
  return record("concat", parts, y, (dy) =>
    parts.map((part, i) => {
      if (!part.needsGradient) return undefined;
      const dx = empty(part.shape);
      const columns = part.shape[at] * inner;
      if (part.size > 0) {
        const place = dy.view([dy.size - offsets[i]], offsets[i]).address;
        kernels.copy_rows(dx.address, columns, place, wide, rows, columns);
      }
      return dx;
    }),
  );
}

/** One tensor per size. For a literal array the type has a fixed length, so that no element may be undefined. */
export type Pieces<Sizes extends readonly number[]> = { -readonly [Index in keyof Sizes]: Tensor };

/**
 * Splits x along an axis, by default the last, into pieces of the given sizes. It is the inverse of concat.
 * @throws ShapeError unless the sizes add up to the size of the axis
 */
export function split<const Sizes extends readonly number[]>(
  x: Tensor,
  sizes: Sizes,
  axis = -1,
): Pieces<Sizes> {
  requireTensors("split", { x });
  const at = axisOf("split", axis, x.shape);
  if (!addUpTo(sizes, x.shape[at])) {
    const expected = `whole numbers from 1 up that add up to axis ${at} of ${showShape(x.shape)}`;
    throw new ShapeError("split: sizes", expected, showValue(sizes));
  }
  let start = 0;
  const pieces = sizes.map((size) => {
    start += size;
    return slice(x, at, start - size, start);
  });
  return pieces as Pieces<Sizes>;
}

/** Whether `counts` is an array of integers of at least 1 that add up to `total`. */
export function addUpTo(counts: unknown, total: number): boolean {
  if (!Array.isArray(counts)) return false;
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    const count: unknown = counts[i];
    if (!(Number.isInteger(count) && (count as number) > 0)) return false;
    sum += count as number;
  }
  return sum === total;
}

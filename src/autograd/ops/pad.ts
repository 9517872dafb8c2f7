import { WORD } from "../../backend/backend.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { denseStrides } from "../../core/broadcast.ts";
import { ShapeError } from "../../core/errors.ts";
import { checkValue, NUMBER } from "../../core/options.ts";
import { type Shape, showShape } from "../../core/shape.ts";
import { showValue } from "../../core/show-value.ts";
import { requireFloats } from "../check.ts";
import { moveStrided } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";

/** Elements before and after an axis. */
export type Pairs = readonly (readonly [before: number, after: number])[];

function arePairs(pads: unknown): pads is Pairs {
  const isCount = (n: unknown) => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(pads)) return false;
  // Not `every`, which skips holes.
  return Array.from(pads, (pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isCount)).every(
    Boolean,
  );
}

/**
 * Pads x with `value`. The gradient is the inner part of dy.
 * @param pads pads[i] is the number of elements before and after axis i. Axes without a pair are not padded; missing
 * pairs are those of the leading axes
 * @throws ShapeError unless the pads are integers of at least 0, with at most one pair per axis
 */
export function pad(x: Tensor, pads: Pairs, value = 0): Tensor {
  requireFloats("pad", { x });
  if (!arePairs(pads) || pads.length > x.shape.length) {
    const got = Array.isArray(pads) ? pads.map((pair) => showValue(pair)).join(", ") : showValue(pads);
    throw new ShapeError("pad: pads", `pairs of whole numbers for axes of ${showShape(x.shape)}`, got);
  }
  checkValue("pad: value", NUMBER, value);
  const missing = x.shape.length - pads.length;
  const all = x.shape.map((_, axis): Pairs[number] => pads[axis - missing] ?? [0, 0]);
  const shape: Shape = x.shape.map((size, axis) => size + all[axis][0] + all[axis][1]);
  const kernels = kernelsOf("pad", x);
  const [outer, inner] = [denseStrides(shape), denseStrides(x.shape)];
  const start = all.reduce((offset, [before], axis) => offset + before * outer[axis], 0) * WORD;
  const y = empty(shape);
  kernels.fill(y.address, value, y.size);
  const place = { address: y.address + start, strides: outer };
  moveStrided(kernels, x.shape, place, { address: x.address, strides: inner });
  return record("pad", [x], y, (dy) => {
    const dx = empty(x.shape);
    const inside = { address: dy.address + start, strides: outer };
    moveStrided(kernels, x.shape, { address: dx.address, strides: inner }, inside);
    return [dx];
  });
}

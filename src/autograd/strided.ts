/**
 * Arithmetic that the tape does not record, with which ops implement forward and backward. Broadcasting is a stride of
 * 0, and a permutation reorders strides. The kernels take four axes; this module reduces any number of axes to four.
 */
import { type Address, type Kernels, WORD } from "../backend/backend.ts";
import type { Four } from "../backend/kernel-arguments.ts";
import { BINARY, REDUCE, TERNARY } from "../backend/kernels.generated.ts";
import { empty, type Tensor } from "../backend/tensor.ts";
import { broadcastStrides } from "../core/broadcast.ts";
import { type Shape, sameShape, sizeOf } from "../core/shape.ts";

type Strides = readonly number[];

/** Drops axes of size 1, and merges adjacent axes that are contiguous in every operand. */
export function collapse(
  shape: Shape,
  operands: readonly Strides[],
): { sizes: number[]; strides: number[][] } {
  const sizes: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis];
    if (size === 1) continue;
    const last = sizes.length - 1;
    const merges = last >= 0 && operands.every((own, i) => strides[i][last] === own[axis] * size);
    if (merges) sizes[last] *= size;
    else sizes.push(size);
    for (let i = 0; i < operands.length; i++) strides[i][merges ? last : last + 1] = operands[i][axis];
  }
  return { sizes, strides };
}

/** The last four values, padded at the front with `fill`. */
function four(values: readonly number[], fill: number): Four {
  const last = values.slice(-4);
  while (last.length < 4) last.unshift(fill);
  return last as unknown as Four;
}

/**
 * Runs a kernel over operands with any number of axes: once, or once for each index of the axes before the last four.
 * @param run receives the offset of each operand in words, the sizes and the strides
 */
export function forEachBlock(
  shape: Shape,
  operands: readonly Strides[],
  run: (offsets: readonly number[], sizes: Four, strides: readonly Four[]) => void,
): void {
  if (sizeOf(shape) === 0) return;
  const { sizes, strides } = collapse(shape, operands);
  const inner = four(sizes, 1);
  const innerStrides = strides.map((own) => four(own, 0));
  const origin = operands.map(() => 0);
  if (sizes.length <= 4) {
    run(origin, inner, innerStrides);
    return;
  }
  const visit = (axis: number, offsets: readonly number[]): void => {
    if (axis === sizes.length - 4) {
      run(offsets, inner, innerStrides);
      return;
    }
    for (let i = 0; i < sizes[axis]; i++) {
      visit(
        axis + 1,
        offsets.map((offset, operand) => offset + i * strides[operand][axis]),
      );
    }
  };
  visit(0, origin);
}

const at = (address: Address, offset: number): Address => address + offset * WORD;

/** y[i] = x[i]. Both sides have strides over `shape`, which may be 0 (repeat) or negative (run backwards). */
export function moveStrided(
  kernels: Kernels,
  shape: Shape,
  y: { address: Address; strides: Strides },
  x: { address: Address; strides: Strides },
): void {
  forEachBlock(shape, [y.strides, x.strides], ([toOffset, fromOffset], sizes, [to, from]) => {
    kernels.move_strided(at(y.address, toOffset), at(x.address, fromOffset), ...sizes, ...to, ...from);
  });
}

/** Kinds that have a faster kernel for operands of the same shape. */
const SAME_SHAPE = new Map<number, "add" | "sub" | "mul">([
  [BINARY.add, "add"],
  [BINARY.sub, "sub"],
  [BINARY.mul, "mul"],
]);

/** Applies a binary kind to operands that broadcast to `shape`. */
export function binary(kernels: Kernels, kind: number, a: Tensor, b: Tensor, shape: Shape): Tensor {
  const y = empty(shape);
  const fast = SAME_SHAPE.get(kind);
  if (fast !== undefined && sameShape(a.shape, shape) && sameShape(b.shape, shape)) {
    kernels[fast](y.address, a.address, b.address, y.size);
    return y;
  }
  const operands = [shape, a.shape, b.shape].map((own) => broadcastStrides(own, shape));
  forEachBlock(shape, operands, ([toY, toA, toB], sizes, [, sa, sb]) => {
    kernels.binary(kind, at(y.address, toY), at(a.address, toA), at(b.address, toB), ...sizes, ...sa, ...sb);
  });
  return y;
}

/** Applies a ternary kind to operands that broadcast to `shape`. */
export function ternary(
  kernels: Kernels,
  kind: number,
  operands: readonly [Tensor, Tensor, Tensor],
  shape: Shape,
): Tensor {
  const y = empty(shape);
  const [a, b, c] = operands;
  const strides = [y, a, b, c].map((own) => broadcastStrides(own.shape, shape));
  forEachBlock(shape, strides, ([toY, toA, toB, toC], sizes, [, sa, sb, sc]) => {
    const addresses = [at(a.address, toA), at(b.address, toB), at(c.address, toC)] as const;
    kernels.ternary(kind, at(y.address, toY), ...addresses, ...sizes, ...sa, ...sb, ...sc);
  });
  return y;
}

/** mask ? a : b, all three broadcast to `shape`. */
export function select(kernels: Kernels, mask: Tensor, a: Tensor, b: Tensor, shape: Shape): Tensor {
  return ternary(kernels, TERNARY.select, [mask, a, b], shape);
}

/** A tensor that broadcasts to any shape. */
export function constant(kernels: Kernels, value: number): Tensor {
  const y = empty([]);
  kernels.fill(y.address, value, 1);
  return y;
}

/** x times a number. */
export function scaled(kernels: Kernels, x: Tensor, factor: number): Tensor {
  const y = empty(x.shape);
  kernels.scale(y.address, x.address, factor, y.size);
  return y;
}

/** x broadcast to `shape`; x itself if it has that shape. */
export function expand(kernels: Kernels, x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const y = empty(shape, x.dtype);
  expandInto(kernels, y, x);
  return y;
}

/** y = x broadcast to the shape of y. */
export function expandInto(kernels: Kernels, y: Tensor, x: Tensor): void {
  const [to, from] = [y, x].map((own) => broadcastStrides(own.shape, y.shape));
  const source = { address: x.address, strides: from };
  moveStrided(kernels, y.shape, { address: y.address, strides: to }, source);
}

/** Reduces axes (non-negative, ascending) to size 1. Adjacent axes are reduced in one pass. */
export function reduceAxes(kernels: Kernels, kind: number, x: Tensor, axes: readonly number[]): Tensor {
  let result = x;
  // Start with the last axis, so that later passes read less.
  for (let i = axes.length - 1; i >= 0; i--) {
    const end = axes[i] + 1;
    while (i > 0 && axes[i - 1] === axes[i] - 1) i--;
    const start = axes[i];
    const { shape } = result;
    const reduced = empty([
      ...shape.slice(0, start),
      ...shape.slice(start, end).fill(1),
      ...shape.slice(end),
    ]);
    const sizes = [shape.slice(0, start), shape.slice(start, end), shape.slice(end)].map(sizeOf);
    kernels.reduce(kind, reduced.address, result.address, sizes[0], sizes[1], sizes[2]);
    result = reduced;
  }
  return result;
}

/** The gradient of broadcasting: sums over the axes that were repeated. */
export function sumTo(kernels: Kernels, dy: Tensor, shape: Shape): Tensor {
  if (sameShape(dy.shape, shape)) return dy;
  const missing = dy.shape.length - shape.length;
  const axes = [...dy.shape.keys()].filter(
    (axis) => axis < missing || (shape[axis - missing] === 1 && dy.shape[axis] !== 1),
  );
  return reduceAxes(kernels, REDUCE.sum, dy, axes).view(shape);
}

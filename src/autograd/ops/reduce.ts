import { BINARY, REDUCE } from "../../backend/kernels.generated.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { axesOf } from "../../core/broadcast.ts";
import { ShapeError } from "../../core/errors.ts";
import { checkValue, FLAG, type Names, refuseOthers } from "../../core/options.ts";
import { type Shape, showShape, sizeOf } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { binary, expand, reduceAxes, scaled } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";

export interface ReduceOptions {
  /** Keeps the reduced axes with size 1, so that the result broadcasts against x. */
  readonly keepDims?: boolean;
}

const OPTIONS: Names<ReduceOptions> = { keepDims: 0 };

/** The axes to reduce, and the shapes with and without them. */
function plan(op: string, x: Tensor, axes: number | readonly number[] | undefined, options: ReduceOptions) {
  refuseOthers(op, OPTIONS, options);
  if (options.keepDims !== undefined) checkValue(`${op}: keepDims`, FLAG, options.keepDims);
  requireFloats(op, { x });
  const list = typeof axes === "number" ? [axes] : axes === undefined ? [...x.shape.keys()] : axes;
  const gone = axesOf(op, list, x.shape);
  const kept = x.shape.map((size, axis) => (gone.includes(axis) ? 1 : size));
  const shape: Shape = options.keepDims ? kept : x.shape.filter((_, axis) => !gone.includes(axis));
  return { gone, kept, shape, count: sizeOf(gone.map((axis) => x.shape[axis])) };
}

type Axes = number | readonly number[];

function sumTimes(op: string, x: Tensor, axes: Axes | undefined, options: ReduceOptions): Tensor {
  const { gone, kept, shape, count } = plan(op, x, axes, options);
  const factor = op === "mean" ? 1 / count : 1;
  const kernels = kernelsOf(op, x);
  if (gone.length === 0) {
    const y = empty(shape);
    kernels.copy(y.address, x.address, y.size);
    return record(op, [x], y, (dy) => [dy]);
  }
  let y = reduceAxes(kernels, REDUCE.sum, x, gone);
  if (factor !== 1) y = scaled(kernels, y, factor);
  return record(op, [x], y.view(shape), (dy) => {
    const share = factor === 1 ? dy : scaled(kernels, dy, factor);
    return [expand(kernels, share.view(kept), x.shape)];
  });
}

/**
 * Sum over the given axes, by default all: [..., n, ...] -> [...]. The gradient of every element is dy. An empty sum is
 * 0.
 */
export function sum(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return sumTimes("sum", x, axes, options);
}

/**
 * Mean over the given axes, by default all. The gradient of every element is dy / n. The mean of no elements is NaN.
 */
export function mean(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return sumTimes("mean", x, axes, options);
}

/**
 * Largest element over the given axes, by default all; NaN if there is one. Equal largest elements share the gradient
 * (torch.amax).
 * @throws ShapeError if there are no elements
 */
export function max(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const { gone, kept, shape, count } = plan("max", x, axes, options);
  if (count === 0)
    throw new ShapeError("max: x", "one element or more along the reduced axes", showShape(x.shape));
  const kernels = kernelsOf("max", x);
  const largest = gone.length === 0 ? scaled(kernels, x, 1) : reduceAxes(kernels, REDUCE.max, x, gone);
  return record("max", [x], largest.view(shape), (dy) => {
    const chosen = binary(kernels, BINARY.equal, x, largest, x.shape);
    const winners = gone.length === 0 ? chosen : reduceAxes(kernels, REDUCE.sum, chosen, gone);
    const share = binary(kernels, BINARY.div, dy.view(kept), winners, kept);
    return [binary(kernels, BINARY.mul, chosen, share, x.shape)];
  });
}

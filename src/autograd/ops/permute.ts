import { empty, type Tensor } from "../../backend/tensor.ts";
import { axisOf, denseStrides } from "../../core/broadcast.ts";
import { ShapeError } from "../../core/errors.ts";
import { showShape } from "../../core/shape.ts";
import { showValue } from "../../core/show-value.ts";
import { requireTensors } from "../check.ts";
import { moveStrided } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";

function permuted(op: string, x: Tensor, order: readonly number[]): Tensor {
  const y = empty(
    order.map((axis) => x.shape[axis]),
    x.dtype,
  );
  const strides = denseStrides(x.shape);
  const source = { address: x.address, strides: order.map((axis) => strides[axis]) };
  const target = { address: y.address, strides: denseStrides(y.shape) };
  moveStrided(kernelsOf(op, x), y.shape, target, source);
  return y;
}

/**
 * Permutes axes: axis i of the result is axis order[i] of x. The gradient is permuted back.
 * @throws ShapeError unless `order` contains every axis once
 */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  requireTensors("permute", { x });
  const axes = Array.isArray(order) ? Array.from(order, (axis) => axisOf("permute", axis, x.shape)) : [];
  if (!Array.isArray(order) || new Set(axes).size !== x.shape.length || axes.length !== x.shape.length) {
    throw new ShapeError("permute: order", `every axis of ${showShape(x.shape)} once`, showValue(order));
  }
  const inverse = axes.map((_, axis) => axes.indexOf(axis));
  return record("permute", [x], permuted("permute", x, axes), (dy) => [permuted("permute", dy, inverse)]);
}

/** Transposes the matrices of a batch: [..., m, n] -> [..., n, m]. */
export function transpose(x: Tensor): Tensor {
  requireTensors("transpose", { x });
  if (x.shape.length < 2) {
    throw new ShapeError("transpose: x", "a matrix or a batch of them", showShape(x.shape));
  }
  const axes = [...x.shape.keys()];
  return permute(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

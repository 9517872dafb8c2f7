import type { Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { checkSizes, type Shape, showShape, sizeOf } from "../../core/shape.ts";
import { requireTensors } from "../check.ts";
import { record } from "../tape.ts";

/** The size that one -1 of a shape stands for, filled in. */
function filledIn(x: Tensor, given: Shape): Shape {
  if (!Array.isArray(given)) return given;
  const axis = given.indexOf(-1);
  if (axis < 0) return given;
  const others = sizeOf(given.toSpliced(axis, 1));
  // Nothing divided by nothing could be anything: the -1 stays, and is refused.
  return others > 0 && x.size % others === 0 ? given.with(axis, x.size / others) : given;
}

/**
 * The same elements in another shape; nothing is copied.
 * @param given as many elements as x has; one size may be -1, which stands for what is left, as in PyTorch
 * @throws ShapeError for what is no such shape
 */
export function reshape(x: Tensor, given: Shape): Tensor {
  requireTensors("reshape", { x });
  const shape = filledIn(x, given);
  checkSizes("reshape: shape", shape);
  if (sizeOf(shape) !== x.size) {
    throw new ShapeError(
      "reshape: shape",
      `of ${x.size} elements, as ${showShape(x.shape)}`,
      showShape(shape),
    );
  }
  return record("reshape", [x], x.view(shape), (dy) => [dy.view(x.shape)]);
}

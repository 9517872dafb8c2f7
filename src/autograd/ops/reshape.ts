import type { Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { checkSizes, type Shape, showShape, sizeOf } from "../../core/shape.ts";
import { requireTensors } from "../check.ts";
import { record } from "../tape.ts";

/** Replaces a single -1 in a shape by the size that it stands for. */
function filledIn(x: Tensor, given: Shape): Shape {
  if (!Array.isArray(given)) return given;
  const axis = given.indexOf(-1);
  if (axis < 0) return given;
  const others = sizeOf(given.toSpliced(axis, 1));
  // If the other sizes multiply to 0, the -1 is ambiguous; it is kept and refused later.
  return others > 0 && x.size % others === 0 ? given.with(axis, x.size / others) : given;
}

/**
 * The same elements in another shape, without a copy.
 * @param given a shape with as many elements as x; one size may be -1 and is inferred, as in PyTorch
 * @throws ShapeError for another number of elements or an invalid shape
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

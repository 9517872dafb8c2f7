import type { Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { type Shape, showShape, sizeOf } from "../../core/shape.ts";
import { record } from "../tape.ts";

/** The same elements in another shape; nothing is copied. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sizeOf(shape) !== x.size) {
    throw new ShapeError(
      "reshape: shape",
      `of ${x.size} elements, as ${showShape(x.shape)}`,
      showShape(shape),
    );
  }
  return record("reshape", [x], x.view(shape), (dy) => [dy.view(x.shape)]);
}

import { empty, type Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { sameShape, showShape } from "../../core/shape.ts";
import { kernelsOf, record } from "../tape.ts";

function requireSameShape(op: string, a: Tensor, b: Tensor): void {
  if (!sameShape(a.shape, b.shape)) {
    throw new ShapeError(
      `${op}: second argument`,
      `${showShape(a.shape)} like the first`,
      showShape(b.shape),
    );
  }
}

/** a + b, both of one shape. d(a) = d(b) = dy. */
export function add(a: Tensor, b: Tensor): Tensor {
  requireSameShape("add", a, b);
  const y = empty(a.shape);
  kernelsOf("add", a, b).add(y.address, a.address, b.address, y.size);
  return record("add", [a, b], y, (dy) => [dy, dy]);
}

/** a * b elementwise, both of one shape. d(a) = dy * b, d(b) = dy * a. */
export function mul(a: Tensor, b: Tensor): Tensor {
  requireSameShape("mul", a, b);
  const kernels = kernelsOf("mul", a, b);
  const y = empty(a.shape);
  kernels.mul(y.address, a.address, b.address, y.size);
  return record("mul", [a, b], y, (dy) =>
    [b, a].map((other) => {
      const gradient = empty(a.shape);
      kernels.mul(gradient.address, dy.address, other.address, gradient.size);
      return gradient;
    }),
  );
}

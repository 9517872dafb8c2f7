import { empty, type Tensor } from "../../backend/tensor.ts";
import { requireFloats } from "../check.ts";
import { kernelsOf, record } from "../tape.ts";

/** 1 / (1 + exp(-x)), elementwise. dx = dy * y * (1 - y). */
export function sigmoid(x: Tensor): Tensor {
  requireFloats("sigmoid", { x });
  const kernels = kernelsOf("sigmoid", x);
  const y = empty(x.shape);
  kernels.sigmoid(y.address, x.address, y.size);
  return record("sigmoid", [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.sigmoid_backward(dx.address, dy.address, y.address, dx.size);
    return [dx];
  });
}

/** Hyperbolic tangent, elementwise. dx = dy * (1 - y^2). */
export function tanh(x: Tensor): Tensor {
  requireFloats("tanh", { x });
  const kernels = kernelsOf("tanh", x);
  const y = empty(x.shape);
  kernels.tanh_forward(y.address, x.address, y.size);
  return record("tanh", [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.tanh_backward(dx.address, dy.address, y.address, dx.size);
    return [dx];
  });
}

import { empty, type Tensor } from "../../backend/tensor.ts";
import { kernelsOf, record } from "../tape.ts";

function sumTimes(op: string, x: Tensor, factor: number): Tensor {
  const kernels = kernelsOf(op, x);
  const y = empty([]);
  kernels.sum(y.address, x.address, x.size);
  if (factor !== 1) kernels.scale(y.address, y.address, factor, 1);
  return record(op, [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.fill(dx.address, factor, dx.size);
    kernels.scale_by(dx.address, dx.address, dy.address, 1, dx.size);
    return [dx];
  });
}

/** Sum of all elements, a scalar []. Every element's gradient is dy. */
export function sum(x: Tensor): Tensor {
  return sumTimes("sum", x, 1);
}

/** Mean of all elements, a scalar []. Every element's gradient is dy / n. */
export function mean(x: Tensor): Tensor {
  return sumTimes("mean", x, 1 / x.size);
}

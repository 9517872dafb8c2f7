import { UNARY } from "../../backend/kernels.generated.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { InputError } from "../../core/errors.ts";
import { checkValue, FINITE, NUMBER } from "../../core/options.ts";
import { requireFloats } from "../check.ts";
import { scaled } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";

/** Functions whose derivative the kernel computes from the result instead of the argument. */
const FROM_RESULT: ReadonlySet<string> = new Set(["exp", "sqrt"]);

function unary(op: keyof typeof UNARY, x: Tensor, p = 0, q = 0): Tensor {
  requireFloats(op, { x });
  const kernels = kernelsOf(op, x);
  const y = empty(x.shape);
  kernels.unary(UNARY[op], y.address, x.address, p, q, y.size);
  const saved = FROM_RESULT.has(op) ? y : x;
  return record(op, [x], y, (dy) => {
    const dx = empty(x.shape);
    kernels.unary_backward(UNARY[op], dx.address, dy.address, saved.address, p, q, dx.size);
    return [dx];
  });
}

/** -x, elementwise. dx = -dy. */
export function neg(x: Tensor): Tensor {
  requireFloats("neg", { x });
  const kernels = kernelsOf("neg", x);
  return record("neg", [x], scaled(kernels, x, -1), (dy) => [scaled(kernels, dy, -1)]);
}

/** e^x, elementwise. dx = dy * y. */
export function exp(x: Tensor): Tensor {
  return unary("exp", x);
}

/** Natural logarithm, elementwise: -infinity at 0, NaN below. dx = dy / x. */
export function log(x: Tensor): Tensor {
  return unary("log", x);
}

/** Square root, elementwise: NaN below 0. dx = dy / (2 y), infinite at 0. */
export function sqrt(x: Tensor): Tensor {
  return unary("sqrt", x);
}

/** |x|, elementwise. dx = dy * sign(x), 0 at 0. */
export function abs(x: Tensor): Tensor {
  return unary("abs", x);
}

/** max(x, 0), elementwise; NaN stays NaN. dx = dy where x > 0. */
export function relu(x: Tensor): Tensor {
  return unary("relu", x);
}

/** log(1 + e^x), elementwise. dx = dy * sigmoid(x). */
export function softplus(x: Tensor): Tensor {
  return unary("softplus", x);
}

/** x^2, elementwise. dx = 2 x dy. */
export function square(x: Tensor): Tensor {
  return unary("square", x);
}

/**
 * x^exponent, elementwise, for a scalar exponent. NaN where x < 0, unless the exponent is an integer. dx = dy * p *
 * x^(p - 1).
 * @throws InputError unless the exponent is finite
 */
export function pow(x: Tensor, exponent: number): Tensor {
  checkValue("pow: exponent", { ...FINITE, text: "finite" }, exponent);
  // As in PyTorch: the square root of -infinity is NaN, while other powers of it are infinite.
  return exponent === 0.5 ? sqrt(x) : unary("pow", x, exponent);
}

/**
 * Clamps x to [low, high], elementwise; NaN stays NaN. dx = dy where low <= x <= high, 0 elsewhere.
 * @throws InputError unless low <= high
 */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  checkValue("clamp: low", NUMBER, low);
  checkValue("clamp: high", NUMBER, high);
  if (!(low <= high)) throw new InputError(`clamp: low must be at most high=${high}, got ${low}`);
  return unary("clamp", x, low, high);
}

import type { Kernels } from "../../backend/backend.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { checkShape, sizeOf } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { product } from "../product.ts";
import { kernelsOf, record } from "../tape.ts";
import { TapeBindings } from "../tape-bindings.ts";

/**
 * y = x W^T + b over the last axis: x [..., I], weight [O, I], bias [O] -> y [..., O].
 *     dx = dy W,  dW = dy^T x,  db = the sum of dy over all rows
 * If the weight is a parameter, the gradients of weight and bias are one product over the rows of all calls with the
 * same weight and bias on one tape.
 * @throws ShapeError if the shapes do not fit each other
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  requireFloats("linear", { x, weight }, { bias });
  const [outputs, inputs] = weight.shape;
  const rows = inputs === 0 ? sizeOf(x.shape.slice(0, -1)) : x.size / inputs;
  checkShape("linear: weight", weight.shape, [
    ["outputs", null],
    ["inputs", null],
  ]);
  checkShape("linear: x", x.shape, [
    ...x.shape.slice(0, -1).map((n, i) => [`axis${i}`, n] as const),
    ["features", inputs],
  ]);
  if (bias !== undefined) checkShape("linear: bias", bias.shape, [["outputs", outputs]]);
  const kernels = kernelsOf("linear", x, weight, bias);
  const bound = boundTo(weight, bias);
  const y = empty([...x.shape.slice(0, -1), outputs]);
  product(kernels, y, [x, weight], { m: rows, n: outputs, k: inputs, transposeB: true }, { bias });
  const gradientOfInput = (dy: Tensor): Tensor | undefined => {
    if (!x.needsGradient) return undefined;
    const dx = empty(x.shape);
    product(kernels, dx, [dy, weight], { m: rows, n: inputs, k: outputs });
    return dx;
  };
  if (bound !== undefined) {
    return record("linear", [x, bound.token], y, (dy) => [gradientOfInput(dy), bound.remember(x, dy)]);
  }
  return record("linear", [x, weight, bias], y, (dy) => [
    gradientOfInput(dy),
    ...weightGradients(kernels, x, dy, weight, bias),
  ]);
}

/** dW = dy^T x and db over the rows of x and dy, for those that need a gradient. */
function weightGradients(
  kernels: Kernels,
  x: Tensor,
  dy: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
): [Tensor | undefined, Tensor | undefined] {
  const [outputs, inputs] = weight.shape;
  const rows = outputs === 0 ? 0 : dy.size / outputs;
  const dWeight = weight.needsGradient ? empty(weight.shape) : undefined;
  if (dWeight !== undefined) {
    product(kernels, dWeight, [dy, x], { m: outputs, n: inputs, k: rows, transposeA: true });
  }
  const dBias = bias?.needsGradient ? empty(bias.shape) : undefined;
  if (dBias !== undefined) kernels.sum_rows(dBias.address, dy.address, rows, outputs);
  return [dWeight, dBias];
}

/**
 * A weight and a bias on one tape. Their gradients are computed after all calls: the tape reaches the token, which
 * represents them, after it has passed the first call.
 */
class BoundLinear {
  readonly token: Tensor;
  readonly bias: Tensor | undefined;
  private readonly weight: Tensor;
  private readonly calls: { readonly x: Tensor; readonly dy: Tensor }[] = [];

  constructor(weight: Tensor, bias: Tensor | undefined) {
    this.weight = weight;
    this.bias = bias;
    this.token = record("linear", [weight, bias], empty([]), () => this.gradients());
  }

  /** @returns the gradient of the token, which only makes the tape reach it; its value is never read */
  remember(x: Tensor, dy: Tensor): Tensor | undefined {
    this.calls.push({ x, dy });
    return this.calls.length === 1 ? empty([]) : undefined;
  }

  private gradients(): (Tensor | undefined)[] {
    const { weight, bias, calls } = this;
    const [x, dy] = [joinRows(calls.map((call) => call.x)), joinRows(calls.map((call) => call.dy))];
    calls.length = 0;
    return weightGradients(weight.backend.kernels, x, dy, weight, bias);
  }
}

/** Concatenates the elements of all tensors, flat. Returns a single tensor unchanged. */
function joinRows(parts: readonly Tensor[]): Tensor {
  if (parts.length === 1) return parts[0];
  const all = empty([parts.reduce((total, part) => total + part.size, 0)]);
  let at = 0;
  for (const part of parts) {
    all.backend.kernels.copy(all.view(part.shape, at).address, part.address, part.size);
    at += part.size;
  }
  return all;
}

const bindings = new TapeBindings<BoundLinear>();

function boundTo(weight: Tensor, bias: Tensor | undefined): BoundLinear | undefined {
  if (!weight.needsGradient && !bias?.needsGradient) return undefined;
  return bindings.of(
    weight,
    (one) => one.bias === bias,
    () => new BoundLinear(weight, bias),
  );
}

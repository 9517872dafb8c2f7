import { BINARY, TERNARY } from "../../backend/kernels.generated.ts";
import { Tensor } from "../../backend/tensor.ts";
import { broadcastShape } from "../../core/broadcast.ts";
import { InputError, ScopeError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import { showValue } from "../../core/show-value.ts";
import { requireFloats } from "../check.ts";
import { binary, constant, scaled, sumTo, ternary } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";

/** A tensor, or a number that broadcasts to any shape. At least one operand of an op is a tensor. */
export type Operand = Tensor | number;

/** @throws InputError that names the operand that is neither a tensor nor a number */
export function requireOperands(op: string, operands: Readonly<Record<string, unknown>>): void {
  for (const name in operands) {
    const operand = operands[name];
    if (typeof operand === "number" || Tensor.isTensor(operand)) continue;
    throw new InputError(`${op}: ${name} must be a tensor or a number, got ${showValue(operand)}`);
  }
}

interface Saved {
  kernels: ReturnType<typeof kernelsOf>;
  shape: Shape;
  a: Tensor;
  b: Tensor;
  y: Tensor;
}

/** The gradient of one operand in the shape of the result. */
type Gradient = (dy: Tensor, saved: Saved) => Tensor;

function elementwise(
  op: string,
  kind: number,
  first: Operand,
  second: Operand,
  gradients: readonly [Gradient, Gradient],
): Tensor {
  if (typeof first === "number" && typeof second === "number") {
    throw new ScopeError(`${op}: one of the operands must be a tensor, got ${first} and ${second}`);
  }
  requireOperands(op, { a: first, b: second });
  const tensors = [first, second].filter((operand) => Tensor.isTensor(operand));
  const kernels = kernelsOf(op, ...tensors);
  const [a, b] = [first, second].map((operand) =>
    typeof operand === "number" ? constant(kernels, operand) : operand,
  );
  requireFloats(op, { a, b });
  const shape = broadcastShape(op, { a: a.shape, b: b.shape });
  const y = binary(kernels, kind, a, b, shape);
  return record(op, [a, b], y, (dy) =>
    [a, b].map((operand, i) => {
      if (!operand.needsGradient) return undefined;
      return sumTo(kernels, gradients[i](dy, { kernels, shape, a, b, y }), operand.shape);
    }),
  );
}

const same: Gradient = (dy) => dy;
const negated: Gradient = (dy, { kernels }) => scaled(kernels, dy, -1);
const timesA: Gradient = (dy, { kernels, a, shape }) => binary(kernels, BINARY.mul, dy, a, shape);
const timesB: Gradient = (dy, { kernels, b, shape }) => binary(kernels, BINARY.mul, dy, b, shape);
const overB: Gradient = (dy, { kernels, b, shape }) => binary(kernels, BINARY.div, dy, b, shape);
const ofDivisor: Gradient = (dy, { kernels, b, y, shape }) =>
  ternary(kernels, TERNARY.divGrad, [dy, y, b], shape);

/** dy where one operand was selected, half of it where both are equal. */
const whereWon =
  (kind: number, order: "ab" | "ba"): Gradient =>
  (dy, { kernels, a, b, shape }) =>
    ternary(kernels, kind, order === "ab" ? [dy, a, b] : [dy, b, a], shape);

/** a + b, broadcast. d(a) = d(b) = dy. */
export function add(a: Operand, b: Operand): Tensor {
  return elementwise("add", BINARY.add, a, b, [same, same]);
}

/** a - b, broadcast. d(a) = dy, d(b) = -dy. */
export function sub(a: Operand, b: Operand): Tensor {
  return elementwise("sub", BINARY.sub, a, b, [same, negated]);
}

/** a * b elementwise, broadcast. d(a) = dy * b, d(b) = dy * a. */
export function mul(a: Operand, b: Operand): Tensor {
  return elementwise("mul", BINARY.mul, a, b, [timesB, timesA]);
}

/** a / b elementwise, broadcast. d(a) = dy / b, d(b) = -dy * (a / b) / b. */
export function div(a: Operand, b: Operand): Tensor {
  return elementwise("div", BINARY.div, a, b, [overB, ofDivisor]);
}

/**
 * The larger of a and b, broadcast; NaN if either is NaN. dy flows to the larger one; if they are equal, half to each.
 */
export function maximum(a: Operand, b: Operand): Tensor {
  const { maximumGrad } = TERNARY;
  return elementwise("maximum", BINARY.maximum, a, b, [
    whereWon(maximumGrad, "ab"),
    whereWon(maximumGrad, "ba"),
  ]);
}

/**
 * The smaller of a and b, broadcast; NaN if either is NaN. dy flows to the smaller one; if they are equal, half to
 * each.
 */
export function minimum(a: Operand, b: Operand): Tensor {
  const { minimumGrad } = TERNARY;
  return elementwise("minimum", BINARY.minimum, a, b, [
    whereWon(minimumGrad, "ab"),
    whereWon(minimumGrad, "ba"),
  ]);
}

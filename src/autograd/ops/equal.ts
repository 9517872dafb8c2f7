import { BINARY } from "../../backend/kernels.generated.ts";
import { empty, Tensor } from "../../backend/tensor.ts";
import { broadcastShape } from "../../core/broadcast.ts";
import { ScopeError, ShapeError } from "../../core/errors.ts";
import { checkValue, INTEGER } from "../../core/options.ts";
import { binary, constant } from "../strided.ts";
import { kernelsOf } from "../tape.ts";
import { type Operand, requireOperands } from "./elementwise.ts";

/**
 * Elementwise comparison with broadcasting, like torch.eq: floats, 1 where a = b and 0 elsewhere. Both operands are
 * float tensors or both are integer tensors, or one is a number. NaN equals nothing. No gradient flows through it.
 *     mean(equal(argmax(logits), targets))     the accuracy
 * @throws ShapeError for a float tensor with an integer tensor, and for shapes that do not broadcast; InputError for a
 * number that is not an integer with an integer tensor
 */
export function equal(a: Operand, b: Operand): Tensor {
  if (typeof a === "number" && typeof b === "number") {
    throw new ScopeError(`equal: one of the operands must be a tensor, got ${a} and ${b}`);
  }
  requireOperands("equal", { a, b });
  const tensors = [a, b].filter((operand) => Tensor.isTensor(operand));
  const kernels = kernelsOf("equal", ...tensors);
  const [{ dtype }] = tensors;
  const [first, second] = [a, b].map((operand, index) => {
    if (typeof operand !== "number") return operand;
    if (dtype === "f32") return constant(kernels, operand);
    checkValue(`equal: ${"ab"[index]}`, INTEGER, operand);
    const whole = empty([], "i32");
    whole.write([operand]);
    return whole;
  });
  if (first.dtype !== second.dtype) {
    throw new ShapeError("equal: b", `dtype ${first.dtype}, as a`, `dtype ${second.dtype}`);
  }
  const kind = dtype === "f32" ? BINARY.equal : BINARY.equalIntegers;
  return binary(kernels, kind, first, second, broadcastShape("equal", { a: first.shape, b: second.shape }));
}

import { Tensor } from "../../backend/tensor.ts";
import { broadcastShape } from "../../core/broadcast.ts";
import { requireFloats, requireIntegers } from "../check.ts";
import { constant, select, sumTo } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";
import { type Operand, requireOperands } from "./elementwise.ts";

/**
 * mask ? a : b, elementwise and broadcast. mask holds integers (0 is false); a and b are tensors or numbers. The
 * gradient of the side that was not selected is exactly 0, even if it holds NaN or infinities.
 *     scores = where(valid, scores, -Infinity)     before a softmax
 */
export function where(mask: Tensor, a: Operand, b: Operand): Tensor {
  requireIntegers("where: mask", mask);
  requireOperands("where", { a, b });
  const kernels = kernelsOf("where", mask, ...[a, b].filter((operand) => Tensor.isTensor(operand)));
  const [yes, no] = [a, b].map((operand) =>
    typeof operand === "number" ? constant(kernels, operand) : operand,
  );
  requireFloats("where", { a: yes, b: no });
  const shape = broadcastShape("where", { mask: mask.shape, a: yes.shape, b: no.shape });
  const y = select(kernels, mask, yes, no, shape);
  return record("where", [yes, no], y, (dy) => {
    const zero = constant(kernels, 0);
    return [
      yes.needsGradient ? sumTo(kernels, select(kernels, mask, dy, zero, shape), yes.shape) : undefined,
      no.needsGradient ? sumTo(kernels, select(kernels, mask, zero, dy, shape), no.shape) : undefined,
    ];
  });
}

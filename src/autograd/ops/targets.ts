import type { Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { type Shape, sameShape, showShape } from "../../core/shape.ts";
import { requireTensors } from "../check.ts";

/**
 * Checks that targets have the shape of the scores without the last axis. If only their number were checked, targets
 * [B, T] for logits [T, B, C] would compare every row with the target of another one.
 * @param name name of the scores in the error, such as `logits`
 * @param scored [..., C]
 * @throws ShapeError that names both shapes; InputError if an argument is not a tensor
 */
export function checkTargets(op: string, name: string, { shape }: Tensor, targets: Tensor): void {
  requireTensors(op, { targets });
  const rows = shape.slice(0, -1);
  if (sameShape(rows, targets.shape)) return;
  throw new ShapeError(
    `${op}: targets`,
    `${showShape(rows)} for ${name} ${showShape(shape)}`,
    showShape(targets.shape),
    { hint: remedy(rows, targets.shape) },
  );
}

function remedy(rows: Shape, targets: Shape): string | undefined {
  if (rows.length === 2 && sameShape(targets, [rows[1], rows[0]])) {
    return "batch and time are the other way round: give swapAxes(targets)";
  }
  return undefined;
}

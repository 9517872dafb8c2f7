import type { Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { type Shape, sameShape, showShape } from "../../core/shape.ts";
import { requireTensors } from "../check.ts";

/**
 * Targets have the shape of what is scored without its last axis. As many numbers in another order, as [B, T] for
 * logits [T, B, C], would score every row against the target of another one.
 * @param name what is scored, for the error: `logits`
 * @param scored [..., C]
 * @throws ShapeError naming both shapes; InputError for what is no tensor
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

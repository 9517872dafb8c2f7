import { empty, type Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { showValue } from "../../core/show-value.ts";
import { requireTensors } from "../check.ts";
import { recordAll } from "../tape.ts";
import { addUpTo } from "./concat.ts";

/**
 * Splits x along its first axis into parts with the given numbers of rows, which must add up to N: [N, ...] -> [n, ...]
 * each. Nothing is copied, and one node of the tape serves all parts, so splitting a sequence into steps takes time
 * proportional to the sequence. The gradient of x is that of each part at its rows, zero if none flowed.
 */
export function splitRows(x: Tensor, counts: readonly number[]): Tensor[] {
  requireTensors("splitRows", { x });
  const [rows = 0, ...rest] = x.shape;
  const width = x.size / Math.max(rows, 1);
  if (!addUpTo(counts, rows)) {
    throw new ShapeError("splitRows: counts", `whole numbers that add up to ${rows}`, showValue(counts));
  }
  let first = 0;
  const parts = counts.map((count) => {
    first += count;
    return x.view([count, ...rest], (first - count) * width);
  });
  recordAll("splitRows", [x], parts, (gradients) => {
    const dx = empty(x.shape);
    const { kernels } = dx.backend;
    let at = 0;
    for (const [index, count] of counts.entries()) {
      const part = dx.view([count * width], at);
      const gradient = gradients[index];
      if (gradient === undefined) kernels.fill(part.address, 0, part.size);
      else kernels.copy(part.address, gradient.address, part.size);
      at += part.size;
    }
    return [dx];
  });
  return parts;
}

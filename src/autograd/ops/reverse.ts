import { WORD } from "../../backend/backend.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { axesOf, denseStrides } from "../../core/broadcast.ts";
import { requireTensors } from "../check.ts";
import { moveStrided } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";

function reversed(x: Tensor, axes: readonly number[]): Tensor {
  const y = empty(x.shape, x.dtype);
  const strides = denseStrides(x.shape);
  const start = axes.reduce((offset, axis) => offset + (x.shape[axis] - 1) * strides[axis], 0);
  const backwards = strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride));
  const source = { address: x.address + start * WORD, strides: backwards };
  moveStrided(kernelsOf("reverse", x), x.shape, { address: y.address, strides }, source);
  return y;
}

/**
 * Reverses the order of the elements along some axes, like torch.flip: reverse(x, 0) reverses time. Use gatherRows to
 * reverse sequences of different lengths.
 */
export function reverse(x: Tensor, axes: number | readonly number[]): Tensor {
  requireTensors("reverse", { x });
  const list = axesOf("reverse", typeof axes === "number" ? [axes] : axes, x.shape);
  return record("reverse", [x], reversed(x, list), (dy) => [reversed(dy, list)]);
}

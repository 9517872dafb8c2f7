import { requireFloats, requireTensors } from "../autograd/check.ts";
import type { InitialState } from "../autograd/ops/recurrent.ts";
import { Tensor } from "../backend/tensor.ts";
import { InputError, ShapeError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { checkShape, showShape } from "../core/shape.ts";
import { showValue } from "../core/show-value.ts";

/**
 * The state that a recurrent layer passes from one chunk of a sequence to the next: the hidden state, [layers *
 * directions, B, S] ([B, S] for a single cell), and for an LSTM the cell state, [layers * directions, B, H]. Absent
 * parts are zero.
 */
export class RecurrentState {
  readonly hidden: Tensor | undefined;
  readonly cell: Tensor | undefined;

  /** @throws InputError for an argument that is not a tensor */
  constructor(hidden?: Tensor, cell?: Tensor) {
    requireTensors("RecurrentState", {}, { hidden, cell });
    this.hidden = hidden;
    this.cell = cell;
  }

  /** The same values detached from the tape, valid until the end of the next step. */
  detach(): RecurrentState {
    return new RecurrentState(this.hidden?.detach(), this.cell?.detach());
  }

  /** A copy that outlives every scope. */
  keep(): RecurrentState {
    return new RecurrentState(this.hidden?.keep(), this.cell?.keep());
  }

  dispose(): void {
    this.hidden?.dispose();
    this.cell?.dispose();
  }
}

const PARTS = ["hidden", "cell"];

/**
 * Checks a state from a caller: a {@link RecurrentState} or another object with parts of these names, each of which may
 * be absent. A single tensor, or a tuple as in PyTorch, is refused; otherwise the sequence would start from zeros.
 * @param where names the state in errors, such as `lstm.forward: state`
 * @param hasCell whether there is a cell state (LSTM)
 * @throws InputError, ShapeError for anything else
 */
export function checkStateParts(
  where: string,
  state: unknown,
  hasCell: boolean,
): asserts state is InitialState {
  const hint = hasCell ? "give new RecurrentState(hidden, cell)" : "give new RecurrentState(hidden)";
  const isList = Array.isArray(state) || ArrayBuffer.isView(state) || state instanceof Map;
  if (typeof state !== "object" || state === null || Tensor.isTensor(state) || isList) {
    const expected = hasCell ? "a RecurrentState or { hidden, cell }" : "a RecurrentState or { hidden }";
    throw new InputError(`${where} must be ${expected}, got ${showValue(state)}`, { hint });
  }
  for (const [name, part] of Object.entries(state)) {
    if (!PARTS.includes(name)) {
      const meant = nearest(name, PARTS);
      throw new InputError(`${where} has no part ${showValue(name)}`, {
        hint: meant === undefined ? hint : `did you mean ${meant}?`,
      });
    }
    if (part === undefined) continue;
    requireFloats(where, { [name]: part });
  }
}

/**
 * @param where names the state in errors
 * @param axes the axes before the features of each part: [["batch", B]]
 * @param widths number of features of each part; a cell state without a width must be absent
 * @throws ShapeError that names the part
 */
export function checkStateShapes(
  where: string,
  { hidden, cell }: InitialState,
  axes: readonly (readonly [string, number])[],
  widths: { readonly hidden: number; readonly cell: number | undefined },
): void {
  if (hidden !== undefined) checkShape(`${where}.hidden`, hidden.shape, [...axes, ["hidden", widths.hidden]]);
  if (cell === undefined) return;
  if (widths.cell === undefined) throw new ShapeError(`${where}.cell`, "absent", showShape(cell.shape));
  checkShape(`${where}.cell`, cell.shape, [...axes, ["hidden", widths.cell]]);
}

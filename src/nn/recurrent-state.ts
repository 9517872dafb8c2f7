import type { Tensor } from "../backend/tensor.ts";

/**
 * What a recurrent layer hands from one chunk of a sequence to the next: the hidden state, [layers * directions, B, S]
 * ([B, S] for a single cell), and for an LSTM the cell state, [layers * directions, B, H]. Absent ones are zero.
 */
export class RecurrentState {
  readonly hidden: Tensor | undefined;
  readonly cell: Tensor | undefined;

  constructor(hidden?: Tensor, cell?: Tensor) {
    this.hidden = hidden;
    this.cell = cell;
  }

  /** The same values without their history, good until the end of the next step. */
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

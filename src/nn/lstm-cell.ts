import { sigmoid, tanh } from "../autograd/ops/activations.ts";
import { add, mul } from "../autograd/ops/elementwise.ts";
import { linear } from "../autograd/ops/linear.ts";
import { slice } from "../autograd/ops/slice.ts";
import type { Backend } from "../backend/backend.ts";
import { type Tensor, zeros } from "../backend/tensor.ts";
import type { Rng } from "../core/rng.ts";
import type { Cell } from "./cell.ts";
import { uniform } from "./init.ts";
import { checkSize } from "./options.ts";

/** Hidden and cell state of one layer, [B, H] each. */
export class LSTMCellState {
  readonly hidden: Tensor;
  readonly cell: Tensor;

  constructor(hidden: Tensor, cell: Tensor) {
    this.hidden = hidden;
    this.cell = cell;
  }

  detach(): LSTMCellState {
    return new LSTMCellState(this.hidden.detach(), this.cell.detach());
  }
}

/**
 * One step of an LSTM, written out in ops: the equations as they stand (backend/reference/lstm.ts has them too).
 * Parameters under the names of torch.nn.LSTMCell. For whole sequences `LSTM` computes the same, fused and fast.
 */
export class LSTMCell implements Cell<LSTMCellState> {
  readonly weight_ih: Tensor;
  readonly weight_hh: Tensor;
  readonly bias_ih: Tensor;
  readonly bias_hh: Tensor;
  private readonly _hidden: number;

  constructor(inputs: number, hidden: number, { rng, backend }: { rng: Rng; backend?: Backend }) {
    checkSize("LSTMCell: inputs", inputs);
    checkSize("LSTMCell: hidden", hidden);
    const bound = 1 / Math.sqrt(hidden);
    this._hidden = hidden;
    this.weight_ih = uniform([4 * hidden, inputs], bound, rng, backend);
    this.weight_hh = uniform([4 * hidden, hidden], bound, rng, backend);
    this.bias_ih = uniform([4 * hidden], bound, rng, backend);
    this.bias_hh = uniform([4 * hidden], bound, rng, backend);
  }

  zeroState(batch: number): LSTMCellState {
    const { backend } = this.weight_hh;
    return new LSTMCellState(zeros([batch, this._hidden], backend), zeros([batch, this._hidden], backend));
  }

  /** x [B, I] -> output [B, H] */
  step(x: Tensor, state: LSTMCellState): { output: Tensor; state: LSTMCellState } {
    const H = this._hidden;
    const z = add(
      linear(x, this.weight_ih, this.bias_ih),
      linear(state.hidden, this.weight_hh, this.bias_hh),
    );
    const inputGate = sigmoid(slice(z, 1, 0, H));
    const forgetGate = sigmoid(slice(z, 1, H, 2 * H));
    const candidate = tanh(slice(z, 1, 2 * H, 3 * H));
    const outputGate = sigmoid(slice(z, 1, 3 * H, 4 * H));
    const cell = add(mul(forgetGate, state.cell), mul(inputGate, candidate));
    const hidden = mul(outputGate, tanh(cell));
    return { output: hidden, state: new LSTMCellState(hidden, cell) };
  }
}

/**
 * A cell of your own, trained from the command line: an LSTM whose input gate is one minus its forget gate ("CIFG" in
 * Greff et al., "LSTM: a search space odyssey", 2017). What is forgotten makes room for what is new.
 *
 *     f, o = sigmoid(W x + U h' + b)    g = tanh(W x + U h' + b)    c = f * c' + (1 - f) * g    h = o * tanh(c)
 *
 *     npx unrolled train text --cell examples/my-cell.ts
 */
import type { Cell, CreateCellOptions, Tensor } from "unrolled/nn";
import { add, Linear, mul, sigmoid, split, sub, tanh, zeros } from "unrolled/nn";

type State = { h: Tensor; c: Tensor };

export default class CoupledLSTM implements Cell<State> {
  readonly input: Linear;
  readonly recurrent: Linear;
  readonly _hidden: number;

  constructor(inputs: number, hidden: number, options: CreateCellOptions) {
    this.input = new Linear(inputs, 3 * hidden, options);
    this.recurrent = new Linear(hidden, 3 * hidden, { ...options, bias: false });
    this._hidden = hidden;
  }

  zeroState(batch: number): State {
    return { h: zeros([batch, this._hidden]), c: zeros([batch, this._hidden]) };
  }

  /** x [B, I], h' and c' [B, H] -> output h [B, H] and the next state */
  step(x: Tensor, state: State): { output: Tensor; state: State } {
    const H = this._hidden;
    const [sumF, sumG, sumO] = split(add(this.input.forward(x), this.recurrent.forward(state.h)), [H, H, H]);
    const f = sigmoid(sumF);
    const c = add(mul(f, state.c), mul(sub(1, f), tanh(sumG)));
    const h = mul(sigmoid(sumO), tanh(c));
    return { output: h, state: { h, c } };
  }
}

import { add, Linear, tanh, zeros } from "unrolled/nn";

export default class Plain {
  constructor(inputs, hidden, options) {
    this.input = new Linear(inputs, hidden, options);
    this.recurrent = new Linear(hidden, hidden, { ...options, bias: false });
    this._hidden = hidden;
  }

  zeroState(batch) {
    return { h: zeros([batch, this._hidden]) };
  }

  step(x, { h }) {
    const next = tanh(add(this.input.forward(x), this.recurrent.forward(h)));
    return { output: next, state: { h: next } };
  }
}

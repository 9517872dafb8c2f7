/**
 * minGRU (Feng et al., "Were RNNs all we needed?", 2024): a GRU whose gate and candidate do not look at the state.
 *
 *     z = sigmoid(W_z x + b_z)    n = W_n x + b_n    h = (1 - z) * h' + z * n
 *
 * So all steps are known at once but for h' -> h, which is a chain of h = a * h' + b. Two links of such a chain are one
 * link again: `sequence` joins neighbours, then neighbours of those, and needs log2(T) rounds instead of T steps.
 *
 *     npx unrolled train text --cell examples/min-gru.ts
 */
import type { Cell, CreateCellOptions, Tensor } from "unrolled/nn";
import { add, concat, Linear, mul, reshape, select, sigmoid, slice, sub, zeros } from "unrolled/nn";

type State = { h: Tensor };

export default class MinGRU implements Cell<State> {
  readonly gate: Linear;
  readonly candidate: Linear;
  readonly _hidden: number;

  constructor(inputs: number, hidden: number, options: CreateCellOptions) {
    this.gate = new Linear(inputs, hidden, options);
    this.candidate = new Linear(inputs, hidden, options);
    this._hidden = hidden;
  }

  zeroState(batch: number): State {
    return { h: zeros([batch, this._hidden]) };
  }

  /** x [B, I], h' [B, H] -> h [B, H], as output and as state */
  step(x: Tensor, state: State): { output: Tensor; state: State } {
    const { a, b } = this.link(x);
    const h = add(mul(a, state.h), b);
    return { output: h, state: { h } };
  }

  /** x [T, B, I], h' [B, H] -> h of every step [T, B, H], and the last one as state */
  sequence(x: Tensor, state: State): { output: Tensor; state: State } {
    const T = x.shape[0]!;
    let { a, b } = this.link(x);
    // After the round with this distance, a and b of step t stand for the steps t - 2 * distance + 1 to t.
    for (let distance = 1; distance < T; distance *= 2) {
      const [early, late] = [slice(a, 0, 0, distance), slice(a, 0, distance, T)];
      const before = (all: Tensor) => slice(all, 0, 0, T - distance);
      const joined = add(mul(late, before(b)), slice(b, 0, distance, T));
      [a, b] = [concat([early, mul(late, before(a))], 0), concat([slice(b, 0, 0, distance), joined], 0)];
    }
    const output = add(mul(a, reshape(state.h, [1, ...state.h.shape])), b);
    return { output, state: { h: select(output, T - 1) } };
  }

  /** h = a * h' + b */
  private link(x: Tensor): { a: Tensor; b: Tensor } {
    const z = sigmoid(this.gate.forward(x));
    return { a: sub(1, z), b: mul(z, this.candidate.forward(x)) };
  }
}

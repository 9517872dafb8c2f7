/**
 * A cell with a parameter that belongs to no layer: leaky units, each of which learns how long it remembers.
 *
 *     a = sigmoid(leak)    h = a * h' + (1 - a) * tanh(W x + U h' + b)
 *
 *     npx unrolled train text --cell examples/leaky-cell.ts
 */
import type { Cell, CreateCellOptions, Tensor } from "unrolled/nn";
import { add, Linear, mul, parameter, sigmoid, sub, tanh, zeros } from "unrolled/nn";

export default class LeakyCell implements Cell<Tensor> {
  readonly input: Linear;
  readonly recurrent: Linear;
  /** [hidden] */
  readonly leak: Tensor;

  constructor(inputs: number, hidden: number, options: CreateCellOptions) {
    this.input = new Linear(inputs, hidden, options);
    this.recurrent = new Linear(hidden, hidden, { ...options, bias: false });
    // From -2 to 2: some units begin by forgetting at once, others by remembering for about eight steps.
    const leaks = Float32Array.from({ length: hidden }, () => 4 * options.rng.uniform() - 2);
    this.leak = parameter(leaks, [hidden], options.backend);
  }

  zeroState(batch: number): Tensor {
    return zeros([batch, this.leak.size]);
  }

  /** x [B, I], h' [B, H] -> h [B, H], as output and as state */
  step(x: Tensor, before: Tensor): { output: Tensor; state: Tensor } {
    const a = sigmoid(this.leak);
    const candidate = tanh(add(this.input.forward(x), this.recurrent.forward(before)));
    const h = add(mul(a, before), mul(sub(1, a), candidate));
    return { output: h, state: h };
  }
}

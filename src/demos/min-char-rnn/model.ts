import { parameter } from "../../autograd/parameter.ts";
import type { Backend } from "../../backend/backend.ts";
import type { Tensor } from "../../backend/tensor.ts";
import type { Rng } from "../../core/rng.ts";
import { BoundWeights, crossEntropy, linear, normal_, recurrent, Stream } from "../../nn/index.ts";

/** Hidden units, and steps that the network is unrolled for: `hidden_size` and `seq_length` of the program. */
export const HIDDEN = 100;
export const STEPS = 25;

/** Standard deviation of the initial weights. */
const DEVIATION = 0.01;

/**
 * The network of Karpathy's min-char-rnn.py (2015), its parameters under their names there:
 *
 *     h = tanh(Wxh x + Whh h' + bh),  y = Why h + by,  p = softmax(y)
 *
 * x is one-hot, so that Wxh x is a column of Wxh.
 */
export class MinCharRnn {
  /** [H, V] */
  readonly Wxh: Tensor;
  /** [H, H] */
  readonly Whh: Tensor;
  /** [V, H] */
  readonly Why: Tensor;
  /** [H] */
  readonly bh: Tensor;
  /** [V] */
  readonly by: Tensor;

  constructor(vocabulary: number, { rng, backend }: { rng: Rng; backend: Backend }) {
    const zeros = (...shape: number[]) =>
      parameter(new Float32Array(shape.reduce((n, length) => n * length, 1)), shape, backend);
    const random = (...shape: number[]) => normal_(zeros(...shape), 0, DEVIATION, rng);
    this.Wxh = random(HIDDEN, vocabulary);
    this.Whh = random(HIDDEN, HIDDEN);
    this.Why = random(vocabulary, HIDDEN);
    this.bh = zeros(HIDDEN);
    this.by = zeros(vocabulary);
  }

  /** Wxh, Whh and bh in the order of the kernels, until they change. */
  bind(): BoundWeights {
    return new BoundWeights("rnn-tanh", this.recurrentWeights);
  }

  /** Character by character, with the weights as they are now. */
  stream(): Stream<number> {
    const head = { weight: this.Why, bias: this.by };
    return new Stream({ kind: "rnn-tanh", layers: [this.recurrentWeights], ids: true, head });
  }

  private get recurrentWeights() {
    return { weightIh: this.Wxh, weightHh: this.Whh, biasIh: this.bh };
  }

  /** ids [T, 1] and the hidden state before them, [1, H] or none: zeros -> scores y [T, 1, V] and the state after. */
  forward(ids: Tensor, hidden?: Tensor, bound = this.bind()): { logits: Tensor; hidden: Tensor } {
    const run = recurrent(bound, ids, { hidden });
    return { logits: linear(run.output, this.Why, this.by), hidden: run.hidden };
  }

  /** -ln p of all targets [T, 1], added up, and the state after the last. */
  loss(inputs: Tensor, targets: Tensor, hidden?: Tensor): { loss: Tensor; hidden: Tensor } {
    const run = this.forward(inputs, hidden);
    return { loss: crossEntropy(run.logits, targets, { reduction: "sum" }), hidden: run.hidden };
  }
}

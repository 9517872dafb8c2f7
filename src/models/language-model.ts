import { crossEntropy, crossEntropyPerRow } from "../autograd/ops/cross-entropy.ts";
import { dropout } from "../autograd/ops/dropout.ts";
import type { BoundWeights } from "../autograd/ops/recurrent-weights.ts";
import { swapAxes } from "../autograd/ops/time.ts";
import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import type { Rng } from "../core/rng.ts";
import { Linear } from "../nn/linear.ts";
import { LSTM } from "../nn/lstm.ts";
import type { RecurrentState } from "../nn/recurrent-state.ts";

export interface LanguageModelConfig {
  readonly cell: "lstm";
  /** How many different symbols there are. */
  readonly vocabulary: number;
  readonly hidden: number;
  readonly layers: number;
  /** Between layers, and before the output layer (Zaremba et al. 2014). */
  readonly dropout: number;
}

interface ForwardOptions {
  state?: RecurrentState;
  /** Draw dropout masks from here; without it nothing is dropped. */
  rng?: Rng;
  bound?: readonly BoundWeights[];
}

/**
 * The next symbol from those before it (Graves 2013, "Generating sequences with recurrent neural networks"):
 * one-hot symbols, a stacked LSTM, a linear layer and a softmax.
 */
export class LanguageModel {
  readonly config: LanguageModelConfig;
  readonly rnn: LSTM;
  readonly head: Linear;

  constructor(config: LanguageModelConfig, options: { rng: Rng; backend?: Backend }) {
    const { vocabulary, hidden, layers, dropout } = config;
    this.config = config;
    this.rnn = new LSTM(vocabulary, hidden, { ...options, layers, dropout, batchFirst: false });
    this.head = new Linear(hidden, vocabulary, options);
  }

  zeroState(batch: number): RecurrentState {
    return this.rnn.zeroState(batch);
  }

  /** Weights packed for many calls without an update between them, outside all scopes until each is disposed of. */
  keepBound(): BoundWeights[] {
    return this.rnn.keepBound(true);
  }

  /** ids [B, T] -> logits [T, B, V] and the state after the last step. */
  forward(
    ids: Tensor,
    { state, rng, bound }: ForwardOptions = {},
  ): { logits: Tensor; state: RecurrentState } {
    const run = this.rnn.forward(swapAxes(ids), { state, rng, training: rng !== undefined, bound });
    const features = rng === undefined ? run.output : dropout(run.output, this.config.dropout, rng);
    return { logits: this.head.forward(features), state: run.state };
  }

  /** Mean cross-entropy in nats of targets [B, T], each the symbol after the one in inputs [B, T]. */
  loss(
    inputs: Tensor,
    targets: Tensor,
    options: ForwardOptions = {},
  ): { loss: Tensor; state: RecurrentState } {
    const { logits, state } = this.forward(inputs, options);
    return { loss: crossEntropy(logits, swapAxes(targets)), state };
  }

  /** Cross-entropy of each target, [T * B] in time-major order. For evaluation: it has no gradient. */
  losses(
    inputs: Tensor,
    targets: Tensor,
    options: ForwardOptions = {},
  ): { losses: Tensor; state: RecurrentState } {
    const { logits, state } = this.forward(inputs, options);
    return { losses: crossEntropyPerRow(logits, swapAxes(targets)), state };
  }

  /** Numbers that training changes. */
  static parameterCount({ vocabulary: V, hidden: H, layers }: LanguageModelConfig): number {
    const above = (layers - 1) * (4 * H * (H + H) + 8 * H);
    return 4 * H * (V + H) + 8 * H + above + V * (H + 1);
  }

  /**
   * Bytes that a training step takes on a heap of float32: parameters, gradients, two Adam moments and packed
   * copies; and for every layer and step the gates, states and their gradients.
   */
  static trainingBytes(config: LanguageModelConfig, batch: number, steps: number): number {
    const { vocabulary: V, hidden: H, layers } = config;
    const perStep = layers * 14 * H + 2 * V;
    return 4 * (7 * LanguageModel.parameterCount(config) + batch * steps * perStep);
  }
}

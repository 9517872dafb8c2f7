import { AT_LEAST_0, FLAG } from "../core/options.ts";
import { optimizerOf } from "./grouped.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Rule, Trainable } from "./rule.ts";

export interface AdagradOptions {
  /** Learning rate; default 1e-2. */
  readonly lr?: number;
  /** The rate falls as 1 / (1 + updates * lrDecay); default 0. */
  readonly lrDecay?: number;
  /** Initial value of the sum of squares; default 0. */
  readonly initialAccumulator?: number;
  /** Added to the denominator; default 1e-10. */
  readonly eps?: number;
  /** Whether to add eps under the root, as in Karpathy's min-char-rnn (with eps 1e-8); default false, as in PyTorch. */
  readonly epsInsideRoot?: boolean;
  /** L2 penalty, added to the gradient; default 0. */
  readonly weightDecay?: number;
}

const ADAGRAD: Rule<Required<AdagradOptions>, "step" | "sum"> = {
  name: "adagrad",
  defaults: { lr: 1e-2, lrDecay: 0, initialAccumulator: 0, eps: 1e-10, epsInsideRoot: false, weightDecay: 0 },
  ranges: {
    lr: AT_LEAST_0,
    lrDecay: AT_LEAST_0,
    initialAccumulator: AT_LEAST_0,
    eps: AT_LEAST_0,
    epsInsideRoot: FLAG,
    weightDecay: AT_LEAST_0,
  },
  slots: ({ initialAccumulator }) => [
    { name: "step", scalar: true },
    { name: "sum", initial: initialAccumulator },
  ],
  update: ({ kernels, parameter, gradient, clip, size, learningRate, slot }, settings) => {
    const { lrDecay, eps, weightDecay, epsInsideRoot } = settings;
    kernels.adagrad(
      ...([parameter, gradient, clip, slot("sum"), slot("step"), learningRate, lrDecay] as const),
      ...([eps, weightDecay, Number(epsInsideRoot), size] as const),
    );
  },
};

/**
 * Adagrad (Duchi, Hazan and Singer 2011, "Adaptive subgradient methods") as torch.optim.Adagrad computes it:
 *
 *     d = g + weightDecay p
 *     s += d^2
 *     p -= lr / (1 + (t - 1) lrDecay) d / (sqrt(s) + eps)        or d / sqrt(s + eps), with epsInsideRoot
 *
 * @throws InputError for a setting outside its range
 */
export function adagrad(parameters: Trainable<AdagradOptions>, options: AdagradOptions = {}): Optimizer {
  return optimizerOf(ADAGRAD, parameters, options);
}

import { AT_LEAST_0, BELOW_1, FLAG } from "../core/options.ts";
import { optimizerOf } from "./grouped.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Rule, Trainable } from "./rule.ts";

export interface RMSpropOptions {
  /** Learning rate; default 1e-2. */
  readonly lr?: number;
  /** Decay of the running mean of g^2; default 0.99. */
  readonly alpha?: number;
  /** Added to the denominator; default 1e-8. */
  readonly eps?: number;
  /** Share of the last step that the next one keeps; default 0. */
  readonly momentum?: number;
  /** Whether to divide by the standard deviation of the gradient instead of its root mean square; default false. */
  readonly centered?: boolean;
  /** L2 penalty, added to the gradient; default 0. */
  readonly weightDecay?: number;
}

const RMSPROP: Rule<Required<RMSpropOptions>, "square_avg" | "grad_avg" | "momentum_buffer"> = {
  name: "rmsprop",
  defaults: { lr: 1e-2, alpha: 0.99, eps: 1e-8, momentum: 0, centered: false, weightDecay: 0 },
  ranges: {
    lr: AT_LEAST_0,
    alpha: BELOW_1,
    eps: AT_LEAST_0,
    momentum: AT_LEAST_0,
    centered: FLAG,
    weightDecay: AT_LEAST_0,
  },
  slots: ({ momentum, centered }) => [
    { name: "square_avg" },
    ...(centered ? [{ name: "grad_avg" } as const] : []),
    ...(momentum === 0 ? [] : [{ name: "momentum_buffer" } as const]),
  ],
  update: ({ kernels, parameter, gradient, clip, size, learningRate, slot }, settings) => {
    const { alpha, eps, momentum, weightDecay } = settings;
    kernels.rmsprop(
      ...([
        parameter,
        gradient,
        clip,
        slot("square_avg"),
        slot("grad_avg"),
        slot("momentum_buffer"),
      ] as const),
      ...([learningRate, alpha, eps, momentum, weightDecay, size] as const),
    );
  },
};

/**
 * RMSprop (Tieleman and Hinton 2012, lecture 6.5; centered: Graves 2013, "Generating sequences with recurrent neural
 * networks") as torch.optim.RMSprop computes it:
 *
 *     d = g + weightDecay p
 *     s = alpha s + (1 - alpha) d^2,  m = alpha m + (1 - alpha) d if centered, else 0
 *     b = momentum b + d / (sqrt(s - m^2) + eps)
 *     p -= lr b
 *
 * @throws InputError for a setting outside its range
 */
export function rmsprop(parameters: Trainable<RMSpropOptions>, options: RMSpropOptions = {}): Optimizer {
  return optimizerOf(RMSPROP, parameters, options);
}

import { AT_LEAST_0, FLAG, FROM_0_TO_1 } from "../core/options.ts";
import { optimizerOf } from "./grouped.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Rule, Trainable } from "./rule.ts";

export interface SGDOptions {
  /** Learning rate; default 1e-3. */
  readonly lr?: number;
  /** Share of the last step that the next one keeps; default 0. */
  readonly momentum?: number;
  /** Share of the gradient that momentum leaves out, from the second update on; default 0. */
  readonly dampening?: number;
  /** Whether to use Nesterov's momentum; default false. */
  readonly nesterov?: boolean;
  /** L2 penalty, added to the gradient; default 0. */
  readonly weightDecay?: number;
}

const SGD: Rule<Required<SGDOptions>, "step" | "momentum_buffer"> = {
  name: "sgd",
  defaults: { lr: 1e-3, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 },
  ranges: {
    lr: AT_LEAST_0,
    momentum: AT_LEAST_0,
    dampening: FROM_0_TO_1,
    nesterov: FLAG,
    weightDecay: AT_LEAST_0,
  },
  conflict: ({ nesterov, momentum, dampening }) =>
    nesterov && !(momentum > 0 && dampening === 0)
      ? `nesterov needs momentum above 0 and dampening 0, got momentum ${momentum}, dampening ${dampening}`
      : undefined,
  slots: ({ momentum, dampening }) => [
    ...(momentum === 0 ? [] : [{ name: "momentum_buffer" } as const]),
    // The first update differs from the others only with dampening.
    ...(momentum === 0 || dampening === 0 ? [] : [{ name: "step", scalar: true } as const]),
  ],
  update: ({ kernels, parameter, gradient, clip, size, learningRate, slot }, settings) => {
    const { momentum, dampening, weightDecay, nesterov } = settings;
    kernels.sgd(
      ...([parameter, gradient, clip, slot("momentum_buffer"), slot("step")] as const),
      ...([learningRate, momentum, dampening, weightDecay, Number(nesterov), size] as const),
    );
  },
};

/**
 * Gradient descent, with momentum (Polyak 1964) or Nesterov's (Sutskever et al. 2013), as torch.optim.SGD computes
 * it:
 *
 *     d = g + weightDecay p
 *     b = momentum b + (1 - dampening) d        at the first update b = d
 *     p -= lr b                                 with nesterov lr (d + momentum b); without momentum lr d
 *
 * @throws InputError for a setting outside its range
 */
export function sgd(parameters: Trainable<SGDOptions>, options: SGDOptions = {}): Optimizer {
  return optimizerOf(SGD, parameters, options);
}

import { AT_LEAST_0, BELOW_1, listOf } from "../core/options.ts";
import { optimizerOf } from "./grouped.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Rule, Trainable } from "./rule.ts";

export interface AdamOptions {
  /** Learning rate; default 1e-3. */
  readonly lr?: number;
  /** Decay of the running means of g and g^2; default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  /** Added to the denominator; default 1e-8. */
  readonly eps?: number;
  /** Default 0 for Adam, where it is an L2 penalty added to the gradient; 1e-2 for AdamW. */
  readonly weightDecay?: number;
}

type Settings = Required<AdamOptions>;
type Slots = "step" | "exp_avg" | "exp_avg_sq";

function rule(name: string, decoupled: number, weightDecay: number): Rule<Settings, Slots> {
  return {
    name,
    defaults: { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay },
    ranges: { lr: AT_LEAST_0, betas: listOf(2, BELOW_1), eps: AT_LEAST_0, weightDecay: AT_LEAST_0 },
    slots: () => [{ name: "step", scalar: true }, { name: "exp_avg" }, { name: "exp_avg_sq" }],
    update: ({ kernels, parameter, gradient, clip, size, learningRate, slot }, settings) => {
      const [beta1, beta2] = settings.betas;
      kernels.adam(
        ...([parameter, gradient, clip, slot("exp_avg"), slot("exp_avg_sq"), slot("step")] as const),
        ...([learningRate, beta1, beta2, settings.eps, settings.weightDecay, decoupled, size] as const),
      );
    },
  };
}

const ADAM = rule("adam", 0, 0);
const ADAMW = rule("adamw", 1, 1e-2);

/**
 * Adam (Kingma and Ba 2015, "Adam: a method for stochastic optimization") as torch.optim.Adam computes it:
 *
 *     d = g + weightDecay p
 *     m = beta1 m + (1 - beta1) d,  v = beta2 v + (1 - beta2) d^2
 *     p -= lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)
 *
 * @throws InputError for a setting outside its range
 */
export function adam(parameters: Trainable<AdamOptions>, options: AdamOptions = {}): Optimizer {
  return optimizerOf(ADAM, parameters, options);
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019) as torch.optim.AdamW computes it: p *= 1 - lr
 * weightDecay before each update, and d = g. weightDecay is 1e-2 unless given.
 * @throws InputError for a setting outside its range
 */
export function adamw(parameters: Trainable<AdamOptions>, options: AdamOptions = {}): Optimizer {
  return optimizerOf(ADAMW, parameters, options);
}

import { AT_LEAST_0, BELOW_1, FLAG, listOf } from "../core/options.ts";
import { raise } from "./elementwise.ts";
import { optimizerOf } from "./grouped.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Rule, Trainable, Update } from "./rule.ts";

export interface AdamOptions {
  /** Learning rate; default 1e-3. */
  readonly lr?: number;
  /** Decay of the running means of g and g^2; default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  /** Added to the denominator; default 1e-8. */
  readonly eps?: number;
  /** Default 0 for Adam, where it is an L2 penalty added to the gradient; 1e-2 for AdamW. */
  readonly weightDecay?: number;
  /** Whether to divide by the largest mean of g^2 so far (Reddi et al. 2018); default false. CPU-only. */
  readonly amsgrad?: boolean;
}

type Settings = Required<AdamOptions>;
type Slots = "step" | "exp_avg" | "exp_avg_sq" | "max_exp_avg_sq";

function rule(name: string, decoupled: number, weightDecay: number): Rule<Settings, Slots> {
  return {
    name,
    defaults: { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay, amsgrad: false },
    ranges: {
      lr: AT_LEAST_0,
      betas: listOf(2, BELOW_1),
      eps: AT_LEAST_0,
      weightDecay: AT_LEAST_0,
      amsgrad: FLAG,
    },
    slots: ({ amsgrad }) => [
      ...([{ name: "step", scalar: true }, { name: "exp_avg" }, { name: "exp_avg_sq" }] as const),
      ...(amsgrad ? [{ name: "max_exp_avg_sq" } as const] : []),
    ],
    scratch: ({ amsgrad }) => Number(amsgrad),
    update: (update, settings) => {
      if (settings.amsgrad) {
        updateByLargest(update, settings, decoupled);
        return;
      }
      const { kernels, parameter, gradient, clip, size, learningRate, slot } = update;
      const [beta1, beta2] = settings.betas;
      kernels.adam(
        ...([parameter, gradient, clip, slot("exp_avg"), slot("exp_avg_sq"), slot("step")] as const),
        ...([learningRate, beta1, beta2, settings.eps, settings.weightDecay, decoupled, size] as const),
      );
    },
  };
}

/** Adam with the largest v so far, in two passes of kernels of other rules. */
function updateByLargest(update: Update<Slots>, settings: Settings, decoupled: number): void {
  const { kernels, parameter, gradient, clip, size, learningRate, slot, read, scratch } = update;
  const { eps, weightDecay } = settings;
  const [beta1, beta2] = settings.betas;
  const [mean, square, largest] = [slot("exp_avg"), slot("exp_avg_sq"), slot("max_exp_avg_sq")];
  const step = read("step") + 1;
  if (decoupled) kernels.scale(parameter, parameter, 1 - learningRate * weightDecay, size);
  // With a rate of 0 the parameter stays, and eps 1 keeps what it is multiplied by finite: only the means change.
  kernels.adam(
    ...([parameter, gradient, clip, mean, square, slot("step")] as const),
    ...([0, beta1, beta2, 1, weightDecay, decoupled, size] as const),
  );
  raise(kernels, largest, square, scratch(0), size);
  // m / (sqrt(v) / root + eps) = root m / (sqrt(v) + root eps): RMSprop whose mean of squares, with alpha 1, stays.
  const root = Math.sqrt(1 - beta2 ** step);
  const rate = (learningRate * root) / (1 - beta1 ** step);
  kernels.rmsprop(parameter, mean, 0, largest, 0, 0, rate, 1, root * eps, 0, 0, size);
}

const ADAM = rule("adam", 0, 0);
const ADAMW = rule("adamw", 1, 1e-2);

/**
 * Adam (Kingma and Ba 2015, "Adam: a method for stochastic optimization") as torch.optim.Adam computes it:
 *
 *     d = g + weightDecay p
 *     m = beta1 m + (1 - beta1) d,  v = beta2 v + (1 - beta2) d^2
 *     p -= lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)        with amsgrad the largest v so far
 *
 * @throws InputError for a setting outside its range
 */
export function adam(parameters: Trainable<AdamOptions>, options: AdamOptions = {}): Optimizer {
  return optimizerOf(ADAM, parameters, options);
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019) as torch.optim.AdamW computes it: p *= 1 - lr
 * weightDecay before each update, and d = g. The default of weightDecay is 1e-2.
 * @throws InputError for a setting outside its range
 */
export function adamw(parameters: Trainable<AdamOptions>, options: AdamOptions = {}): Optimizer {
  return optimizerOf(ADAMW, parameters, options);
}

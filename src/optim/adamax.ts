import { ABOVE_0, AT_LEAST_0, BELOW_1, listOf } from "../core/options.ts";
import { apply, average, combine, combineWithOne, penalise } from "./elementwise.ts";
import { optimizerOf } from "./grouped.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Rule, Trainable } from "./rule.ts";

export interface AdamaxOptions {
  /** Learning rate; default 2e-3. */
  readonly lr?: number;
  /** Decay of the running mean of d and of its largest magnitude; default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  /** Added to the magnitude of d, above 0, so that elements without a gradient are not divided by 0. Default 1e-8. */
  readonly eps?: number;
  /** L2 penalty, added to the gradient; default 0. */
  readonly weightDecay?: number;
}

const ADAMAX: Rule<Required<AdamaxOptions>, "step" | "exp_avg" | "exp_inf"> = {
  name: "adamax",
  defaults: { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 },
  ranges: { lr: AT_LEAST_0, betas: listOf(2, BELOW_1), eps: ABOVE_0, weightDecay: AT_LEAST_0 },
  slots: () => [{ name: "step", scalar: true }, { name: "exp_avg" }, { name: "exp_inf" }],
  scratch: () => 2,
  update: (update, { betas: [beta1, beta2], eps, weightDecay }) => {
    const { kernels, parameter, size, learningRate, slot, read, scratch, number } = update;
    const [mean, largest] = [slot("exp_avg"), slot("exp_inf")];
    const [d, spare] = [scratch(0), scratch(1)];
    const step = read("step") + 1;
    kernels.fill(slot("step"), step, 1);
    penalise(update, weightDecay, d, spare);
    // largest = max(beta2 largest, |d| + eps)
    apply(kernels, "abs", spare, d, size);
    average(kernels, mean, beta1, d, size);
    kernels.fill(number, eps, 1);
    combineWithOne(kernels, "add", d, [spare, number], size);
    kernels.scale(spare, largest, beta2, size);
    combine(kernels, "maximum", largest, [spare, d], size);
    combine(kernels, "div", d, [mean, largest], size);
    kernels.scale(d, d, -learningRate / (1 - beta1 ** step), size);
    kernels.accumulate(parameter, d, size);
  },
};

/**
 * Adamax (Kingma and Ba 2015, section 7.1) as torch.optim.Adamax computes it: Adam with the largest gradient instead of
 * the root mean square.
 *
 *     d = g + weightDecay p
 *     m = beta1 m + (1 - beta1) d,  u = max(beta2 u, |d| + eps)
 *     p -= lr / (1 - beta1^t) m / u
 *
 * It is composed of elementwise kernels: an update takes several times as long as one of Adam. CPU-only.
 * @throws InputError for a setting outside its range
 */
export function adamax(parameters: Trainable<AdamaxOptions>, options: AdamaxOptions = {}): Optimizer {
  return optimizerOf(ADAMAX, parameters, options);
}

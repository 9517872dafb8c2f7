import { ABOVE_0, AT_LEAST_0, FROM_0_TO_1 } from "../core/options.ts";
import { apply, average, combine, combineWithOne, penalise } from "./elementwise.ts";
import { optimizerOf } from "./grouped.ts";
import type { Optimizer } from "./optimizer.ts";
import type { Rule, Trainable } from "./rule.ts";

export interface AdadeltaOptions {
  /** Learning rate, which multiplies steps that already have a scale; default 1. */
  readonly lr?: number;
  /** Decay of the running means of d^2 and of the squared steps; default 0.9. */
  readonly rho?: number;
  /** Added to both means under the root, above 0; it determines the size of the first step. Default 1e-6. */
  readonly eps?: number;
  /** L2 penalty, added to the gradient; default 0. */
  readonly weightDecay?: number;
}

const ADADELTA: Rule<Required<AdadeltaOptions>, "square_avg" | "acc_delta"> = {
  name: "adadelta",
  defaults: { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0 },
  ranges: { lr: AT_LEAST_0, rho: FROM_0_TO_1, eps: ABOVE_0, weightDecay: AT_LEAST_0 },
  slots: () => [{ name: "square_avg" }, { name: "acc_delta" }],
  scratch: () => 3,
  update: (update, { rho, eps, weightDecay }) => {
    const { kernels, parameter, size, learningRate, slot, scratch, number } = update;
    const [squares, steps] = [slot("square_avg"), slot("acc_delta")];
    const [d, ratio, spare] = [scratch(0), scratch(1), scratch(2)];
    penalise(update, weightDecay, d, spare);
    apply(kernels, "square", spare, d, size);
    average(kernels, squares, rho, spare, size);
    // ratio = sqrt(steps + eps) / sqrt(squares + eps)
    kernels.fill(number, eps, 1);
    combineWithOne(kernels, "add", ratio, [steps, number], size);
    apply(kernels, "sqrt", ratio, ratio, size);
    combineWithOne(kernels, "add", spare, [squares, number], size);
    apply(kernels, "sqrt", spare, spare, size);
    kernels.mul(d, d, ratio, size);
    combine(kernels, "div", ratio, [d, spare], size);
    // ratio is the step now.
    apply(kernels, "square", spare, ratio, size);
    average(kernels, steps, rho, spare, size);
    kernels.scale(ratio, ratio, -learningRate, size);
    kernels.accumulate(parameter, ratio, size);
  },
};

/**
 * Adadelta (Zeiler 2012, "ADADELTA: an adaptive learning rate method") as torch.optim.Adadelta computes it:
 *
 *     d = g + weightDecay p
 *     s = rho s + (1 - rho) d^2
 *     u = sqrt(a + eps) / sqrt(s + eps) d
 *     a = rho a + (1 - rho) u^2
 *     p -= lr u
 *
 * It is composed of elementwise kernels: an update takes several times as long as one of Adam.
 * @throws InputError for a setting outside its range
 */
export function adadelta(parameters: Trainable<AdadeltaOptions>, options: AdadeltaOptions = {}): Optimizer {
  return optimizerOf(ADADELTA, parameters, options);
}

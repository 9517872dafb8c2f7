import type { Kernels } from "../backend.ts";
import { clipped } from "./clip.ts";
import type { ReferenceMemory } from "./memory.ts";

/** The optimizers as in torch.optim. d is the gradient with its L2 penalty, g + weightDecay p. */
export function updateKernels(
  memory: ReferenceMemory,
): Pick<Kernels, "sgd" | "rmsprop" | "adagrad" | "adam"> {
  const optional = (address: number, n: number) => (address === 0 ? undefined : memory.at(address, n));
  /** The number of this update of the parameter, starting at 1. */
  const nextStep = (steps: number) => ++memory.at(steps, 1)[0];

  return {
    /** Gradient descent with momentum (Polyak 1964) or Nesterov momentum (Sutskever et al. 2013). */
    sgd(p, g, clip, buffer, steps, lr, momentum, dampening, weightDecay, nesterov, n) {
      const [parameter, gradient, velocity] = [
        memory.at(p, n),
        clipped(memory, g, clip, n),
        optional(buffer, n),
      ];
      const first = steps !== 0 && nextStep(steps) === 1;
      for (let i = 0; i < n; i++) {
        const d = gradient[i] + weightDecay * parameter[i];
        let direction = d;
        if (velocity !== undefined) {
          velocity[i] = momentum * velocity[i] + (first ? 1 : 1 - dampening) * d;
          direction = nesterov ? d + momentum * velocity[i] : velocity[i];
        }
        parameter[i] -= lr * direction;
      }
    },
    /**
     * RMSprop (Tieleman and Hinton 2012; centered: Graves 2013): divides by a running root mean square of the
     * gradients.
     */
    rmsprop(p, g, clip, square, mean, buffer, lr, alpha, epsilon, momentum, weightDecay, n) {
      const [parameter, gradient, squares] = [
        memory.at(p, n),
        clipped(memory, g, clip, n),
        memory.at(square, n),
      ];
      const [means, velocity] = [optional(mean, n), optional(buffer, n)];
      for (let i = 0; i < n; i++) {
        const d = gradient[i] + weightDecay * parameter[i];
        squares[i] = alpha * squares[i] + (1 - alpha) * d * d;
        let variance = squares[i];
        if (means !== undefined) {
          means[i] = alpha * means[i] + (1 - alpha) * d;
          variance -= means[i] * means[i];
        }
        let direction = d / (Math.sqrt(variance) + epsilon);
        if (velocity !== undefined) {
          velocity[i] = momentum * velocity[i] + direction;
          direction = velocity[i];
        }
        parameter[i] -= lr * direction;
      }
    },
    /** Adagrad (Duchi, Hazan and Singer 2011): divides by the root of the sum of all squared gradients so far. */
    adagrad(p, g, clip, total, steps, lr, lrDecay, epsilon, weightDecay, epsilonInside, n) {
      const [parameter, gradient, totals] = [
        memory.at(p, n),
        clipped(memory, g, clip, n),
        memory.at(total, n),
      ];
      const rate = lr / (1 + (nextStep(steps) - 1) * lrDecay);
      for (let i = 0; i < n; i++) {
        const d = gradient[i] + weightDecay * parameter[i];
        totals[i] += d * d;
        const length = epsilonInside ? Math.sqrt(totals[i] + epsilon) : Math.sqrt(totals[i]) + epsilon;
        parameter[i] -= (rate * d) / length;
      }
    },
    /**
     * Adam (Kingma and Ba 2015): m and v are running means of d and d^2, each divided by its bias correction (1 -
     * beta^step). AdamW (Loshchilov and Hutter 2019) is decoupled: it subtracts the decay from p and uses d = g.
     */
    adam(p, g, clip, m, v, steps, lr, beta1, beta2, epsilon, weightDecay, decoupled, n) {
      const [parameter, gradient] = [memory.at(p, n), clipped(memory, g, clip, n)];
      const [mean, square] = [memory.at(m, n), memory.at(v, n)];
      const step = nextStep(steps);
      const correction1 = 1 - beta1 ** step;
      const correction2 = Math.sqrt(1 - beta2 ** step);
      for (let i = 0; i < n; i++) {
        if (decoupled) parameter[i] *= 1 - lr * weightDecay;
        const d = decoupled ? gradient[i] : gradient[i] + weightDecay * parameter[i];
        mean[i] = beta1 * mean[i] + (1 - beta1) * d;
        square[i] = beta2 * square[i] + (1 - beta2) * d * d;
        parameter[i] -= ((lr / correction1) * mean[i]) / (Math.sqrt(square[i]) / correction2 + epsilon);
      }
    },
  };
}

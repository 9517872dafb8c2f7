import type { Kernels } from "../backend.ts";
import type { ReferenceMemory } from "./memory.ts";

/** Added to the norm by torch.nn.utils.clip_grad_norm_, so that a zero gradient divides by something. */
const NORM_EPSILON = 1e-6;

/** Clipping and optimizers, as PyTorch computes them. */
export function updateKernels(memory: ReferenceMemory): Pick<Kernels, "clip_norm" | "clip_value" | "adam"> {
  return {
    clip_norm(norm, g, maxNorm, n) {
      const gradient = memory.at(g, n);
      let squares = 0;
      for (const value of gradient) squares += value * value;
      const length = Math.sqrt(squares);
      memory.at(norm, 1)[0] = length;
      if (!Number.isFinite(maxNorm)) return;
      const factor = Math.min(1, maxNorm / (length + NORM_EPSILON));
      for (let i = 0; i < n; i++) gradient[i] *= factor;
    },
    clip_value(g, limit, n) {
      const gradient = memory.at(g, n);
      for (let i = 0; i < n; i++) gradient[i] = Math.max(-limit, Math.min(limit, gradient[i]));
    },
    /**
     * Adam (Kingma and Ba 2015): m and v are running means of g and g^2, each divided by what it lacks at the start
     * (1 - beta^step). Weight decay is added to g (L2), or taken off p directly when decoupled (AdamW).
     */
    adam(p, g, m, v, lr, beta1, beta2, epsilon, weightDecay, decoupled, step, n) {
      const [parameter, gradient, mean, square] = [
        memory.at(p, n),
        memory.at(g, n),
        memory.at(m, n),
        memory.at(v, n),
      ];
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

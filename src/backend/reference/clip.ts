import type { Kernels } from "../backend.ts";
import type { ReferenceMemory } from "./memory.ts";

/** Added to the norm by torch.nn.utils.clip_grad_norm_, so that a zero gradient divides by something. */
const NORM_EPSILON = 1e-6;

/** What may happen to gradients before the update, as PyTorch computes it. */
export function clipKernels(memory: ReferenceMemory): Pick<Kernels, "clip_norm" | "clip_value"> {
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
  };
}

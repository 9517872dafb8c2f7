import type { Address, Kernels } from "../backend.ts";
import type { ReferenceMemory } from "./memory.ts";

/** Added to the norm, as in torch.nn.utils.clip_grad_norm_, to avoid a division by zero. */
const NORM_EPSILON = 1e-6;

/** Kernels that clip gradients before the update, as in PyTorch: by a factor and by a limit. */
export function clipKernels(memory: ReferenceMemory): Pick<Kernels, "clip_norm" | "clip_gradient"> {
  return {
    clip_norm(norm, clip, g, maxNorm, n) {
      const gradient = memory.at(g, n);
      let squares = 0;
      for (const value of gradient) squares += value * value;
      const length = Math.sqrt(squares);
      memory.at(norm, 1)[0] = length;
      memory.at(clip, 2).set([Math.min(1, maxNorm / (length + NORM_EPSILON)), Number.POSITIVE_INFINITY]);
    },
    clip_gradient(g, clip, n) {
      memory.at(g, n).set(clipped(memory, g, clip, n));
    },
  };
}

/** A gradient after clipping. Address 0 means that there is no clip. */
export function clipped(memory: ReferenceMemory, g: Address, clip: Address, n: number): Float64Array {
  const gradient = memory.at(g, n);
  if (clip === 0) return gradient;
  const [factor, limit] = memory.at(clip, 2);
  return gradient.map((value) => Math.max(-limit, Math.min(limit, value * factor)));
}

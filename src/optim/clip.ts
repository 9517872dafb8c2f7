import type { Gradients } from "../autograd/gradients.ts";
import { InputError } from "../core/errors.ts";

/** Changes gradients between backward and update. */
export type Clip = (gradients: Gradients) => void;

function checkPositive(where: string, value: number): void {
  if (!(value > 0)) throw new InputError(`${where} must be above 0, got ${value}`);
}

/**
 * Scale all gradients by min(1, max / (norm + 1e-6)), norm over all parameters together (Pascanu et al. 2013;
 * torch.nn.utils.clip_grad_norm_). The norm before clipping stays in `gradients.norm`; `Infinity` only measures.
 */
export function clipNorm(max: number): Clip {
  checkPositive("clipNorm: max", max);
  return (gradients) => gradients.clipNorm(max);
}

/** Cut each element to [-limit, limit], as torch.nn.utils.clip_grad_value_ and Karpathy's min-char-rnn do. */
export function clipValue(limit: number): Clip {
  checkPositive("clipValue: limit", limit);
  return (gradients) => gradients.clipValue(limit);
}

/** One clip after another. */
export function clips(...all: readonly Clip[]): Clip {
  return (gradients) => {
    for (const clip of all) clip(gradients);
  };
}

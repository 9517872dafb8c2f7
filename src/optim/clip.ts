import { Gradients } from "../autograd/gradients.ts";
import { checkValue, FUNCTION, POSITIVE, type Range } from "../core/options.ts";

/** Changes gradients between backward and update. */
export type Clip = (gradients: Gradients) => void;

const GRADIENTS: Range = {
  text: "the gradients of an optimizer",
  fits: (value) => value instanceof Gradients,
};

/** A clip that looks at what it is given. */
function clipOf(name: string, clip: Clip): Clip {
  return (gradients) => {
    checkValue(`${name}: gradients`, GRADIENTS, gradients);
    clip(gradients);
  };
}

/**
 * Scale all gradients by min(1, max / (norm + 1e-6)), norm over all parameters together (Pascanu et al. 2013;
 * torch.nn.utils.clip_grad_norm_). The norm before clipping stays in `gradients.norm`; `Infinity` only measures.
 */
export function clipNorm(max: number): Clip {
  checkValue("clipNorm: max", POSITIVE, max);
  return clipOf("clipNorm", (gradients) => gradients.clipNorm(max));
}

/** Cut each element to [-limit, limit], as torch.nn.utils.clip_grad_value_ and Karpathy's min-char-rnn do. */
export function clipValue(limit: number): Clip {
  checkValue("clipValue: limit", POSITIVE, limit);
  return clipOf("clipValue", (gradients) => gradients.clipValue(limit));
}

/** One clip after another. */
export function clips(...all: readonly Clip[]): Clip {
  for (const [index, clip] of all.entries()) checkValue(`clips: clip ${index}`, FUNCTION, clip);
  return (gradients) => {
    for (const clip of all) clip(gradients);
  };
}

import { Gradients } from "../autograd/gradients.ts";
import { checkValue, FUNCTION, POSITIVE, type Range, settle } from "../core/options.ts";

/** Changes gradients between backward and update. */
export type Clip = (gradients: Gradients) => void;

const GRADIENTS: Range = {
  text: "the gradients of an optimizer",
  fits: (value) => value instanceof Gradients,
};

/** A clip that checks its argument. */
function clipOf(name: string, clip: Clip): Clip {
  return (gradients) => {
    checkValue(`${name}: gradients`, GRADIENTS, gradients);
    clip(gradients);
  };
}

export interface ClipNormOptions {
  /**
   * Which norm: p for (sum |g|^p)^(1/p), Infinity for the largest |g|. Default 2, which has a kernel; other norms take
   * a few passes over the gradients and memory for a copy of them.
   */
  readonly norm?: number;
}

const NORM: Range = {
  text: "a number above 0, or Infinity",
  fits: (value) => typeof value === "number" && value > 0,
};

/**
 * Scales all gradients by min(1, max / (norm + 1e-6)), with the norm over all parameters (Pascanu et al. 2013;
 * torch.nn.utils.clip_grad_norm_). `gradients.norm` is the norm before clipping. A `max` of `Infinity` only computes
 * the norm.
 * @throws InputError unless `max` and the norm are above 0
 */
export function clipNorm(max: number, options: ClipNormOptions = {}): Clip {
  checkValue("clipNorm: max", POSITIVE, max);
  const { norm } = settle<Required<ClipNormOptions>>("clipNorm", { norm: NORM }, { norm: 2 }, options);
  return clipOf("clipNorm", (gradients) => gradients.clipNorm(max, norm));
}

/** Limits each element to [-limit, limit], as in torch.nn.utils.clip_grad_value_ and Karpathy's min-char-rnn. */
export function clipValue(limit: number): Clip {
  checkValue("clipValue: limit", POSITIVE, limit);
  return clipOf("clipValue", (gradients) => gradients.clipValue(limit));
}

/** Applies several clips, one after another. */
export function clips(...all: readonly Clip[]): Clip {
  for (const [index, clip] of all.entries()) checkValue(`clips: clip ${index}`, FUNCTION, clip);
  return (gradients) => {
    for (const clip of all) clip(gradients);
  };
}

import { InputError } from "../core/errors.ts";
import {
  AT_LEAST_0,
  checkValue,
  GENERATOR,
  LIST,
  type Names,
  optional,
  type Range,
  refuseOthers,
  SIZE,
} from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { showValue } from "../core/show-value.ts";

export interface SamplingOptions {
  /** Logits are divided by it. Below 1, likely symbols become likelier; 0 always takes the likeliest. Default 1. */
  temperature?: number;
  /** Draws only from the k likeliest symbols. Default: all. */
  topK?: number;
  /** Draws only from the likeliest symbols with a total probability of p (nucleus; Holtzman et al. 2020). Default 1. */
  topP?: number;
}

const SHARE: Range = {
  text: "above 0 and at most 1",
  fits: (value) => typeof value === "number" && value > 0 && value <= 1,
};

const OPTIONS: Names<SamplingOptions> = { temperature: 0, topK: 0, topP: 0 };

/** @throws InputError that names the option that is out of range */
export function checkSampling(options: SamplingOptions): void {
  refuseOthers("sampling", OPTIONS, options);
  const { temperature = 1, topK, topP = 1 } = options;
  if (!AT_LEAST_0.fits(temperature)) {
    throw new InputError(`--temperature must be a number of at least 0, got ${showValue(temperature)}`, {
      hint: "0 always takes the likeliest character, 1 samples as the model has learned",
    });
  }
  checkValue("--top-k", optional(SIZE), topK);
  checkValue("--top-p", SHARE, topP);
}

/**
 * Draws a symbol from softmax(logits / temperature), limited to the likeliest symbols by the options. A symbol with a
 * logit of -Infinity is never drawn.
 * @param logits [vocabulary]
 * @throws InputError for an option that is out of range, for an empty list, and if no symbol can be drawn
 */
export function sampleLogits(logits: ArrayLike<number>, options: SamplingOptions, rng: Rng): number {
  checkSampling(options);
  checkValue("sampleLogits: rng", GENERATOR, rng);
  checkLogits(logits);
  const { temperature = 1, topK = logits.length, topP = 1 } = options;
  const ranked = Array.from({ length: logits.length }, (_, id) => id).sort(
    (a, b) => logits[b] - logits[a] || a - b,
  );
  if (temperature === 0) return ranked[0];
  const kept = ranked.slice(0, topK);
  const weights = kept.map((id) => Math.exp((logits[id] - logits[kept[0]]) / temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  let mass = 0;
  let count = 0;
  while (count < kept.length && mass < topP * total) mass += weights[count++];
  let target = rng.uniform() * mass;
  for (let i = 0; i < count; i++) {
    target -= weights[i];
    if (target < 0) return kept[i];
  }
  return kept[count - 1];
}

function checkLogits(logits: ArrayLike<number>): void {
  checkValue("sampleLogits: logits", LIST, logits);
  if (logits.length === 0)
    throw new InputError("sampleLogits: logits must hold at least one number, got none");
  let best = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) {
    if (!(typeof logits[id] === "number" && logits[id] < Number.POSITIVE_INFINITY)) {
      throw new InputError(
        `sampleLogits: logits must be numbers below infinity, got ${showValue(logits[id])} for symbol ${id}`,
        {
          hint: "the training has diverged: take an earlier checkpoint",
        },
      );
    }
    best = Math.max(best, logits[id]);
  }
  if (best === Number.NEGATIVE_INFINITY) {
    throw new InputError("sampleLogits: one logit at least must be above -infinity, got none", {
      hint: "leave one symbol to choose",
    });
  }
}

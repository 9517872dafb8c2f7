import { analyticGradients, numericGradients, STEP } from "../../autograd/gradcheck.ts";
import type { NamedParameter } from "../../autograd/parameter.ts";
import { parameters } from "../../autograd/parameter.ts";
import { createReferenceBackend } from "../../backend/reference/reference.ts";
import type { Tensor } from "../../backend/tensor.ts";
import { Rng } from "../../core/rng.ts";
import type { TextCorpus } from "../../data/index.ts";
import { MinCharTraining } from "./training.ts";

/** One entry of a parameter. */
export interface CheckedEntry {
  readonly parameter: string;
  /** Row and column; one number for a bias. */
  readonly entry: readonly number[];
  readonly analytic: number;
  readonly numeric: number;
  /** |analytic - numeric| / |analytic + numeric|; 0 where both are 0. */
  readonly relativeError: number;
  readonly passed: boolean;
}

/** Entries of each parameter, as in the program. */
const ENTRIES = 10;

/** Of these so many where the gradient is zero, if there are: Wxh has no others for letters that do not occur. */
const ZEROS = 2;

/** The program asks for 1e-7 or less, and gets it where the gradient is not small. */
const TOLERANCE = 1e-5;

/**
 * What rounding alone makes of a difference quotient: the loss has 2^-53 of itself, twice, over twice the step. Taken
 * ten times, for the roundings on the way to the loss.
 */
const noiseOf = (loss: number): number => (10 * 2 ** -53 * Math.abs(loss)) / STEP;

/**
 * The gradient check of Karpathy's min-char-rnn.py: 10 entries of each parameter, drawn at random, against central
 * differences with a step of 1e-5. For a scalar function on the reference backend.
 */
export async function* checkEntries(
  loss: () => Tensor,
  named: readonly NamedParameter[],
  rng: Rng,
): AsyncGenerator<CheckedEntry> {
  const analytic = await analyticGradients(loss, named.map(({ tensor }) => tensor));
  for (const [index, { name, tensor }] of named.entries()) {
    const elements = chooseEntries(analytic[index], rng);
    const numeric = await numericGradients(loss, tensor, elements);
    for (const [position, element] of elements.entries()) {
      yield entryOf(name, tensor, element, analytic[index][element], numeric[position]);
    }
  }
}

import { InputError, type Rng } from "../core/index.ts";
import { checkValue, GENERATOR, type Range, SIZE } from "../core/options.ts";

/** The most steps in a batch: their inputs take 1 GiB. */
const MOST_STEPS = 2 ** 27;
const STEPS: Range = {
  text: "an integer of at least 2",
  fits: (value) => SIZE.fits(value) && (value as number) >= 2,
};

/** A batch of sequences of the adding problem. */
export interface AddingBatch {
  /** [batch, steps, 2]: a number in [0, 1), and its mark, which is 1 at two steps of a sequence and else 0. */
  readonly inputs: Float32Array;
  /** [batch]: the sum of the two marked numbers. */
  readonly targets: Float32Array;
}

/**
 * The adding problem (Hochreiter and Schmidhuber 1997, "Long short-term memory", section 5.4), in the form of Le,
 * Jaitly and Hinton (2015, "A simple way to initialize recurrent networks of rectified linear units"): two of many
 * random numbers are marked, one in each half of the sequence, and the target is their sum. The best constant answer
 * is 1; its mean squared error is {@link ADDING_VARIANCE}.
 * @param rng the numbers and the marks are drawn from it
 * @param batch how many sequences, an integer of at least 1
 * @param steps the length of each sequence, an integer of at least 2
 * @throws InputError if an argument is out of range
 */
export function addingBatch(rng: Rng, batch: number, steps: number): AddingBatch {
  checkValue("adding: rng", GENERATOR, rng);
  checkValue("adding: batch", SIZE, batch);
  checkValue("adding: steps", STEPS, steps);
  if (batch * steps > MOST_STEPS) {
    throw new InputError(`adding: batch x steps must be at most ${MOST_STEPS}, got ${batch} x ${steps}`);
  }
  const inputs = new Float32Array(batch * steps * 2);
  const targets = new Float32Array(batch);
  const half = Math.floor(steps / 2);
  for (let row = 0; row < batch; row++) {
    const first = row * steps;
    for (let t = 0; t < steps; t++) inputs[2 * (first + t)] = rng.uniform();
    for (const t of [rng.integer(half), half + rng.integer(steps - half)]) {
      inputs[2 * (first + t) + 1] = 1;
      targets[row] += inputs[2 * (first + t)];
    }
  }
  return { inputs, targets };
}

/** The mean squared error of the best constant answer: twice the variance of a uniform number, which is 1/12. */
export const ADDING_VARIANCE = 2 / 12;

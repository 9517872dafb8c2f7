import { InputError, type Rng } from "../core/index.ts";
import { checkValue, GENERATOR, type Range, SIZE } from "../core/options.ts";

/** A gigabyte of numbers. */
const MOST_STEPS = 2 ** 27;
const STEPS: Range = {
  text: "an integer of at least 2",
  fits: (value) => SIZE.fits(value) && (value as number) >= 2,
};

/** Sequences of the adding problem, row by row. */
export interface AddingBatch {
  /** [batch, steps, 2]: a number in [0, 1), and 1 at the two steps that count, else 0. */
  readonly inputs: Float32Array;
  /** [batch]: the sum of the two numbers that count. */
  readonly targets: Float32Array;
}

/**
 * The adding problem (Hochreiter and Schmidhuber 1997, "Long short-term memory", section 5.4), in the form of Le,
 * Jaitly and Hinton (2015, "A simple way to initialize recurrent networks of rectified linear units"): add the two
 * marked ones of many random numbers, one in each half of the sequence. Whoever forgets the first can do no better
 * than to say 1 always, and pays {@link ADDING_VARIANCE}.
 * @throws InputError unless batch is an integer from 1, steps one from 2 up
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

/** Mean squared error of the best constant: the variance of a uniform number is 1/12, and there are two of them. */
export const ADDING_VARIANCE = 2 / 12;

/** `npm run bench -- word-lm`: the training step of a word language model, on this package and in PyTorch. */

import { type CompareOptions, compare } from "./compare.ts";
import { wordLmContestants } from "./contestants.ts";
import type { Workload } from "./protocol.ts";

export interface WordLmOptions extends CompareOptions {
  python?: string;
}

/**
 * The small model of Zaremba et al. (2014) for the Penn Treebank: two LSTM layers of 200. Their loss is the sum over 20
 * steps, with a rate of 1 and a norm of 5; this is their mean, with the same updates.
 */
const SMALL: Workload = {
  ...{ vocab: 10_000, time: 20, batch: 20, hidden: 200 },
  ...{ learningRate: 20, clip: 0.25, seed: 1 },
};

/** @returns the exit status */
export async function wordLm({ python, ...options }: WordLmOptions): Promise<number> {
  return compare("word-lm", wordLmContestants(python), { small: SMALL }, options);
}

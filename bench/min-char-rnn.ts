/** `npm run bench -- min-char-rnn`: an iteration of Karpathy's program, here and in numpy as he wrote it. */

import { type CompareOptions, compare } from "./compare.ts";
import { minCharRnnContestants } from "./contestants.ts";
import type { Workload } from "./protocol.ts";

export interface MinCharRnnOptions extends CompareOptions {
  vocab: readonly number[];
  python?: string;
}

/** The program's own. */
const SETTINGS = { time: 25, batch: 1, hidden: 100, learningRate: 0.1, clip: 5, seed: 1 };

/** @returns the exit status */
export async function minCharRnn({ vocab, python, ...options }: MinCharRnnOptions): Promise<number> {
  const workloads = vocab.map((size): [string, Workload] => [`V=${size}`, { ...SETTINGS, vocab: size }]);
  return compare("min-char-rnn", minCharRnnContestants(python), Object.fromEntries(workloads), options);
}

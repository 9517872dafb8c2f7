/** `npm run bench -- char-lm`: the training step of a character LSTM, on this package and on its peers. */

import { type CompareOptions, compare } from "./compare.ts";
import { charLmContestants } from "./contestants.ts";
import type { Workload } from "./protocol.ts";

export interface CharLmOptions extends CompareOptions {
  hidden: readonly number[];
  python?: string;
}

const SETTINGS = { vocab: 65, time: 64, batch: 32, learningRate: 2e-3, clip: 5, seed: 1 };

/** @returns the exit status */
export async function charLm({ hidden, python, ...options }: CharLmOptions): Promise<number> {
  const workloads = hidden.map((size): [string, Workload] => [`H=${size}`, { ...SETTINGS, hidden: size }]);
  return compare("char-lm", charLmContestants(python), Object.fromEntries(workloads), options);
}

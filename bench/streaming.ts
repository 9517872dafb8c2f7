/** `npm run bench -- streaming`: one step at batch 1 of an LSTM and a linear layer, on this package and on its peers. */

import { type CompareOptions, compare } from "./compare.ts";
import { streamingContestants } from "./contestants-streaming.ts";
import type { Workload } from "./protocol.ts";

export interface StreamingOptions extends CompareOptions {
  hidden: readonly number[];
  python?: string;
}

/** `time` steps are timed together: one takes less than a clock can tell. The learning settings are unused. */
const SETTINGS = { vocab: 65, time: 200, batch: 1, learningRate: 0, clip: 0, seed: 1 };

/** @returns the exit status */
export async function streaming({ hidden, python, ...options }: StreamingOptions): Promise<number> {
  const workloads = hidden.map((size): [string, Workload] => [
    `H=${size}`,
    { ...SETTINGS, cell: "lstm", mode: "stream", hidden: size },
  ]);
  return compare("streaming", streamingContestants(python), Object.fromEntries(workloads), options);
}

/** `npm run bench -- streaming`: one step at batch 1 of an LSTM and a linear layer, on this package and on its peers. */

import type { Benchmark } from "./benchmark.ts";
import { streamingContestants } from "./contestants-streaming.ts";
import type { Workload } from "./protocol.ts";

/**
 * A thousand steps are timed together, one takes less than a clock can tell: their milliseconds are its microseconds.
 * The learning settings are unused.
 */
const SETTINGS = { vocab: 65, time: 1000, batch: 1, learningRate: 0, clip: 0, seed: 1 };

export const streaming: Benchmark = {
  name: "streaming",
  what: "one step at batch 1, LSTM and linear layer, weights in f32, bf16 and int8",
  sizes: ["hidden"],
  python: "torch",
  contestants: streamingContestants,
  workloads: ({ hidden = [128, 512] }) =>
    Object.fromEntries(
      hidden.map((size): [string, Workload] => [
        `H=${size}`,
        { ...SETTINGS, cell: "lstm", mode: "stream", hidden: size },
      ]),
    ),
  title: ({ hidden, vocab }) => `LSTM and linear layer, one step at batch 1, H=${hidden} V=${vocab}`,
  unit: "us",
  learns: false,
};

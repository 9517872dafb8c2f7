/** All benchmarks, in the order in which `npm run bench` runs them. A new one is a file and a line here. */

import type { Benchmark } from "./benchmark.ts";
import { charLm } from "./char-lm.ts";
import { draw } from "./draw.ts";
import { growth } from "./growth.ts";
import { layers } from "./layers.ts";
import { memory } from "./memory.ts";
import { minCharRnn } from "./min-char-rnn.ts";
import { seq2seq } from "./seq2seq.ts";
import { streaming } from "./streaming.ts";
import { wordLm } from "./word-lm.ts";

export const BENCHMARKS: readonly Benchmark[] = [
  layers,
  charLm,
  wordLm,
  seq2seq,
  minCharRnn,
  streaming,
  draw,
  growth,
  memory,
];

/** What a benchmark is: an entry of the registry in benchmarks.ts. */

import type { Contestant } from "./contestant.ts";
import type { Measure } from "./interleave.ts";
import type { Workload } from "./protocol.ts";

export const CELLS = ["rnn", "lstm", "gru"] as const;
export const MODES = ["train", "infer"] as const;

/** What the options of the command line chose; absent: the benchmark's own choice. */
export interface Sizes {
  hidden?: readonly number[];
  batch?: readonly number[];
  time?: readonly number[];
  vocab?: readonly number[];
  cell?: readonly (typeof CELLS)[number][];
  mode?: readonly (typeof MODES)[number][];
}

export interface Benchmark {
  /** As it is typed. */
  readonly name: string;
  /** One line of `--help`. */
  readonly what: string;
  /** The size options that it takes. */
  readonly sizes: readonly (keyof Sizes)[];
  /** The Python module that its peers need. */
  readonly python?: "torch" | "numpy";
  /** @param python a python3 that has that module; without one its rows are skipped by name */
  contestants(python: string | undefined): Contestant[];
  /**
   * Under the names that progress and comparisons use.
   * @param quick fewer of them, for a look
   */
  workloads(sizes: Sizes, quick: boolean): Readonly<Record<string, Workload>>;
  /** What is measured in one line, above the table. */
  title(workload: Workload): string;
  /** Floating-point operations of one step: see flops.ts. Absent where arithmetic is not the point. */
  flops?(workload: Workload): number;
  /** How; the clock over interleaved steps when absent. */
  readonly measure?: Measure;
  /** Of what is measured; milliseconds a step when absent. Less is better. */
  readonly unit?: Unit;
  /** Whether the loss has to fall. */
  readonly learns: boolean;
}

/** Milliseconds a step, microseconds a step (where a step of the clock is a thousand), or megabytes (2^20 bytes). */
export type Unit = "ms" | "us" | "MiB";

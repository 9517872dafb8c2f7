/** Results that nobody measured, for the tests of what is made of them. */

import type { Absence, Measurement } from "../../bench/interleave.ts";
import type { Limits } from "../../bench/limits.ts";
import { makeTable, type Results, type Table } from "../../bench/results.ts";

export const LIMITS: Limits = { method: "a guess", gflops: { avx2: 100 } };

export const WORKLOAD = {
  ...{ vocab: 65, time: 64, batch: 32, hidden: 128 },
  ...{ learningRate: 2e-3, clip: 5, seed: 1 },
};

const SETTINGS = "a long story of how the library was used, which formulation, SIMD, threads, precision";

/** A contestant whose name starts with "unrolled" is one of ours. */
export function measured(
  contestant: string,
  rounds: number[][],
  facts: Partial<Measurement> = {},
): Measurement {
  const library = contestant.startsWith("unrolled") ? "unrolled" : "a library";
  const losses = [4.2, 4.1, 4.0, 3.9];
  return { contestant, threads: 1, library, version: "1.2.3", settings: SETTINGS, rounds, losses, ...facts };
}

export function table(
  measurements: Measurement[],
  { absences = [], ...facts }: Partial<Table> & { absences?: Absence[] } = {},
): Table {
  const about = { name: "H=128", title: "H=128: one step", workload: WORKLOAD, unit: "ms" as const };
  return { ...makeTable(about, measurements, absences), ...facts };
}

export function results(tables: Table[], benchmark = "char-lm"): Results {
  const plan = { rounds: 3, seconds: 1, timeoutMs: 1000, warmupMs: 10 };
  return {
    format: 1,
    date: "2026-11-24T12:00:00.000Z",
    unrolled: "0.1.0",
    machine: {
      ...{ cpu: "A CPU", cores: 2, instructions: ["avx2"], platform: "linux-x64", memoryGiB: 8 },
      ...{ loadAverage: 0, node: "24.0.0", v8: "13" },
    },
    limits: LIMITS,
    benchmarks: [{ benchmark, plan, tables }],
  };
}

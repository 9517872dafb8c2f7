/** What a run of the benchmarks found: tables, and their JSON. */

import { readFileSync, writeFileSync } from "node:fs";
import { FormatError, StorageError } from "../src/core/errors.ts";
import type { Unit } from "./benchmark.ts";
import type { Absence, Measurement, Plan } from "./interleave.ts";
import type { Limits } from "./limits.ts";
import type { Machine } from "./machine.ts";
import type { Workload } from "./protocol.ts";
import { type Learning, learning, median, type Summary, summarize } from "./stats.ts";

/** One contestant at one workload. */
export interface Row extends Omit<Measurement, "rounds" | "losses"> {
  summary: Summary;
  /** Median of each turn: how much they differ is the noise of a ratio. */
  rounds: number[];
  learning: Learning;
}

export interface Table {
  /** Of the workload, unique in its benchmark. */
  name: string;
  title: string;
  workload: Workload;
  unit: Unit;
  /** Of one step; absent where arithmetic is not the point. */
  flops?: number;
  rows: Row[];
  absences: Absence[];
}

export interface BenchmarkResult {
  benchmark: string;
  plan: Plan;
  tables: Table[];
}

export interface Results {
  format: 1;
  /** ISO 8601, UTC. */
  date: string;
  /** Version of this package. */
  unrolled: string;
  machine: Machine;
  limits: Limits;
  benchmarks: BenchmarkResult[];
}

/** What a contestant of ours calls its library. */
export const OWN = "unrolled";

export function isOwn({ library }: { library: string }): boolean {
  return library === OWN;
}

export function makeTable(
  about: Omit<Table, "rows" | "absences">,
  measurements: readonly Measurement[],
  absences: readonly Absence[],
): Table {
  const rows = measurements.map(({ rounds, losses, ...facts }) => ({
    ...facts,
    summary: summarize(rounds.flat()),
    rounds: rounds.map((round) => rounded(median(round))),
    learning: learning(losses),
  }));
  return { ...about, rows, absences: [...absences] };
}

/** How many times as fast `row` is as `peer`: its median in the peer's. */
export function timesAsFast(row: Row, peer: Row): number {
  return peer.summary.median / row.summary.median;
}

/** GFLOP/s of a row, from the median; undefined where they are not counted. */
export function speedOf({ flops, unit }: Table, { summary }: Row): number | undefined {
  return flops === undefined || unit !== "ms" ? undefined : (flops / summary.median) * 1e-6;
}

/** GB/s that a row reads at least, from the median. */
export function bandwidthOf({ bytes, summary }: Row): number | undefined {
  return bytes === undefined ? undefined : (bytes / summary.median) * 1e-6;
}

/** Which part of the measured peak of its instruction set, on as many cores as it has threads. */
export function shareOfPeak(table: Table, row: Row, limits: Limits): number | undefined {
  const peak = limits.gflops[row.instructions ?? ""];
  const speed = speedOf(table, row);
  return peak === undefined || speed === undefined ? undefined : speed / (peak * row.threads);
}

/** @throws StorageError */
export function writeResults(path: string, results: Results): void {
  try {
    writeFileSync(path, `${JSON.stringify(results, (_, value) => roundedIfNumber(value), 1)}\n`);
  } catch (error) {
    throw new StorageError(`cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** @throws StorageError when it cannot be read, FormatError when it holds something else */
export function readResults(path: string): Results {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new StorageError(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  try {
    const found = JSON.parse(text) as Partial<Results>;
    if (found.format === 1 && Array.isArray(found.benchmarks)) return found as Results;
  } catch (error) {
    throw new FormatError(path, `is no JSON: ${(error as Error).message}`, { cause: error });
  }
  throw new FormatError(path, "holds no results of npm run bench -- --json FILE (format 1)");
}

const DIGITS = 6;

/** More digits than any clock has would only make the file long. */
function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

function roundedIfNumber(value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? rounded(value) : value;
}

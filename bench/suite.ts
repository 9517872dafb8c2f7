/** Runs benchmarks: each workload on all contestants in one go, told as tables while they come. */

import { readFileSync } from "node:fs";
import { InputError } from "../src/core/errors.ts";
import type { Benchmark, Sizes } from "./benchmark.ts";
import type { Contestant } from "./contestant.ts";
import { type Absence, interleave, type Plan } from "./interleave.ts";
import { higher, measureLimits } from "./limits.ts";
import { describeMachine } from "./machine.ts";
import type { Workload } from "./protocol.ts";
import { findPython } from "./python.ts";
import { showContestants, showLimits, showMachine, showTable } from "./report.ts";
import { type BenchmarkResult, makeTable, type Results, type Row } from "./results.ts";

export interface SuiteOptions {
  readonly sizes: Sizes;
  readonly quick: boolean;
  /** Contestants to measure; all when absent. */
  readonly only?: readonly string[];
  readonly rounds: number;
  /** Measured time of each contestant at each workload, about. */
  readonly seconds: number;
  /** A python3; without one, what findPython finds. */
  readonly python?: string;
}

const WARMUP_MS = { usual: 1000, quick: 300 };
/** Generous: compiling, and steps of half a minute, must fit. */
const TIMEOUT_MS = 10 * 60 * 1000;

/** One benchmark with its workloads, which are its own unless somebody brings them. */
export interface Task {
  readonly benchmark: Benchmark;
  readonly workloads: Readonly<Record<string, Workload>>;
  readonly only?: readonly string[];
}

/** @throws InputError before anything runs, for a contestant that none of them has */
export async function runSuite(tasks: readonly Task[], options: SuiteOptions): Promise<Results> {
  const { rounds, seconds, quick } = options;
  const plan = {
    rounds,
    seconds,
    timeoutMs: TIMEOUT_MS,
    warmupMs: quick ? WARMUP_MS.quick : WARMUP_MS.usual,
  };
  const ready = tasks.map((task) => {
    const { contestants, python } = task.benchmark;
    const all = contestants(python === undefined ? undefined : findPython(python, options.python));
    return {
      ...task,
      all,
      taking: all.filter(({ name }) => (task.only ?? options.only)?.includes(name) ?? true),
    };
  });
  refuseUnknown(
    options.only,
    ready.flatMap(({ all }) => all),
  );

  const machine = describeMachine();
  console.log(showMachine(machine));
  const limits = measureLimits();
  console.log(`${showLimits(limits)}\n`);
  const benchmarks: BenchmarkResult[] = [];
  for (const { benchmark, workloads, taking } of ready) {
    if (tasks.length > 1) console.log(`${benchmark.name}: ${benchmark.what}\n`);
    const result: BenchmarkResult = { benchmark: benchmark.name, plan, tables: [] };
    for (const [name, workload] of Object.entries(workloads)) {
      const table = await measureTable(benchmark, name, workload, taking, plan);
      result.tables.push(table);
      console.log(`${showTable(table, limits)}\n`);
    }
    const named = new Map(result.tables.flatMap(({ rows }) => rows.map((row) => [row.contestant, row])));
    console.log(`${showContestants([...named.values()])}\n`);
    benchmarks.push(result);
  }
  // Something else may have disturbed the first measurement.
  const peak = higher(limits, measureLimits());
  return {
    format: 1,
    date: new Date().toISOString(),
    unrolled: ownVersion(),
    machine,
    limits: peak,
    benchmarks,
  };
}

async function measureTable(
  benchmark: Benchmark,
  name: string,
  workload: Workload,
  contestants: readonly Contestant[],
  plan: Plan,
) {
  const { measure = interleave, unit = "ms" } = benchmark;
  const say = (line: string) => process.stderr.write(`${benchmark.name} ${name} ${line}\n`);
  const { startable, absences } = sortOut(contestants, workload.hidden);
  const result = await measure(startable, workload, plan, say);
  const found = [...absences, ...result.absences.map((absence) => withInstall(absence, contestants))];
  const about = {
    name,
    title: benchmark.title(workload),
    workload,
    unit,
    flops: benchmark.flops?.(workload),
  };
  return makeTable(about, result.measurements, found);
}

/** Rows that failed or did not learn, named. */
export function failuresOf({ benchmarks }: Results, all: readonly Benchmark[]): string[] {
  const learns = (name: string) => all.find((benchmark) => benchmark.name === name)?.learns ?? false;
  return benchmarks.flatMap(({ benchmark, tables }) =>
    tables.flatMap(({ name, rows, absences }) => [
      ...absences
        .filter(({ kind }) => kind === "failed")
        .map(({ contestant }) => `${benchmark} ${name}: ${contestant} failed`),
      ...rows
        .filter((row: Row) => learns(benchmark) && !row.learning.fell)
        .map(({ contestant }) => `${benchmark} ${name}: ${contestant} does not learn`),
    ]),
  );
}

function refuseUnknown(only: readonly string[] | undefined, all: readonly Contestant[]): void {
  const names = [...new Set(all.map(({ name }) => name))];
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new InputError(`--only: no contestant is called "${unknown}"`, {
    hint: `there are ${names.join(", ")}`,
  });
}

/** Those that can be started at this size, and those that lack their program. */
function sortOut(contestants: readonly Contestant[], hidden: number) {
  const here = contestants.filter((contestant) => contestant.hidden?.includes(hidden) ?? true);
  const absences: Absence[] = here
    .filter(({ command }) => command.length === 0)
    .map(({ name, install }) => ({ contestant: name, kind: "missing", reason: install ?? "no program" }));
  return { startable: here.filter(({ command }) => command.length > 0), absences };
}

function withInstall(absence: Absence, contestants: readonly Contestant[]): Absence {
  const install = contestants.find(({ name }) => name === absence.contestant)?.install;
  if (absence.kind !== "missing" || install === undefined) return absence;
  return { ...absence, reason: `${absence.reason} (${install})` };
}

function ownVersion(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

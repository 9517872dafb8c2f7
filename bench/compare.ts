/** A benchmark: some workloads, each measured on all contestants in one run, told as tables with ratios first. */

import { writeFileSync } from "node:fs";
import { InputError, StorageError } from "../src/core/errors.ts";
import type { Contestant } from "./contestant.ts";
import { BASELINE } from "./contestants.ts";
import { type Absence, interleave, type Plan } from "./interleave.ts";
import { describeMachine } from "./machine.ts";
import type { Workload } from "./protocol.ts";
import { makeTable, showContestants, showMachine, showTable, type Table } from "./report.ts";

export interface CompareOptions {
  /** Contestants to measure; all when absent. */
  only?: readonly string[];
  rounds: number;
  seconds: number;
  /** File for the results, raw timings included. */
  json?: string;
}

const WARMUP_MS = 1000;
/** Generous: compiling, and steps of half a minute, must fit. */
const TIMEOUT_MS = 10 * 60 * 1000;

/**
 * @param workloads under the names that progress shows
 * @returns the exit status: 1 when a contestant failed or did not learn
 */
export async function compare(
  benchmark: string,
  all: Contestant[],
  workloads: Readonly<Record<string, Workload>>,
  options: CompareOptions,
): Promise<number> {
  const contestants = select(all, options.only);
  const plan: Plan = {
    rounds: options.rounds,
    seconds: options.seconds,
    timeoutMs: TIMEOUT_MS,
    warmupMs: WARMUP_MS,
  };
  const machine = describeMachine();
  const say = (line: string) => process.stderr.write(`${line}\n`);
  console.log(`${showMachine(machine)}\n`);

  const tables: Table[] = [];
  for (const [name, workload] of Object.entries(workloads)) {
    const { startable, absences } = sortOut(contestants, workload.hidden);
    const result = await interleave(startable, workload, plan, (line) => say(`${name} ${line}`));
    const found = [...absences, ...result.absences.map((absence) => withInstall(absence, contestants))];
    const table = makeTable(workload, result.measurements, found, BASELINE);
    tables.push(table);
    console.log(`${showTable(table)}\n`);
  }
  const named = new Map(tables.flatMap(({ rows }) => rows.map((row) => [row.contestant, row])));
  console.log(showContestants([...named.values()]));
  if (options.json !== undefined) writeJson(options.json, { benchmark, machine, plan, tables });

  // A layer by itself is not updated, so it cannot learn.
  const stagnates = (row: Table["rows"][number], { cell }: Workload) =>
    cell === undefined && !row.learning.fell;
  const failed = tables.some(
    ({ workload, rows, absences }) =>
      absences.some(({ kind }) => kind === "failed") || rows.some((row) => stagnates(row, workload)),
  );
  return failed ? 1 : 0;
}
function select(all: Contestant[], only: readonly string[] | undefined): Contestant[] {
  if (only === undefined) return all;
  const names = all.map(({ name }) => name);
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new InputError(`--only: no contestant is called "${unknown}"`, {
      hint: `there are ${names.join(", ")}`,
    });
  }
  return all.filter(({ name }) => only.includes(name));
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
  return { ...absence, reason: `not installed: ${install}` };
}

function writeJson(path: string, results: object): void {
  try {
    writeFileSync(path, `${JSON.stringify(results, null, 1)}\n`);
  } catch (error) {
    throw new StorageError(`--json: cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

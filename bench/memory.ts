import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Benchmark } from "./benchmark.ts";
import { charLm } from "./char-lm.ts";
import { type Contestant, ContestantProcess, MissingLibraryError } from "./contestant.ts";
import { memoryContestants } from "./contestants.ts";
import { type Absence, absenceOf, type Measure, type Measurement, type Plan } from "./interleave.ts";
import type { Workload } from "./protocol.ts";

/** Enough for every buffer to exist and for collectors to have run. */
const STEPS = 40;
const MIB = 2 ** 20;

/**
 * Resident memory of the char-lm training above that of a process that has loaded the library and made nothing: the
 * largest while it trains. A fresh process for every round.
 */
export const memory: Benchmark = {
  name: "memory",
  what: "memory of the char-lm training above that of an idle process",
  sizes: charLm.sizes,
  python: "torch",
  contestants: memoryContestants,
  workloads: charLm.workloads,
  title: ({ hidden, vocab, time, batch }) =>
    `H=${hidden}: training above idle, V=${vocab} T=${time} B=${batch}`,
  measure: measureMemory,
  unit: "MiB",
  learns: true,
};

async function measureMemory(
  contestants: readonly Contestant[],
  workload: Workload,
  plan: Plan,
  say: (line: string) => void,
): ReturnType<Measure> {
  const measurements = new Map<string, Measurement>();
  const absences: Absence[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    for (const contestant of contestants) {
      const { name } = contestant;
      if (absences.some((absence) => absence.contestant === name)) continue;
      say(`round ${round + 1} of ${plan.rounds}: ${name}`);
      try {
        const found = await trainOnce(contestant, workload, plan);
        const known = measurements.get(name);
        if (known === undefined) measurements.set(name, found);
        else known.rounds.push(...found.rounds);
      } catch (error) {
        absences.push(absenceOf(name, error));
        measurements.delete(name);
      }
    }
  }
  return { measurements: [...measurements.values()], absences };
}

async function trainOnce(contestant: Contestant, workload: Workload, plan: Plan): Promise<Measurement> {
  const process = new ContestantProcess(contestant, plan.timeoutMs);
  try {
    const { name, threads, backend } = contestant;
    await process.load();
    const idle = startPeak(process.pid);
    const { ready: _, ...facts } = await process.init({ cmd: "init", ...workload, backend, threads });
    const { losses } = await process.step(STEPS);
    return { contestant: name, threads, ...facts, rounds: [[(peakOf(process.pid) - idle) / MIB]], losses };
  } finally {
    process.stop();
  }
}

/** Let the peak begin anew, at what is resident now: those bytes. @throws MissingLibraryError but on Linux */
function startPeak(pid: number | undefined): number {
  if (!existsSync("/proc/self/clear_refs"))
    throw new MissingLibraryError("memory is read from Linux's /proc");
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  return statusOf(pid, "VmRSS");
}

function peakOf(pid: number | undefined): number {
  return statusOf(pid, "VmHWM");
}

/** Bytes. */
function statusOf(pid: number | undefined, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return 1024 * Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
}

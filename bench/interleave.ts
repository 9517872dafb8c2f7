/**
 * Measure contestants beside each other. All are started and warmed up, then take turns: a burst of steps by one
 * while the others wait, round after round, so that a machine that speeds up or slows down does so for all.
 */

import { type Contestant, ContestantError, ContestantProcess, MissingLibraryError } from "./contestant.ts";
import type { ReadyReply, Workload } from "./protocol.ts";
import { median } from "./stats.ts";

export interface Plan {
  rounds: number;
  /** Measured time that each contestant gets at one workload, about. */
  seconds: number;
  /** How long one request (starting up, or a burst of steps) may take. */
  timeoutMs: number;
  warmupMs: number;
}

export interface Measurement extends Omit<ReadyReply, "ready"> {
  contestant: string;
  threads: number;
  /** What was measured, turn by turn: milliseconds of every step, or what the benchmark's unit says. */
  rounds: number[][];
  /** Of every step, warm-up included, in order. */
  losses: number[];
}

/** A contestant that gives no row, and why. */
export interface Absence {
  contestant: string;
  kind: "missing" | "failed";
  reason: string;
}

/** How a benchmark measures: one workload, all contestants. */
export type Measure = (
  contestants: readonly Contestant[],
  workload: Workload,
  plan: Plan,
  say: (line: string) => void,
) => Promise<{ measurements: Measurement[]; absences: Absence[] }>;

interface Runner {
  contestant: Contestant;
  process: ContestantProcess;
  measurement: Measurement;
  /** A step's time after the first, as the warm-up saw it. */
  stepMs: number;
}

const MAXIMUM_WARMUP_STEPS = 40;
const MAXIMUM_BURST = 400;

/**
 * One workload, all contestants. A contestant that fails at any point becomes an {@link Absence} and the rest go
 * on. Every process is ended.
 * @param say one line of progress
 */
export const interleave: Measure = async (contestants, workload, plan, say) => {
  const absences: Absence[] = [];
  const started: ContestantProcess[] = [];
  let running: Runner[] = [];

  /** Run `work`; a contestant's failure is noted and gives `undefined`. */
  const guard = async <T>(contestant: Contestant, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      absences.push(absenceOf(contestant.name, error));
      say(`${contestant.name}: ${absences.at(-1)?.reason}`);
      return undefined;
    }
  };

  try {
    for (const contestant of contestants) {
      const process = new ContestantProcess(contestant, plan.timeoutMs);
      started.push(process);
      say(`${contestant.name}: warming up`);
      const runner = await guard(contestant, () => warmUp(contestant, process, workload, plan));
      if (runner === undefined) process.stop();
      else running.push(runner);
    }
    for (let round = 0; round < plan.rounds; round++) {
      say(`round ${round + 1} of ${plan.rounds}`);
      const survivors: Runner[] = [];
      for (const runner of running) {
        const done = await guard(runner.contestant, () => burst(runner, plan).then(() => true));
        if (done) survivors.push(runner);
      }
      running = survivors;
    }
  } finally {
    for (const process of started) process.stop();
  }
  return { measurements: running.map(({ measurement }) => measurement), absences };
};

/** A contestant's failure as its row. Rethrows what is no failure of a contestant. */
export function absenceOf(contestant: string, error: unknown): Absence {
  if (error instanceof MissingLibraryError) return { contestant, kind: "missing", reason: error.message };
  if (error instanceof ContestantError) return { contestant, kind: "failed", reason: error.message };
  throw error;
}

async function warmUp(
  contestant: Contestant,
  process: ContestantProcess,
  workload: Workload,
  plan: Plan,
): Promise<Runner> {
  const { backend, threads } = contestant;
  const { ready: _, ...facts } = await process.init({ cmd: "init", ...workload, backend, threads });
  const losses: number[] = [];
  const times: number[] = [];
  let spent = 0;
  while (
    losses.length < contestant.warmupSteps ||
    (spent < plan.warmupMs && losses.length < MAXIMUM_WARMUP_STEPS)
  ) {
    const reply = await process.step(1);
    losses.push(...reply.losses);
    times.push(...reply.ms);
    spent += reply.ms[0];
  }
  const measurement = { contestant: contestant.name, threads, ...facts, rounds: [], losses };
  // The first step compiles; a lone slow one later must not make the bursts small.
  const stepMs = median(times.length > 1 ? times.slice(1) : times);
  return { contestant, process, measurement, stepMs };
}

/** This round's share of the contestant's time; none when it has had it all. */
async function burst({ contestant, process, measurement, stepMs }: Runner, plan: Plan): Promise<void> {
  const { rounds, losses } = measurement;
  const ms = rounds.flat();
  const spent = ms.reduce((total, each) => total + each, 0);
  if (ms.length >= contestant.minimumSteps && spent >= plan.seconds * 1000) return;
  const share = Math.round((plan.seconds * 1000) / plan.rounds / stepMs);
  const least = Math.ceil(contestant.minimumSteps / plan.rounds);
  const reply = await process.step(Math.min(Math.max(share, least, 1), MAXIMUM_BURST));
  rounds.push(reply.ms);
  losses.push(...reply.losses);
}

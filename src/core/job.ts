/**
 * Long computations that do not block the event loop: a job is a generator that yields wherever it may be interrupted.
 * {@link runJob} runs a job to its end at once, {@link runJobInTurns} lets other work run in between; the result is
 * the same.
 */
import { checkValue, optional, type Range } from "./options.ts";

/** A computation that yields at least every few milliseconds and returns its result. */
export type Job<T> = Generator<undefined, T, undefined>;

/** The part of `AbortSignal` that is used here, since this package does not depend on the types of the DOM. */
export interface StopSignal {
  /** @throws the signal's reason once it is aborted */
  throwIfAborted(): void;
}

const hasMethod = (value: unknown, name: string): boolean =>
  typeof value === "object" && value !== null && typeof Reflect.get(value, name) === "function";

const JOB: Range = {
  text: "a job, as the functions whose names end in Job return",
  fits: (value) => hasMethod(value, "next"),
};

const SIGNAL = optional({ text: "an AbortSignal", fits: (value) => hasMethod(value, "throwIfAborted") });

/** The event loop gets a turn at least this often, in milliseconds, so that signals such as Ctrl-C arrive. */
const TURN_MS = 50;

/**
 * For loops that must not block the event loop: `if (turns.isDue) await turns.take()`.
 * A check takes about as long as reading the clock, which is too long for a loop over single numbers.
 */
export class Turns {
  private readonly signal: StopSignal | undefined;
  private last = performance.now();

  /**
   * @param signal if it is aborted, {@link take} rejects with its reason
   * @throws InputError if `signal` is not a signal
   */
  constructor(signal?: StopSignal) {
    checkValue("Turns: signal", SIGNAL, signal);
    this.signal = signal;
  }

  /** Whether at least 50 ms have passed since the last turn of the event loop. */
  get isDue(): boolean {
    return performance.now() - this.last >= TURN_MS;
  }

  /** Resolves after the event loop has had a turn. */
  async take(): Promise<void> {
    this.signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.signal?.throwIfAborted();
    this.last = performance.now();
  }
}

/** Runs a job to its end and returns its result. @throws InputError if `job` is not a job; whatever the job throws */
export function runJob<T>(job: Job<T>): T {
  checkValue("runJob: job", JOB, job);
  for (;;) {
    const next = job.next();
    if (next.done === true) return next.value;
  }
}

/**
 * Runs a job and gives the event loop a turn every 50 ms. Resolves to the result of the job.
 * @param signal ends the job when it is aborted: the promise is rejected with the signal's reason
 * @throws InputError if `job` or `signal` is of another kind; whatever the job throws
 */
export async function runJobInTurns<T>(job: Job<T>, signal?: StopSignal): Promise<T> {
  checkValue("runJobInTurns: job", JOB, job);
  checkValue("runJobInTurns: signal", SIGNAL, signal);
  signal?.throwIfAborted();
  const turns = new Turns(signal);
  for (;;) {
    const next = job.next();
    if (next.done === true) return next.value;
    if (turns.isDue) await turns.take();
  }
}

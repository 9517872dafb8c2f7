/**
 * Long work that does not stand in the way: a job is written as a generator that yields wherever it may be
 * interrupted. The same job is done at once by {@link runJob}, or in turns with everything else by
 * {@link runJobInTurns}, with the same result.
 */
import { checkValue, optional, type Range } from "./options.ts";

/** A computation that yields every now and then, at least every few milliseconds, and returns its result. */
export type Job<T> = Generator<undefined, T, undefined>;

/** What of an `AbortSignal` is needed here; the types of this package do without those of the DOM. */
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
 * For loops that must not keep the event loop waiting: `if (turns.isDue) await turns.take()`.
 * A check takes about as long as reading the clock, so it does not belong into a loop over single numbers.
 */
export class Turns {
  private readonly signal: StopSignal | undefined;
  private last = performance.now();

  /**
   * @param signal when it is aborted, {@link take} rejects with its reason
   * @throws InputError for what is no signal
   */
  constructor(signal?: StopSignal) {
    checkValue("Turns: signal", SIGNAL, signal);
    this.signal = signal;
  }

  /** Whether the event loop has waited long enough. */
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

/** The result of a job, done at once. @throws InputError for what is no job; what the job throws */
export function runJob<T>(job: Job<T>): T {
  checkValue("runJob: job", JOB, job);
  for (;;) {
    const next = job.next();
    if (next.done === true) return next.value;
  }
}

/**
 * The result of a job, which gives the event loop a turn every 50 ms.
 * @param signal ends the job when it is aborted: the promise is rejected with the signal's reason
 * @throws InputError for what is no job or no signal; what the job throws
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

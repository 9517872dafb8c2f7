import { ReplicaError } from "../core/errors.ts";
import type { Watch } from "./exchange.ts";

// Indices of the words in the control block.
const ARRIVED = 0; // rises by one whenever a replica arrives at a meeting
const FAILED = 1; // replica + 1 when one has stopped
export const MEETING_WORDS = 2;

/** Time between checks whether another replica has failed, in milliseconds. */
const PATIENCE = 200;

/**
 * Look this long before falling asleep, in milliseconds: to be woken takes about as long again, and replicas of equal
 * shares are often closer together. Where there are more replicas than cores it is too short to hold up the others.
 */
const SPIN = 0.05;

/** Wait until a word is no longer `value`, at most `patience` milliseconds. */
export function waitWhile(
  words: Int32Array,
  index: number,
  value: number,
  patience = Number.POSITIVE_INFINITY,
): void {
  const asleep = performance.now() + SPIN;
  while (performance.now() < asleep) {
    if (Atomics.load(words, index) !== value) return;
  }
  Atomics.wait(words, index, value, patience);
}

/** A barrier at which replicas wait for each other. All replicas call it equally often in the same order. */
export class Meeting {
  private readonly control: Int32Array;
  private readonly replicas: number;
  private readonly watch: Watch | undefined;
  private held = 0;

  /** @param control words of memory that all replicas share, zero at first */
  constructor(control: Int32Array, replicas: number, watch?: Watch) {
    this.control = control;
    this.replicas = replicas;
    this.watch = watch;
  }

  /** Register the arrival of this replica and wait for all others. @throws ReplicaError when one has stopped */
  async all(): Promise<void> {
    if (this.replicas === 1) return;
    const { control, replicas, watch } = this;
    const expected = ++this.held * replicas;
    Atomics.add(control, ARRIVED, 1);
    Atomics.notify(control, ARRIVED);
    for (;;) {
      const failed = Atomics.load(control, FAILED);
      if (failed !== 0) {
        // What ends the run is the failure of the one: a worker waits for its end, and the first replica says why.
        if (watch === undefined) Atomics.wait(control, FAILED, failed);
        await watch?.explain();
        throw new ReplicaError(failed - 1, "its thread has failed");
      }
      const arrived = Atomics.load(control, ARRIVED);
      if (arrived >= expected) return;
      waitWhile(control, ARRIVED, arrived, PATIENCE);
      if (Atomics.load(control, ARRIVED) === arrived) await watch?.look();
    }
  }
}

/** Record that a replica has stopped, so that no other replica waits for it. */
export function reportFailure(control: Int32Array, replica: number): void {
  Atomics.compareExchange(control, FAILED, 0, replica + 1);
  Atomics.add(control, ARRIVED, 1);
  Atomics.notify(control, ARRIVED);
}

import { ReplicaError } from "../core/errors.ts";
import type { Learner } from "./learner.ts";

/** What the first replica asks of the others; the order of work is the same for all. */
export const Command = { step: 1, evaluate: 2, collect: 3, stop: 4 } as const;
export type Command = (typeof Command)[keyof typeof Command];

// Words of the control block.
const SEQUENCE = 0; // rises by one with every command; 1 is "get ready"
const COMMAND = 1;
const ARRIVED = 2; // rises by one when a replica has done its part
const FAILED = 3; // replica + 1 when one has stopped
const CONTROL_WORDS = 4;

// Words of the header: the numbers that belong to the command.
const STEP = 0;
const LEARNING_RATE = 1;
const HEADER_WORDS = 2;

/** Wake up this often to see whether another replica has died, in milliseconds. */
const PATIENCE = 200;

/** The memory that replicas share, and nothing else. */
export interface Shared {
  readonly replicas: number;
  readonly control: Int32Array;
  readonly header: Float64Array;
  /** [2, replicas]: losses times shares. Two, because a fast replica may be one step ahead of a slow one. */
  readonly losses: Float64Array;
  /** [2, replicas, n] */
  readonly gradients: Float32Array;
  /** Doubles hold the state of every backend exactly. */
  readonly carried: Float64Array;
  readonly sums: Float64Array;
}

export function createShared(replicas: number, gradientSize: number, learner: Learner): Shared {
  // Alone there is nobody to share with: ordinary memory will do, and no page needs cross-origin isolation.
  const bytes = (count: number) => (replicas === 1 ? new ArrayBuffer(count) : new SharedArrayBuffer(count));
  const control = new Int32Array(bytes(4 * CONTROL_WORDS));
  control[SEQUENCE] = 1;
  return {
    replicas,
    control,
    header: new Float64Array(bytes(8 * HEADER_WORDS)),
    losses: new Float64Array(bytes(8 * 2 * replicas)),
    gradients: new Float32Array(bytes(replicas === 1 ? 0 : 4 * 2 * replicas * gradientSize)),
    carried: new Float64Array(bytes(8 * learner.carried.size)),
    sums: new Float64Array(bytes(8 * learner.evaluationParts)),
  };
}

/** Called by the first replica: hand a command to all others. */
export function post(shared: Shared, command: Command, step = 0, learningRate = 0): void {
  shared.header[STEP] = step;
  shared.header[LEARNING_RATE] = learningRate;
  Atomics.store(shared.control, COMMAND, command);
  Atomics.add(shared.control, SEQUENCE, 1);
  if (shared.replicas > 1) Atomics.notify(shared.control, SEQUENCE);
}

export interface Posted {
  readonly sequence: number;
  readonly command: Command;
  readonly step: number;
  readonly learningRate: number;
}

/** Called by the others: sleep until the command after `sequence`. */
export function awaitCommand(shared: Shared, sequence: number): Posted {
  while (Atomics.load(shared.control, SEQUENCE) === sequence)
    Atomics.wait(shared.control, SEQUENCE, sequence);
  return {
    sequence: sequence + 1,
    command: Atomics.load(shared.control, COMMAND) as Command,
    step: shared.header[STEP],
    learningRate: shared.header[LEARNING_RATE],
  };
}

export function currentSequence(shared: Shared): number {
  return Atomics.load(shared.control, SEQUENCE);
}

/** Say that this replica has stopped, so that nobody waits for it. */
export function reportFailure(shared: Shared, replica: number): void {
  Atomics.compareExchange(shared.control, FAILED, 0, replica + 1);
  Atomics.add(shared.control, ARRIVED, 1);
  Atomics.notify(shared.control, ARRIVED);
}

/**
 * Say that this replica has done its part of the command `sequence`, and wait until all have. `breathe` is called
 * now and then while waiting: the first replica sees there whether a worker has died.
 */
export async function meet(shared: Shared, sequence: number, breathe?: () => Promise<void>): Promise<void> {
  const { control, replicas } = shared;
  Atomics.add(control, ARRIVED, 1);
  if (replicas === 1) return;
  Atomics.notify(control, ARRIVED);
  for (;;) {
    const failed = Atomics.load(control, FAILED);
    if (failed !== 0) {
      await breathe?.();
      throw new ReplicaError(failed - 1, "another replica has stopped");
    }
    const arrived = Atomics.load(control, ARRIVED);
    if (arrived >= sequence * replicas) return;
    if (Atomics.wait(control, ARRIVED, arrived, PATIENCE) === "timed-out") await breathe?.();
  }
}

/**
 * The gradients of all replicas, summed in the order of the replicas into this replica's own: the same bits in
 * each of them. Between the two halves everybody has to `meet`.
 */
export class GradientSum {
  private readonly shared: Shared;
  private readonly learner: Learner;
  private readonly replica: number;
  private readonly incoming;

  constructor(shared: Shared, learner: Learner, replica: number) {
    this.shared = shared;
    this.learner = learner;
    this.replica = replica;
    const { flat } = learner.optimizer.gradients;
    this.incoming = shared.replicas === 1 ? undefined : flat.keep();
  }

  /** Put this replica's gradient, weighted by its share, where the others find it. */
  async publish(step: number, loss: number): Promise<void> {
    const { shared, learner, replica } = this;
    const { flat } = learner.optimizer.gradients;
    shared.losses[(step % 2) * shared.replicas + replica] = loss * learner.share;
    if (shared.replicas === 1) return;
    flat.backend.kernels.scale(flat.address, flat.address, learner.share, flat.size);
    this.slot(step, replica).set(await flat.read());
  }

  /** Replace this replica's gradient by the sum. Returns the loss of the whole batch. */
  collect(step: number): number {
    const { shared, learner } = this;
    const { flat } = learner.optimizer.gradients;
    let loss = 0;
    for (let replica = 0; replica < shared.replicas; replica++) {
      loss += shared.losses[(step % 2) * shared.replicas + replica];
    }
    if (this.incoming === undefined) return loss;
    // ((g0 + g1) + g2) + ...: the first two may be added either way round, so replicas 0 and 1 start from their own.
    const own = this.replica === 1 ? 1 : 0;
    if (this.replica > 1) flat.write(this.slot(step, 0));
    for (let replica = 0; replica < shared.replicas; replica++) {
      if (replica === own) continue;
      this.incoming.write(this.slot(step, replica));
      flat.backend.kernels.accumulate(flat.address, this.incoming.address, flat.size);
    }
    return loss;
  }

  dispose(): void {
    this.incoming?.dispose();
  }

  private slot(step: number, replica: number): Float32Array {
    const size = this.learner.optimizer.gradients.flat.size;
    const at = ((step % 2) * this.shared.replicas + replica) * size;
    return this.shared.gradients.subarray(at, at + size);
  }
}

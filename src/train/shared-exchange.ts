import type { FloatArray } from "../backend/backend.ts";
import { UnrolledError } from "../core/errors.ts";
import { Command, type Exchange, type ExchangeSizes, type Posted, type Watch } from "./exchange.ts";
import { MEETING_WORDS, Meeting, waitWhile } from "./meeting.ts";
import type { Stretch } from "./shards.ts";

// Words of the orders.
const SEQUENCE = 0; // rises by one with every command
const COMMAND = 1;
const ORDER_WORDS = 2;

// Words of the header: the numbers that belong to the command.
const STEP = 0;
const LEARNING_RATE = 1;
const HEADER_WORDS = 2;

/** The memory that the replicas share. */
export interface SharedMemory {
  readonly orders: Int32Array;
  /** See meeting.ts. */
  readonly meeting: Int32Array;
  readonly header: Float64Array;
  /** [shards * numbersPerShard] */
  readonly numbers: Float64Array;
  /** The flat gradients of all subtrees of all replicas, one after another. */
  readonly gradients: FloatArray;
  readonly carried: Float64Array;
  readonly sums: Float64Array;
}

/** @throws UnrolledError where this thread may not wait for others */
export function allocateShared(sizes: ExchangeSizes): SharedMemory {
  const { replicas, shards, numbersPerShard, pieces, subtrees, Values } = sizes;
  if (replicas > 1) requireWaiting();
  // A single replica uses ordinary memory, so a page does not need cross-origin isolation.
  const bytes = (count: number) => (replicas === 1 ? new ArrayBuffer(count) : new SharedArrayBuffer(count));
  const slots = replicas === 1 ? 0 : subtrees.flat().length * pieces[replicas - 1].to;
  return {
    orders: new Int32Array(bytes(4 * ORDER_WORDS)),
    meeting: new Int32Array(bytes(4 * MEETING_WORDS)),
    header: new Float64Array(bytes(8 * HEADER_WORDS)),
    numbers: new Float64Array(bytes(8 * shards * numbersPerShard)),
    gradients: new Values(bytes(Values.BYTES_PER_ELEMENT * slots)),
    carried: new Float64Array(bytes(8 * sizes.carried)),
    sums: new Float64Array(bytes(8 * sizes.sums)),
  };
}

/** Whether memory can be shared here: in Node always, in a page with cross-origin isolation. */
export function canShareMemory(): boolean {
  const { crossOriginIsolated = true } = globalThis as { crossOriginIsolated?: boolean };
  return typeof SharedArrayBuffer === "function" && crossOriginIsolated;
}

function requireWaiting(): void {
  try {
    // Of another value than it has, so that it returns at once where waiting is allowed.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
  } catch (cause) {
    throw new UnrolledError(
      "REPLICA",
      "input",
      "replicas that share memory wait for each other, which the main thread of a page may not do",
      { hint: 'start the replicas from a worker, or with { exchange: "messages" }', cause },
    );
  }
}

/**
 * Replicas that share memory and wait for each other with Atomics, without a turn of the event loop in a step.
 *
 * One slot for each subtree is enough, because a replica lays out only what all have read: gradients for others lie
 * there until `gather`, the sum of its own piece until the next `scatter`.
 */
export class SharedExchange implements Exchange {
  readonly replica: number;
  readonly sizes: ExchangeSizes;
  readonly numbers: Float64Array;
  readonly carried: Float64Array;
  readonly sums: Float64Array;
  private readonly memory: SharedMemory;
  private readonly meeting: Meeting;
  /** Number of each replica's first slot. */
  private readonly slots: readonly number[];
  /** Commands taken so far. */
  private taken = 0;

  /** @param watch of the first replica */
  constructor(memory: SharedMemory, sizes: ExchangeSizes, replica: number, watch?: Watch) {
    this.replica = replica;
    this.sizes = sizes;
    this.memory = memory;
    this.numbers = memory.numbers;
    this.carried = memory.carried;
    this.sums = memory.sums;
    this.meeting = new Meeting(memory.meeting, sizes.replicas, watch);
    const { subtrees } = sizes;
    this.slots = subtrees.map((_, index) => subtrees.slice(0, index).flat().length);
  }

  begin(): Promise<void> {
    return this.meeting.all();
  }

  post({ command, step, learningRate }: Posted): void {
    const { orders, header, carried, sums } = this.memory;
    if (command === Command.evaluate) sums.fill(0);
    if (command === Command.collect) carried.fill(0);
    header[STEP] = step;
    header[LEARNING_RATE] = learningRate;
    Atomics.store(orders, COMMAND, command);
    Atomics.add(orders, SEQUENCE, 1);
    if (this.sizes.replicas > 1) Atomics.notify(orders, SEQUENCE);
  }

  async next(): Promise<Posted> {
    const { orders, header } = this.memory;
    while (Atomics.load(orders, SEQUENCE) === this.taken) waitWhile(orders, SEQUENCE, this.taken);
    this.taken++;
    return {
      command: Atomics.load(orders, COMMAND) as Command,
      step: header[STEP],
      learningRate: header[LEARNING_RATE],
    };
  }

  outgoing(other: number, subtree: number): FloatArray {
    return this.slot(this.replica, subtree, this.sizes.pieces[other]);
  }

  scatter(): Promise<void> {
    return this.meeting.all();
  }

  incoming(other: number, subtree: number): FloatArray {
    return this.slot(other, subtree, this.sizes.pieces[this.replica]);
  }

  outgoingSums(): readonly FloatArray[] {
    return [this.incomingSum(this.replica)];
  }

  gather(): Promise<void> {
    return this.meeting.all();
  }

  incomingSum(other: number): FloatArray {
    return this.slot(other, 0, this.sizes.pieces[other]);
  }

  collect(): Promise<void> {
    return this.meeting.all();
  }

  close(): void {}

  /** Where a replica lays out a piece of the gradient of one of its subtrees. */
  private slot(replica: number, subtree: number, { from, to }: Stretch): FloatArray {
    const { pieces } = this.sizes;
    const start = (this.slots[replica] + subtree) * pieces[pieces.length - 1].to;
    return this.memory.gradients.subarray(start + from, start + to);
  }
}

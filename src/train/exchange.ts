import type { FloatArray } from "../backend/backend.ts";
import { exactArray } from "../backend/exact-array.ts";
import type { Learner } from "./learner.ts";
import { MEETING_WORDS, waitWhile } from "./meeting.ts";

/** What the first replica asks of the others; the order of work is the same for all. */
export const Command = { step: 1, evaluate: 2, collect: 3, stop: 4 } as const;
export type Command = (typeof Command)[keyof typeof Command];

// Words of the orders.
const SEQUENCE = 0; // rises by one with every command
const COMMAND = 1;
const ORDER_WORDS = 2;

// Words of the header: the numbers that belong to the command.
const STEP = 0;
const LEARNING_RATE = 1;
const HEADER_WORDS = 2;

/** The memory that replicas share, and nothing else. */
export interface Shared {
  readonly replicas: number;
  readonly orders: Int32Array;
  /** See meeting.ts. */
  readonly meeting: Int32Array;
  readonly header: Float64Array;
  /** [replicas]: losses times shares. */
  readonly losses: Float64Array;
  /** [replicas, n]; see gradient-sum.ts. */
  readonly gradients: FloatArray;
  /** Doubles hold the state of every backend exactly. */
  readonly carried: Float64Array;
  readonly sums: Float64Array;
}

export function createShared(replicas: number, learner: Learner): Shared {
  // Alone there is nobody to share with: ordinary memory will do, and no page needs cross-origin isolation.
  const bytes = (count: number) => (replicas === 1 ? new ArrayBuffer(count) : new SharedArrayBuffer(count));
  const { flat } = learner.optimizer.gradients;
  const { parts, width } = learner.evaluation;
  const Values = exactArray(flat.backend);
  const slots = replicas === 1 ? 0 : replicas * flat.size;
  return {
    replicas,
    orders: new Int32Array(bytes(4 * ORDER_WORDS)),
    meeting: new Int32Array(bytes(4 * MEETING_WORDS)),
    header: new Float64Array(bytes(8 * HEADER_WORDS)),
    losses: new Float64Array(bytes(8 * replicas)),
    gradients: new Values(bytes(Values.BYTES_PER_ELEMENT * slots)),
    carried: new Float64Array(bytes(8 * learner.carried.size)),
    sums: new Float64Array(bytes(8 * parts * width)),
  };
}

export interface Posted {
  readonly command: Command;
  readonly step: number;
  readonly learningRate: number;
}

/** Called by the first replica: hand a command to all others. */
export function post(shared: Shared, { command, step, learningRate }: Posted): void {
  shared.header[STEP] = step;
  shared.header[LEARNING_RATE] = learningRate;
  Atomics.store(shared.orders, COMMAND, command);
  Atomics.add(shared.orders, SEQUENCE, 1);
  if (shared.replicas > 1) Atomics.notify(shared.orders, SEQUENCE);
}

/** Called by the others: sleep until there is a command after the first `known`. */
export function awaitCommand(shared: Shared, known: number): Posted {
  while (Atomics.load(shared.orders, SEQUENCE) === known) waitWhile(shared.orders, SEQUENCE, known);
  return {
    command: Atomics.load(shared.orders, COMMAND) as Command,
    step: shared.header[STEP],
    learningRate: shared.header[LEARNING_RATE],
  };
}

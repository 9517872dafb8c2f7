import type { FloatArray } from "../backend/backend.ts";
import { exactArray } from "../backend/exact-array.ts";
import type { Learner } from "./learner.ts";
import { type Stretch, stretchOf, subtreesIn } from "./shards.ts";

/** The used part of `MessagePort`. A program may have only the types of Node or only those of a page. */
export interface Port {
  onmessage: unknown;
  postMessage(message: unknown, transfer: readonly unknown[]): void;
  close(): void;
}

/** What the first replica asks of the others; the order of work is the same for all. */
export const Command = { step: 1, evaluate: 2, collect: 3, stop: 4 } as const;
export type Command = (typeof Command)[keyof typeof Command];

/** A command with its numbers. */
export interface Posted {
  readonly command: Command;
  /** Of a step: how many were before it, and the learning rate of its update. */
  readonly step: number;
  readonly learningRate: number;
}

/** Pieces of the flat gradient begin on a cache line, so that no two replicas write to the same one. */
const ALIGNED = 16;

/** Sizes of the exchanged arrays. Each replica computes them from its own learner. */
export interface ExchangeSizes {
  readonly replicas: number;
  readonly shards: number;
  /** Elements of the flat gradient that each replica adds up, [replicas]. */
  readonly pieces: readonly Stretch[];
  /** The subtrees of the shards that each replica adds up alone, [replicas]: see shards.ts. */
  readonly subtrees: readonly (readonly Stretch[])[];
  /** The loss of a shard and its parts. */
  readonly numbersPerShard: number;
  /** Elements of the state that is carried from step to step. */
  readonly carried: number;
  /** Sums of all parts of the evaluation. */
  readonly sums: number;
  /** Array type that holds gradients without rounding. */
  readonly Values: ReturnType<typeof exactArray>;
}

export function sizesOf(learner: Learner, replicas: number): ExchangeSizes {
  const { optimizer, shards, parts, carried, evaluation } = learner;
  const { flat } = optimizer.gradients;
  const lines = Math.ceil(flat.size / ALIGNED);
  const numbers = Array.from({ length: replicas }, (_, replica) => replica);
  return {
    replicas,
    shards,
    carried: carried.size,
    sums: evaluation.parts * evaluation.width,
    pieces: numbers.map((replica) => {
      const { from, to } = stretchOf(replica, replicas, lines);
      return { from: Math.min(from * ALIGNED, flat.size), to: Math.min(to * ALIGNED, flat.size) };
    }),
    subtrees: numbers.map((replica) =>
      subtreesIn(stretchOf(replica, replicas, shards), { from: 0, to: shards }),
    ),
    numbersPerShard: 1 + parts.length,
    Values: exactArray(flat.backend),
  };
}

/**
 * One replica's interface to the others. All replicas make the same calls in the same order:
 *
 *     begin
 *     step:     fill numbers and outgoing -> scatter -> read numbers and incoming -> fill outgoingSums -> gather ->
 *               read incomingSum
 *     evaluate: fill sums -> collect("sums")
 *     collect:  fill carried -> collect("carried")
 */
export interface Exchange {
  readonly replica: number;
  readonly sizes: ExchangeSizes;
  /** The loss and its parts of each shard, [shards * numbersPerShard]: own ones before `scatter`, all after it. */
  readonly numbers: Float64Array;
  /** Zeros at the beginning of a command. After `collect` the first replica has what all have written. */
  readonly carried: Float64Array;
  readonly sums: Float64Array;
  /** Wait until all replicas are there. */
  begin(): Promise<void>;
  /** First replica only: send a command to all others. */
  post(posted: Posted): void;
  /** Other replicas only: wait for the next command. */
  next(): Promise<Posted>;
  /** Where this replica lays out the gradient of one of its subtrees for another replica's piece. */
  outgoing(other: number, subtree: number): FloatArray;
  /** Wait until all have laid out their gradients. */
  scatter(): Promise<void>;
  /** What another replica has laid out for this one's piece. */
  incoming(other: number, subtree: number): FloatArray;
  /** Where the sum of this replica's piece goes: every array is to be filled with it. */
  outgoingSums(): readonly FloatArray[];
  /** Wait until all have laid out their sums. */
  gather(): Promise<void>;
  /** The sum of another replica's piece. */
  incomingSum(other: number): FloatArray;
  /** Wait until the first replica has what all have written. */
  collect(what: "carried" | "sums"): Promise<void>;
  /** Release the resources of the exchange. No call may follow. */
  close(): void;
}

/** Checks the workers while the first replica waits; only the first replica receives their messages. */
export interface Watch {
  /** Called repeatedly while waiting. @throws ReplicaError when a worker has stopped */
  look(): Promise<void>;
  /** Called when a replica has reported that it stopped. @throws ReplicaError with the cause */
  explain(): Promise<void>;
  /** Have a function called once with the error of the first worker that stops. */
  whenStopped(report: (error: Error) => void): void;
}

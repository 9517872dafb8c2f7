import { InputError } from "../core/errors.ts";
import { type Port, sizesOf } from "./exchange.ts";
import type { CreateLearner, LearnerSource } from "./learner.ts";
import { reportFailure } from "./meeting.ts";
import { MessageExchange } from "./message-exchange.ts";
import { serve } from "./replica.ts";
import { SharedExchange, type SharedMemory } from "./shared-exchange.ts";
import { applySnapshot, type Snapshot } from "./snapshot.ts";

/** How a replica communicates with the others. */
export type Connection =
  | { readonly kind: "shared"; readonly memory: SharedMemory }
  /** Ports to the other replicas by their numbers. */
  | { readonly kind: "messages"; readonly ports: readonly (Port | undefined)[] };

/** What the first replica sends a worker, by structured clone, for it to become another one. */
export interface ReplicaTask {
  readonly replica: number;
  readonly replicas: number;
  readonly source: LearnerSource;
  readonly connection: Connection;
  readonly snapshot?: { readonly snapshot: Snapshot; readonly parametersOnly: boolean };
}

/** What {@link StartWorker} is given; made by `ReplicaGroup.start` alone. */
export class WorkerStart {
  readonly replica: number;
  /** To be sent to the worker, which calls {@link serveReplica} with it. */
  readonly task: ReplicaTask;
  /** What of the task is handed over. */
  readonly transfer: readonly Port[];
  /** To be called when the worker has failed, with its error, or has ended without being asked. */
  readonly stopped: (error: unknown) => void;

  constructor(task: ReplicaTask, stopped: (error: unknown) => void) {
    const { replica, connection } = task;
    this.replica = replica;
    this.task = task;
    this.transfer =
      connection.kind === "messages" ? connection.ports.filter((port) => port !== undefined) : [];
    this.stopped = stopped;
  }
}

/** A thread on which a replica runs. */
export interface ReplicaWorker {
  terminate(): unknown;
}

/** Starts a thread. `startNodeWorker` and `webWorkers` make Node's and a page's. */
export type StartWorker = (start: WorkerStart) => ReplicaWorker;

/**
 * Run one of the other replicas until the first replica ends the training.
 * @param task the message from the first replica
 * @param createLearner instead of that of the task's module
 * @throws the error that ends this replica; the caller must report it to the first replica
 */
export async function serveReplica(task: ReplicaTask, createLearner?: CreateLearner<never>): Promise<void> {
  const { replica, replicas, source, connection, snapshot } = task;
  try {
    const create = createLearner ?? (await importLearner(source));
    const learner = await create(source.spec as never, replica, replicas);
    if (snapshot !== undefined)
      applySnapshot(learner, snapshot.snapshot, "snapshot", snapshot.parametersOnly);
    const sizes = sizesOf(learner, replicas);
    const exchange =
      connection.kind === "shared"
        ? new SharedExchange(connection.memory, sizes, replica)
        : new MessageExchange(connection.ports, sizes, replica);
    await serve(exchange, learner);
  } catch (error) {
    // The others must not wait for this one.
    if (connection.kind === "shared") reportFailure(connection.memory.meeting, replica);
    throw error;
  }
}

async function importLearner({ module }: LearnerSource): Promise<CreateLearner<never>> {
  if (module === undefined) {
    throw new InputError("the learner's source names no module, and the worker gives no createLearner");
  }
  const { createLearner } = (await import(/* @vite-ignore */ module)) as {
    createLearner: CreateLearner<never>;
  };
  return createLearner;
}

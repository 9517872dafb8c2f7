/** Replicas on Web Workers. */
import { problemOf } from "../core/errors.ts";
import { checkValue, FUNCTION, optional } from "../core/options.ts";
import type { CreateLearner } from "./learner.ts";
import { type ReplicaTask, type ReplicaWorker, type StartWorker, serveReplica } from "./serve-replica.ts";

/** The used part of a page's `Worker`, since a program may not have the types of pages. */
export interface WebWorker {
  onmessage: unknown;
  onerror: unknown;
  onmessageerror: unknown;
  postMessage(message: unknown, transfer: readonly unknown[]): void;
  terminate(): void;
}

/** What a worker says to whoever started it: that it listens, and why it has stopped. */
type Said = { readonly isListening: true } | { readonly stopped: { readonly message: string } };

/**
 * The `startWorker` of `ReplicaGroup.start` for a page. A replica with shared memory waits without a turn of its event
 * loop, so the first of them has to be in a worker, too.
 *
 *     const startWorker = webWorkers(() => new Worker(new URL("./replica.js", import.meta.url), { type: "module" }));
 *
 * @param create makes a worker whose file calls {@link serveWebReplica}; bundlers want its URL written out
 */
export function webWorkers(create: () => WebWorker): StartWorker {
  checkValue("webWorkers: create", FUNCTION, create);
  return ({ task, transfer, stopped }): ReplicaWorker => {
    const worker = create();
    worker.onmessage = ({ data }: { readonly data: Said }) => {
      // Not before it listens: a module that waits for something misses what comes in the meantime.
      if ("isListening" in data) worker.postMessage(task, [...transfer]);
      else stopped(new Error(data.stopped.message));
    };
    worker.onerror = ({ message }: { readonly message?: string }) =>
      stopped(new Error(message || "its worker could not be started"));
    worker.onmessageerror = () => stopped(new Error("what it sent could not be read"));
    return { terminate: () => worker.terminate() };
  };
}

/**
 * Run a replica. Call this in the file of a worker that {@link webWorkers} starts.
 * @param createLearner makes the learner of this replica; without it that of the module which the learner's source names
 */
export function serveWebReplica(createLearner?: CreateLearner<never>): void {
  checkValue("serveWebReplica: createLearner", optional(FUNCTION), createLearner);
  const worker = globalThis as unknown as {
    onmessage: ((event: { readonly data: ReplicaTask }) => void) | null;
    postMessage: (message: Said) => void;
  };
  checkValue("serveWebReplica: the global postMessage, which a worker has,", FUNCTION, worker.postMessage);
  worker.onmessage = ({ data }) => {
    worker.onmessage = null;
    serveReplica(data, createLearner).catch((error: unknown) => {
      worker.postMessage({ stopped: { message: problemOf(error) } });
    });
  };
  worker.postMessage({ isListening: true });
}

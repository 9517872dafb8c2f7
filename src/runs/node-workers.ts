import { type Transferable, Worker } from "node:worker_threads";
import { checkValue } from "../core/options.ts";
import { type ReplicaWorker, WorkerStart } from "../train/serve-replica.ts";

const START = {
  text: "what ReplicaGroup.start gives to startWorker",
  fits: (value: unknown) => value instanceof WorkerStart,
};

/**
 * Starts a replica on a worker thread of Node: the `startWorker` of `ReplicaGroup.start`. The learner's source has to
 * name a module.
 */
export function startNodeWorker(start: WorkerStart): ReplicaWorker {
  checkValue("startNodeWorker: start", START, start);
  const { replica, task, transfer, stopped } = start;
  // The same file under Node's own TypeScript support and after compilation.
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const module = new URL(`./node-replica.${extension}`, import.meta.url);
  const worker = new Worker(module, {
    name: `replica ${replica}`,
    workerData: task,
    // The types of pages and of Node describe the same ports.
    transferList: [...transfer] as unknown as Transferable[],
  });
  worker.on("error", stopped);
  worker.on("exit", (code) => stopped(new Error(`its thread ended with code ${code}`)));
  return worker;
}

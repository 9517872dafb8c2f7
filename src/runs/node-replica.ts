/** What a worker thread of Node runs: one replica. */
import { workerData } from "node:worker_threads";
import { type ReplicaTask, serveReplica } from "../train/serve-replica.ts";

// An error ends the thread, and goes to the first replica as the worker's "error".
await serveReplica(workerData as ReplicaTask);

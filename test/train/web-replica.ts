/** The file of a page's worker, on a thread of Node that has what such a worker has. */
import { parentPort } from "node:worker_threads";
import { serveWebReplica } from "../../src/train/web-workers.ts";
import { createLearner } from "./faulty-learner.ts";

const thread = globalThis as unknown as {
  postMessage?: unknown;
  onmessage?: (event: { data: unknown }) => void;
};
thread.postMessage = (message: unknown) => parentPort!.postMessage(message);
parentPort!.on("message", (data: unknown) => thread.onmessage?.({ data }));
serveWebReplica(createLearner as never);

export { startNodeWorker } from "./node-workers.ts";
export { RunStore } from "./run-store.ts";

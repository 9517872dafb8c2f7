export { startNodeWorker } from "./node-workers.ts";
export { type OpenedRun, type OpenRunOptions, openRun } from "./open-run.ts";
export { RunStore } from "./run-store.ts";

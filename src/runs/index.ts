export { startNodeWorker } from "./node-workers.ts";

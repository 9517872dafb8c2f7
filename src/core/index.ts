export * from "./broadcast.ts";
export * from "./errors.ts";
export * from "./job.ts";
export * from "./rng.ts";
export * from "./shape.ts";

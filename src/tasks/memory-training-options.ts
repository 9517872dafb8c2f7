/** The options of trainInMemory, and their checks. */
import type { WasmLoadOptions } from "../backend/wasm/wasm.ts";
import { InputError } from "../core/errors.ts";
import type { Hooks } from "../core/hooks.ts";
import {
  ABOVE_0,
  AT_LEAST_0,
  COUNT,
  FUNCTION,
  OBJECT,
  OPTIONS,
  oneOf,
  optional,
  type Range,
  type Ranges,
  SIZE,
  settle,
  TEXT,
} from "../core/options.ts";
import type { DataSource } from "../data/data-source.ts";
import type { ReplicaOptions } from "../train/replica-group.ts";
import type { Limits } from "../train/schedule.ts";
import type { Engine } from "./engine.ts";
import { checkOptions, type TaskOption } from "./option-schema.ts";
import type { Task } from "./task.ts";
import type { TrainingSettings } from "./training-options.ts";

/** How each replica loads its WebAssembly kernels: options of `loadWasmBackend`, as plain data. */
export interface KernelOptions extends Pick<WasmLoadOptions, "maximumBytes"> {
  readonly folder?: string;
}

export interface MemoryTrainingOptions {
  /** As `await TASKS.text()`, or one of your own. */
  readonly task: Task;
  /** Of the task and of training; the rest has the task's defaults. */
  readonly settings?: Partial<TrainingSettings> & Readonly<Record<string, unknown>>;
  /** Undefined: the task's built-in data. */
  readonly source?: DataSource;
  /** Data to validate on; undefined: a part of the data. */
  readonly validation?: DataSource;
  /** A file of this package, for the built-in data of a task. */
  readonly asset?: (path: string) => DataSource;
  /** What computes; default WebAssembly, with the best instructions of this engine. */
  readonly engine?: Engine;
  readonly kernels?: KernelOptions;
  /** Default: 20 passes. */
  readonly limits?: Limits;
  /** Steps between two evaluations; default: a dozen evaluations on the way to the nearest limit. */
  readonly evaluateEvery?: number;
  /** Replicas of the model that share a batch; default 1. */
  readonly replicas?: number;
  /** Parts of a batch, which fix the result; a multiple of the replicas. Default: one for each replica. */
  readonly shards?: number;
  /** How other replicas are started and how they exchange gradients: as for `ReplicaGroup.start`. */
  readonly replicaOptions?: Pick<ReplicaOptions, "startWorker" | "exchange">;
  /** URL of a module that exports `createLearner`, for workers that import one; see `LearnerSource`. */
  readonly module?: string;
  readonly hooks?: Partial<Hooks>;
}

const hasFunctions = (value: unknown, ...names: string[]) =>
  OBJECT.fits(value) && names.every((name) => FUNCTION.fits((value as Record<string, unknown>)[name]));
const SOURCE: Range = {
  text: "a source of data, as memorySource(files)",
  fits: (value) => hasFunctions(value, "readText", "listFiles"),
};
const TASK: Range = {
  text: "a task, as await TASKS.text()",
  fits: (value) => hasFunctions(value, "complete", "load", "facts", "build", "plan", "loss"),
};
/** More than any machine has threads, and than a batch has rows. */
const COUNTED: Range = {
  text: "an integer from 1 to 4096",
  fits: (value) => SIZE.fits(value) && (value as number) <= 4096,
};
const RANGES: Ranges<MemoryTrainingOptions> = {
  task: TASK,
  settings: optional(OPTIONS),
  source: optional(SOURCE),
  validation: optional(SOURCE),
  asset: optional(FUNCTION),
  engine: optional(OPTIONS),
  kernels: optional(OPTIONS),
  limits: optional(OPTIONS),
  evaluateEvery: optional(SIZE),
  replicas: COUNTED,
  shards: optional(COUNTED),
  replicaOptions: optional(OPTIONS),
  module: optional(TEXT),
  hooks: optional(OPTIONS),
};
const ENGINE: Ranges<Engine> = {
  backend: oneOf("native", "wasm", "reference"),
  instructions: TEXT,
};
const KERNELS: Ranges<KernelOptions> = {
  folder: optional(TEXT),
  // What it may be says loadWasmBackend.
  maximumBytes: optional({ text: "a number of bytes", fits: (value) => typeof value === "number" }),
};
const LIMITS: Ranges<Limits> = {
  steps: optional(COUNT),
  epochs: optional(ABOVE_0),
  maxSeconds: optional(AT_LEAST_0),
};
const REPLICA_OPTIONS: Ranges<NonNullable<MemoryTrainingOptions["replicaOptions"]>> = {
  startWorker: optional(FUNCTION),
  exchange: optional(oneOf("shared", "messages")),
};
const HOOKS: Ranges<Partial<Hooks>> = {
  signal: optional({
    text: "an AbortSignal",
    fits: (value) => hasFunctions(value, "throwIfAborted"),
  }),
  onProgress: optional(FUNCTION),
  onNote: optional(FUNCTION),
};

/** @throws InputError naming the option that is wrong */
export function checkMemoryTraining(asked: MemoryTrainingOptions): MemoryTrainingOptions {
  const where = "trainInMemory";
  const options = settle<MemoryTrainingOptions>(where, RANGES, { replicas: 1 }, asked);
  const { engine, kernels, limits, replicaOptions, hooks, settings = {}, task, replicas = 1 } = options;
  if (engine !== undefined) settle<Engine>(`${where}: engine`, ENGINE, {}, engine);
  if (kernels !== undefined) settle<KernelOptions>(`${where}: kernels`, KERNELS, {}, kernels);
  if (limits !== undefined) settle<Limits>(`${where}: limits`, LIMITS, {}, limits);
  if (replicaOptions !== undefined) settle(`${where}: replicaOptions`, REPLICA_OPTIONS, {}, replicaOptions);
  if (hooks !== undefined) settle<Partial<Hooks>>(`${where}: hooks`, HOOKS, {}, hooks);
  checkOptions(task.options as Readonly<Record<string, TaskOption>>, settings);
  const { shards = replicas } = options;
  if (shards % replicas !== 0) {
    throw new InputError(`${where}: shards must be a multiple of the ${replicas} replicas, got ${shards}`);
  }
  return options;
}

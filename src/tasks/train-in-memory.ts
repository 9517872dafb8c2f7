/** A training of a task that leaves nothing on disk: in a worker of a page, and in Node where no run is to be kept. */
import type { Backend } from "../backend/backend.ts";
import { heapOf } from "../backend/heap.ts";
import { loadWasmBackend, WASM_INSTRUCTIONS, type WasmLoadOptions } from "../backend/wasm/wasm.ts";
import { InputError } from "../core/errors.ts";
import type { Hooks } from "../core/hooks.ts";
import {
  ABOVE_0,
  AT_LEAST_0,
  COUNT,
  checkValue,
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
import type { EndEvent, EvalEvent, SampleEvent, StepEvent } from "../train/events.ts";
import { choiceOf } from "../train/history.ts";
import { trainLoop } from "../train/loop.ts";
import { ReplicaGroup, type ReplicaOptions } from "../train/replica-group.ts";
import type { Limits } from "../train/schedule.ts";
import { takeSnapshot } from "../train/snapshot.ts";
import { type Engine, openBackend } from "./engine.ts";
import { fitLoaded } from "./fitted-settings.ts";
import { checkOptions, type TaskOption } from "./option-schema.ts";
import { findTask, TASK_NAMES } from "./registry.ts";
import { DEFAULT_EPOCHS } from "./run-options.ts";
import type { Artifact, Baseline, Loaded, Task } from "./task.ts";
import { describeCheckpoint, encodeSnapshot, hashParameters } from "./task-checkpoint.ts";
import { TaskLearner, type TaskSpec } from "./task-learner.ts";
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

/** What a worker that serves a replica of a task is given. */
export interface TaskReplicaSpec extends TaskSpec {
  readonly task: string;
  readonly kernels: KernelOptions;
}

/** What happens in a training, in order; `end` is the last. */
export type MemoryTrainingEvent = StepEvent | EvalEvent | SampleEvent | Omit<EndEvent, "warnings">;

export interface MemoryTraining {
  readonly learner: TaskLearner;
  readonly config: unknown;
  /** What the model needs to be used without its data: a vocabulary, labels. */
  readonly facts: object;
  /** With what was adapted to the data. */
  readonly settings: TrainingSettings;
  readonly baselines: readonly Baseline[];
  /** Iterate to train; return early to stop. The replicas end with it. */
  readonly events: AsyncGenerator<MemoryTrainingEvent, void, undefined>;
  /**
   * The bytes of a checkpoint as the model is now, as `unrolled sample` and `openModel` read them. Call it where an event
   * has come, at `end` for the model in the end.
   */
  encodeCheckpoint(): Promise<Uint8Array<ArrayBuffer>>;
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
function checkTraining(given: MemoryTrainingOptions): MemoryTrainingOptions {
  const where = "trainInMemory";
  const options = settle<MemoryTrainingOptions>(where, RANGES, { replicas: 1 }, given);
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

/**
 * Train a model of a task without a run folder: nothing is saved, and nothing of Node is needed, so that it runs in a
 * worker of a page. The bits are those of `unrolled train` with the same settings, instructions and shards.
 *
 *     const source = memorySource([{ name: "book.txt", content: book }]);
 *     const training = await trainInMemory({ task: await TASKS.text(), source, limits: { steps: 500 } });
 *     for await (const event of training.events) if (event.event === "step") console.log(event.loss);
 *
 * @throws InputError for an option that is wrong, and for settings and data that the task refuses; OutOfMemoryError
 */
export async function trainInMemory(given: MemoryTrainingOptions): Promise<MemoryTraining> {
  const options = checkTraining(given);
  const { task, replicas = 1, shards = replicas, kernels = {} } = options;
  const hooks: Hooks = {
    signal: { aborted: false, throwIfAborted() {} },
    onProgress() {},
    onNote() {},
    ...options.hooks,
  };
  const { data, settings } = await loadData(options, hooks);
  if (replicas > settings.batchSize) {
    const rows = `the ${settings.batchSize} rows of a batch`;
    throw new InputError(`trainInMemory: replicas must be at most ${rows}, got ${replicas}`);
  }
  const { facts } = task.facts(data);
  const config = task.configure(settings, facts);
  const backend = await loadEngine(options.engine, kernels);
  const bytes = task.trainingBytes?.(config, settings) ?? 0;
  if (bytes > backend.memory.limit) throw heapOf(backend).outOfMemory("this training", bytes);
  const engine = { backend: backend.name, instructions: backend.instructions };
  const spec: TaskReplicaSpec = { ...engine, task: task.name, settings, config, data, shards, kernels };
  const learner = new TaskLearner(task, spec, { replica: 0, replicas }, { backend });
  const baselines = await task.baselines(data, hooks);
  const { module } = options;
  const source = { ...(module !== undefined && { module }), spec };
  const group = await ReplicaGroup.start(learner, { ...options.replicaOptions, replicas, source });
  const described = { task: task.name, model: config, shards, facts };
  const progress = { step: 0, seconds: 0 };
  return {
    learner,
    config,
    facts,
    settings,
    baselines,
    events: run({ options, hooks, learner, group, data, baselines, config, facts, progress }),
    async encodeCheckpoint() {
      const snapshot = await takeSnapshot(learner, progress.step, await group.collectCarried());
      return encodeSnapshot(snapshot, describeCheckpoint(described), progress.seconds);
    },
  };
}

/** The learner of a replica, for the file of a worker in a page: `serveWebReplica(createTaskLearner)`. */
export async function createTaskLearner(
  spec: TaskReplicaSpec,
  replica: number,
  replicas: number,
): Promise<TaskLearner> {
  checkValue("createTaskLearner: spec", OBJECT, spec);
  checkValue("createTaskLearner: spec.task", oneOf(...TASK_NAMES), spec.task);
  checkValue("createTaskLearner: replica", COUNT, replica);
  checkValue("createTaskLearner: replicas", SIZE, replicas);
  if (spec.shards % replicas !== 0) {
    throw new InputError(
      `createTaskLearner: the ${spec.shards} shards must be a multiple of the replicas, got ${replicas}`,
    );
  }
  const task = (await findTask(spec.task))!;
  const backend = await loadEngine(spec, spec.kernels);
  return new TaskLearner(task, spec, { replica, replicas }, { backend });
}

/** In a page kernels cannot be had without waiting. */
async function loadEngine(engine: Engine | undefined, kernels: KernelOptions = {}): Promise<Backend> {
  if (engine !== undefined && engine.backend !== "wasm") return openBackend(engine);
  const instructions = WASM_INSTRUCTIONS.find((each) => each === engine?.instructions);
  if (engine !== undefined)
    checkValue("engine.instructions", oneOf(...WASM_INSTRUCTIONS), engine.instructions);
  return loadWasmBackend({ ...kernels, instructions });
}

async function loadData(
  { task, source, validation, asset, settings: given = {}, replicas }: MemoryTrainingOptions,
  hooks: Hooks,
): Promise<Loaded<TrainingSettings, unknown>> {
  const settings = task.complete(given);
  task.check?.({ ...given }, settings);
  const isChosen = (name: string) => given[name] !== undefined;
  const loaded = await task.load(
    {
      source,
      validation,
      settings,
      isChosen,
      threads: replicas,
      verify() {},
      asset:
        asset ??
        ((path) => {
          throw new InputError(`the built-in data ${path} is a file of the package, which is not read here`, {
            hint: "give data: { source: memorySource([{ name, content }]) }",
          });
        }),
    },
    hooks,
  );
  return fitLoaded(task, loaded, { isChosen, threads: replicas }, hooks);
}

interface Parts {
  readonly options: MemoryTrainingOptions;
  readonly hooks: Hooks;
  readonly learner: TaskLearner;
  readonly group: ReplicaGroup;
  readonly data: unknown;
  readonly baselines: readonly Baseline[];
  readonly config: unknown;
  readonly facts: object;
  /** Written as the training goes on. */
  readonly progress: { step: number; seconds: number };
}

async function* run(parts: Parts): AsyncGenerator<MemoryTrainingEvent, void, undefined> {
  const { learner, group, progress } = parts;
  let best: EvalEvent | undefined;
  try {
    const loop = startLoop(parts);
    for (;;) {
      const next = await loop.next();
      if (next.done) {
        const parametersSha256 = await hashParameters(learner);
        yield {
          event: "end",
          ...next.value,
          parametersSha256,
          best: best === undefined ? null : bestOf(best),
        };
        return;
      }
      const event = next.value;
      if (event.event === "step") {
        progress.step = event.step;
        progress.seconds = event.seconds;
      } else if (event.event === "eval") {
        if (best === undefined || choiceOf(event) < choiceOf(best)) best = event;
      } else if (event.event !== "sample") continue;
      yield event;
    }
  } finally {
    await group.dispose();
  }
}

function bestOf({ step, loss, choose }: EvalEvent) {
  return { step, loss, ...(choose !== undefined && { choose }) };
}

function startLoop({ options, hooks, learner, group, data, baselines, config, facts }: Parts) {
  const { task, limits: asked = {}, evaluateEvery } = options;
  const isLimited = Object.values(asked).some((limit) => limit !== undefined);
  const limits = isLimited ? asked : { epochs: DEFAULT_EPOCHS };
  const { plan, evaluation, model, backend, settings } = learner;
  const { lr, lrDecay, lrDecayAfter } = settings;
  const sample = async (step: number) => {
    const trained = { model, backend, config, facts, settings };
    return sampleOf(await task.sample!(trained, { backend, rng: learner.sampleRng(step) }));
  };
  return trainLoop({
    group,
    limits,
    evaluateEvery,
    startStep: 0,
    startSeconds: 0,
    learningRate: lr,
    decay: lrDecay === null ? undefined : { factor: lrDecay, after: lrDecayAfter },
    stepsPerEpoch: plan.stepsPerEpoch,
    score: (sums) => task.score(sums, data, evaluation, baselines),
    save: async () => "",
    sample: task.sample && sample,
    signal: hooks.signal,
  });
}

function sampleOf(made: Artifact): Omit<SampleEvent, "event" | "step"> {
  if (made.kind === "text") return { text: made.text };
  return { value: made.kind === "json" ? made.value : made.svg };
}

/** A training of a task that leaves nothing on disk: in a page, and in Node where no run is to be kept. */
import { parameters } from "../autograd/parameter.ts";
import type { Backend } from "../backend/backend.ts";
import { heapOf } from "../backend/heap.ts";
import { loadWasmBackend, type WasmLoadOptions } from "../backend/wasm/wasm.ts";
import { InputError } from "../core/errors.ts";
import type { AbortableSignal, LoadHooks } from "../core/hooks.ts";
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
} from "../core/options.ts";
import type { DataSource } from "../data/data-source.ts";
import type { EndEvent, EvalEvent, SampleEvent, StepEvent } from "../train/events.ts";
import { choiceOf } from "../train/history.ts";
import type { CreateLearner } from "../train/learner.ts";
import { trainLoop } from "../train/loop.ts";
import { ReplicaGroup, type ReplicaOptions } from "../train/replica-group.ts";
import type { Limits } from "../train/schedule.ts";
import { takeSnapshot } from "../train/snapshot.ts";
import { checkOptions } from "./option-schema.ts";
import type { Baseline, Loaded, Task } from "./task.ts";
import { describeCheckpoint, encodeSnapshot, hashParameters } from "./task-checkpoint.ts";
import { TaskLearner, type TaskSpec } from "./task-learner.ts";
import { DEFAULT_EPOCHS, type TrainingSettings } from "./training-options.ts";

/** How every replica loads its kernels: the options of `loadWasmBackend`, as plain data. */
export type KernelOptions = Omit<WasmLoadOptions, "folder"> & { readonly folder?: string };

export interface StartTrainingOptions<Settings = TrainingSettings> extends Limits {
  /** The data, as `sourceFromText` and `sourceFromFiles` of `unrolled/data` make it; default the task's own. */
  readonly source?: DataSource;
  /** Data to validate on; default a part of `source`. */
  readonly validation?: DataSource;
  /** What is to differ from the task's defaults, by the names of its options, as `hidden`. */
  readonly settings?: Partial<Settings>;
  readonly kernels?: KernelOptions;
  /** How many replicas share a batch; default 1. More than one need `startWorker`. */
  readonly replicas?: number;
  /** Parts of a batch, which fix the result; a multiple of the replicas. Default: one for each replica. */
  readonly shards?: number;
  /** Starts the thread of another replica: `webWorkers(...)` in a page, `startNodeWorker` in Node. */
  readonly startWorker?: ReplicaOptions["startWorker"];
  /** How replicas exchange their gradients; default through shared memory where there is any. */
  readonly exchange?: ReplicaOptions["exchange"];
  /** Address of a module that exports `createLearner`, for workers in Node; in a page the worker's own file has it. */
  readonly learnerModule?: string;
  /** Evaluate and sample every so many steps; default: a dozen times on the way to the nearest limit. */
  readonly evalEvery?: number;
  /** Ends the preparation, or the training after the step in progress. */
  readonly signal?: AbortableSignal;
  /** What is done before the first step, as "reading mybook.txt". `total` is null where it is not known. */
  readonly onProgress?: LoadHooks["onProgress"];
  /** One line that people should see. */
  readonly onNote?: LoadHooks["onNote"];
}

/** What happens in a training, in order; `end` is the last. */
export type TrainingEvent = StepEvent | EvalEvent | SampleEvent | Omit<EndEvent, "warnings">;

/** A training that is ready to begin. */
export interface TaskTraining<Settings = TrainingSettings, Config = unknown, Facts = object, Model = object> {
  /** Iterate to train. */
  readonly events: AsyncIterable<TrainingEvent>;
  /** With the weights as they are now. */
  readonly model: Model;
  readonly backend: Backend;
  readonly config: Config;
  /** What the model needs to be used without its data: a vocabulary, labels. */
  readonly facts: Facts;
  /** With the task's defaults, and with what was adapted to the data. */
  readonly settings: Settings;
  /** What something trivial reaches on the data that is validated on. */
  readonly baselines: readonly Baseline[];
  /** Numbers that training changes. */
  readonly parameters: number;
  /** What is counted: "character". */
  readonly unit: string;
  /**
   * The bytes of a checkpoint as the model is now, between two events or after the last one: `openModel` opens those of
   * `text`.
   */
  encodeCheckpoint(): Promise<Uint8Array<ArrayBuffer>>;
  /** Ends the other replicas. The model stays. */
  dispose(): Promise<void>;
}

const hasFunction = (value: unknown, name: string) =>
  OBJECT.fits(value) && FUNCTION.fits((value as Record<string, unknown>)[name]);
const SOURCE: Range = {
  text: "a source of data, as sourceFromText(text)",
  fits: (value) => hasFunction(value, "readText") && hasFunction(value, "listFiles"),
};
const SIGNAL: Range = {
  text: "an AbortSignal",
  fits: (value) => hasFunction(value, "throwIfAborted"),
};
const TASK: Range = {
  text: "a task, as text",
  fits: (value) =>
    ["complete", "load", "facts", "build", "plan", "loss"].every((name) => hasFunction(value, name)),
};
const MODULE: Range = { text: "the address of a module", fits: (value) => typeof value === "string" };
const RANGES: Ranges<StartTrainingOptions> = {
  ...{ source: optional(SOURCE), validation: optional(SOURCE), settings: optional(OPTIONS) },
  ...{ kernels: optional(OPTIONS), replicas: SIZE, shards: optional(SIZE) },
  ...{ startWorker: optional(FUNCTION), exchange: optional(oneOf("shared", "messages")) },
  ...{ learnerModule: optional(MODULE), evalEvery: optional(SIZE), signal: optional(SIGNAL) },
  ...{ onProgress: optional(FUNCTION), onNote: optional(FUNCTION) },
  ...{ steps: optional(COUNT), epochs: optional(ABOVE_0), maxSeconds: optional(AT_LEAST_0) },
};

/** What the other replicas are built from. */
interface LoadedSpec extends TaskSpec {
  /** The task's name. */
  readonly task: string;
  readonly kernels: KernelOptions;
}

/**
 * Makes the learners of other replicas. The file of their workers in a page is
 *
 *     import { createTaskLearner, text } from "unrolled/tasks";
 *     import { serveWebReplica } from "unrolled/train";
 *     serveWebReplica(createTaskLearner(text));
 *
 * @param tasks those that can be trained with it
 * @throws InputError for what is no task; the learner's maker throws it for a training of another task
 */
export function createTaskLearner(...tasks: object[]): CreateLearner<never> {
  for (const [at, task] of tasks.entries()) checkValue(`createTaskLearner: tasks[${at}]`, TASK, task);
  return async (spec: LoadedSpec, replica, replicas) => {
    const task = (tasks as Task[]).find(({ name }) => name === spec.task);
    if (task === undefined) {
      const own = (tasks as Task[]).map(({ name }) => name).join(", ");
      throw new InputError(
        `createTaskLearner: tasks must hold ${spec.task}, which is trained, got ${own || "none"}`,
      );
    }
    const { instructions, kernels } = spec;
    const backend = await loadWasmBackend({ ...kernels, instructions } as WasmLoadOptions);
    return new TaskLearner(task, spec, { replica, replicas }, { backend });
  };
}

/**
 * Prepare a training of a task on WebAssembly that leaves nothing on disk: load the data and the kernels, build the model
 * and start the replicas. The bits are those of `unrolled train` with the same settings, instructions and shards.
 *
 *     const training = await startTraining(text, { source: sourceFromText(book), steps: 500 });
 *     for await (const event of training.events) if (event.event === "step") console.log(event.loss);
 *     await training.dispose();
 *
 * @throws InputError for an option that is wrong and for data that the task cannot use; OutOfMemoryError; ReplicaError
 */
export async function startTraining<
  Settings extends TrainingSettings,
  Data,
  Config,
  Facts extends object,
  Model extends object,
  Batch,
  State,
>(
  task: Task<Settings, Data, Config, Facts, Model, Batch, State>,
  options: StartTrainingOptions<Settings> = {},
): Promise<TaskTraining<Settings, Config, Facts, Model>> {
  checkValue("startTraining: task", TASK, task);
  // The contract alone is used from here on, whatever the task's own types are.
  const training = await prepare(task as unknown as Task, options as StartTrainingOptions);
  return training as TaskTraining<Settings, Config, Facts, Model>;
}

async function prepare(
  task: Task,
  given: StartTrainingOptions,
): Promise<TaskTraining<TrainingSettings, unknown, object, object>> {
  const options = settle<StartTrainingOptions>("startTraining", RANGES, { replicas: 1 }, given);
  checkOptions(task.options, options.settings ?? {});
  const { replicas = 1, shards = replicas, kernels = {} } = options;
  if (shards % replicas !== 0) {
    throw new InputError(
      `startTraining: shards must be a multiple of the ${replicas} replicas, got ${shards}`,
    );
  }
  const hooks: LoadHooks = {
    signal: options.signal,
    onProgress: (activity, done, total) => options.onProgress?.(activity, done, total),
    onNote: (text) => options.onNote?.(text),
  };
  const { data, settings } = await loadData(task, options, hooks);
  if (replicas > settings.batchSize) {
    throw new InputError(
      `startTraining: replicas must be at most the ${settings.batchSize} rows of a batch, got ${replicas}`,
    );
  }
  const { facts } = task.facts(data);
  const config = task.configure(settings, facts);
  const backend = await loadWasmBackend(kernels);
  const bytes = task.trainingBytes(config, settings);
  if (bytes > backend.memory.limit) throw heapOf(backend).outOfMemory("this training", bytes);
  const engine = { backend: "wasm", instructions: backend.instructions } as const;
  const spec: LoadedSpec = { ...engine, task: task.name, settings, config, data, shards, kernels };
  const learner = new TaskLearner(task, spec, { replica: 0, replicas }, { backend });
  const baselines = await task.baselines(data, hooks);
  const { startWorker, exchange, learnerModule: module } = options;
  const group = await ReplicaGroup.start(learner, {
    ...{ replicas, startWorker, exchange },
    source: replicas === 1 ? undefined : { module, spec },
  });
  const described = { task: task.name, model: config, shards, facts };
  const progress = { step: 0, seconds: 0 };
  return {
    events: run({ task, options, learner, group, data, baselines, described, progress }),
    ...{ model: learner.model, backend, config, facts, settings, baselines },
    parameters: parameters(learner.model).reduce((total, { tensor }) => total + tensor.size, 0),
    unit: task.unit(settings),
    async encodeCheckpoint() {
      const snapshot = await takeSnapshot(learner, progress.step, await group.collectCarried());
      return encodeSnapshot(snapshot, describeCheckpoint(described), progress.seconds);
    },
    dispose: () => group.dispose(),
  };
}

function loadData(
  task: Task,
  { source, validation, settings: given = {}, replicas }: StartTrainingOptions,
  hooks: LoadHooks,
): Promise<Loaded<TrainingSettings, unknown>> {
  const settings = task.complete(given);
  task.check?.({ ...given }, settings);
  return task.load(
    {
      ...{ source, validation, settings },
      isChosen: (name) => given[name] !== undefined,
      threads: replicas,
      verify() {},
      asset(path) {
        throw new InputError(`the task ${task.name} has its own data in a file of the package, ${path}`, {
          hint: "give data: { source: sourceFromText(text) }",
        });
      },
    },
    hooks,
  );
}

interface Parts {
  readonly task: Task;
  readonly options: StartTrainingOptions;
  readonly learner: TaskLearner;
  readonly group: ReplicaGroup;
  readonly data: unknown;
  readonly baselines: readonly Baseline[];
  readonly described: { readonly model: unknown; readonly facts: object };
  /** Written as the training goes on. */
  readonly progress: { step: number; seconds: number };
}

async function* run(parts: Parts): AsyncGenerator<TrainingEvent, void, undefined> {
  const { learner, progress } = parts;
  const loop = startLoop(parts);
  let best: EvalEvent | undefined;
  for (;;) {
    const next = await loop.next();
    if (next.done) {
      const parametersSha256 = await hashParameters(learner);
      yield { event: "end", ...next.value, parametersSha256, best: best === undefined ? null : bestOf(best) };
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
}

function bestOf({ step, loss, choose }: EvalEvent) {
  return { step, loss, ...(choose !== undefined && { choose }) };
}

function startLoop({ task, options, learner, group, data, baselines, described }: Parts) {
  const { steps, epochs, maxSeconds, evalEvery, signal } = options;
  const isLimited = [steps, epochs, maxSeconds].some((limit) => limit !== undefined);
  const { plan, evaluation, model, backend, settings } = learner;
  const { lr, lrDecay, lrDecayAfter } = settings;
  const trained = { model, backend, config: described.model, facts: described.facts, settings };
  return trainLoop({
    ...{ group, signal, evaluateEvery: evalEvery, startStep: 0, startSeconds: 0 },
    limits: isLimited ? { steps, epochs, maxSeconds } : { epochs: DEFAULT_EPOCHS },
    learningRate: lr,
    decay: lrDecay === null ? undefined : { factor: lrDecay, after: lrDecayAfter },
    stepsPerEpoch: plan.stepsPerEpoch,
    score: (sums) => task.score(sums, data, evaluation, baselines),
    save: async () => "",
    sample:
      task.sample &&
      (async (step) => sampleOf(await task.sample!(trained, { backend, rng: learner.sampleRng(step) }))),
  });
}

function sampleOf(
  made: Awaited<ReturnType<NonNullable<Task["sample"]>>>,
): Omit<SampleEvent, "event" | "step"> {
  if (made.kind === "text") return { text: made.text };
  return { value: made.kind === "json" ? made.value : made.svg };
}

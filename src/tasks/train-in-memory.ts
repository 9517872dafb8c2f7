/** A training of a task that leaves nothing on disk: in a worker of a page, and in Node where no run is to be kept. */
import type { Backend } from "../backend/backend.ts";
import { heapOf } from "../backend/heap.ts";
import { loadWasmBackend, WASM_INSTRUCTIONS } from "../backend/wasm/wasm.ts";
import { InputError } from "../core/errors.ts";
import type { Hooks } from "../core/hooks.ts";
import { COUNT, checkValue, OBJECT, oneOf, SIZE } from "../core/options.ts";
import type { EndEvent, EvalEvent, SampleEvent, StepEvent } from "../train/events.ts";
import { choiceOf } from "../train/history.ts";
import { trainLoop } from "../train/loop.ts";
import { ReplicaGroup } from "../train/replica-group.ts";
import { takeSnapshot } from "../train/snapshot.ts";
import { type Engine, openBackend } from "./engine.ts";
import { fitLoaded } from "./fitted-settings.ts";
import {
  checkMemoryTraining,
  type KernelOptions,
  type MemoryTrainingOptions,
} from "./memory-training-options.ts";
import { findTask, TASK_NAMES } from "./registry.ts";
import { DEFAULT_EPOCHS } from "./run-options.ts";
import type { Artifact, Baseline, Loaded } from "./task.ts";
import { describeCheckpoint, encodeSnapshot, hashParameters } from "./task-checkpoint.ts";
import { TaskLearner, type TaskSpec } from "./task-learner.ts";
import type { TrainingSettings } from "./training-options.ts";

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
export async function trainInMemory(asked: MemoryTrainingOptions): Promise<MemoryTraining> {
  const options = checkMemoryTraining(asked);
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

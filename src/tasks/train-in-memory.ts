import { InputError } from "../core/errors.ts";
import type { Hooks } from "../core/hooks.ts";
import type { DataSource } from "../data/data-source.ts";
import type { EndReason, TrainEvent } from "../train/events.ts";
import type { LearnerSource } from "../train/learner.ts";
import { trainLoop } from "../train/loop.ts";
import { ReplicaGroup, type ReplicaOptions } from "../train/replica-group.ts";
import type { Limits } from "../train/schedule.ts";
import type { Engine } from "./engine.ts";
import { TASKS } from "./registry.ts";
import type { Baseline, Task } from "./task.ts";
import { TaskLearner, type TaskSpec } from "./task-learner.ts";
import type { TrainingSettings } from "./training-options.ts";

export interface MemoryTrainingOptions {
  readonly task: Task;
  /** Of the task and of training; the rest has the task's defaults. */
  readonly settings?: Partial<TrainingSettings> & Readonly<Record<string, unknown>>;
  /** Undefined: the task's built-in data. */
  readonly source?: DataSource;
  /** Data to validate on; undefined: a part of the data. */
  readonly validation?: DataSource;
  /** A file of this package, for the built-in data of a task. */
  readonly asset?: (path: string) => DataSource;
  readonly engine: Engine;
  readonly limits: Limits;
  /** Steps between two evaluations; default 12 evaluations in all. */
  readonly evaluateEvery?: number;
  /** Replicas of the model that share a batch; default 1. */
  readonly replicas?: number;
  /** Parts of a batch, which fix the result; default: one for each replica. */
  readonly shards?: number;
  /** How other replicas are started and how they exchange gradients: as for `ReplicaGroup.start`. */
  readonly replicaOptions?: Pick<ReplicaOptions, "startWorker" | "exchange">;
  /** Names the module that replicas import; see `LearnerSource`. Default: none, workers serve `serveTaskReplica`. */
  readonly module?: string;
  readonly hooks?: Partial<Hooks>;
}

/** What a worker that serves a replica of a task is given. */
export interface TaskReplicaSpec extends TaskSpec {
  readonly task: string;
}

export interface MemoryTraining {
  readonly learner: TaskLearner;
  readonly config: unknown;
  readonly facts: object;
  readonly baselines: readonly Baseline[];
  /** Iterate to train; return early to stop. The replicas end with it. */
  readonly events: AsyncGenerator<
    TrainEvent,
    { step: number; seconds: number; reason: EndReason },
    undefined
  >;
}

/**
 * Train a model of a task without a run folder: nothing is saved, and nothing of Node is needed, so that it runs in a
 * worker of a page. The bits are those of `unrolled train` with the same settings, instructions and shards.
 * @throws InputError for settings and data that the task refuses
 */
export async function trainInMemory(options: MemoryTrainingOptions): Promise<MemoryTraining> {
  const { task, engine, limits, replicas = 1, shards = replicas } = options;
  const hooks: Hooks = {
    signal: { aborted: false, throwIfAborted() {} },
    onProgress() {},
    onNote() {},
    ...options.hooks,
  };
  const given = options.settings ?? {};
  const asked = task.complete(given);
  task.check?.({ ...given }, asked);
  const { data, settings } = await task.load(
    {
      source: options.source,
      validation: options.validation,
      settings: asked,
      isChosen: (name) => Object.hasOwn(given, name),
      threads: replicas,
      verify() {},
      asset:
        options.asset ??
        ((path) => {
          throw new InputError(`the built-in data ${path} needs the option asset`);
        }),
    },
    hooks,
  );
  const { facts } = task.facts(data);
  const config = task.configure(settings, facts);
  const spec: TaskReplicaSpec = { task: task.name, settings, config, data, shards, ...engine };
  const learner = new TaskLearner(task, spec, { replica: 0, replicas });
  const baselines = await task.baselines(data, hooks);
  const source: LearnerSource = { ...(options.module !== undefined && { module: options.module }), spec };
  const group = await ReplicaGroup.start(learner, { ...options.replicaOptions, replicas, source });
  return { learner, config, facts, baselines, events: run() };

  async function* run(): MemoryTraining["events"] {
    try {
      const loop = trainLoop({
        group,
        limits,
        learningRate: settings.lr,
        stepsPerEpoch: learner.plan.stepsPerEpoch,
        decay:
          settings.lrDecay === null ? undefined : { factor: settings.lrDecay, after: settings.lrDecayAfter },
        startStep: 0,
        startSeconds: 0,
        evaluateEvery: options.evaluateEvery,
        save: async () => "",
        score: (sums) => task.score(sums, data, learner.evaluation, baselines),
        signal: hooks.signal,
      });
      for (;;) {
        const next = await loop.next();
        if (next.done) return next.value;
        // There is nothing to save to.
        if (next.value.event !== "checkpoint") yield next.value;
      }
    } finally {
      await group.dispose();
    }
  }
}

/** The learner of a replica, for the file of a worker in a page: `serveWebReplica(createTaskLearner)`. */
export async function createTaskLearner(
  spec: TaskReplicaSpec,
  replica: number,
  replicas: number,
): Promise<TaskLearner> {
  return new TaskLearner(await TASKS[spec.task](), spec, { replica, replicas });
}

import { parameters } from "../autograd/parameter.ts";
import { type Profile, profiled } from "../autograd/profile.ts";
import type { Backend } from "../backend/backend.ts";
import { scope } from "../backend/scope.ts";
import { InputError } from "../core/errors.ts";
import { Rng } from "../core/rng.ts";
import { detachState } from "../nn/cell-state.ts";
import { uniform_ } from "../nn/init.ts";
import { type Clip, clipNorm, clips, clipValue } from "../optim/clip.ts";
import { CarriedLayout, shapesOf } from "../train/carried.ts";
import type { Learner, ShardLoss } from "../train/learner.ts";
import { type Stretch, shardsOf, stretchOf } from "../train/shards.ts";
import { type Engine, openBackend } from "./engine.ts";
import { makeOptimizer } from "./optimizers.ts";
import type { BatchPlan, BuildContext, EvaluationPlan, Task } from "./task.ts";
import type { TrainingSettings } from "./training-options.ts";

/** All that a replica needs to build its part, by structured clone. */
export interface TaskSpec extends Engine {
  readonly settings: TrainingSettings;
  readonly config: unknown;
  readonly data: unknown;
  /** Parts of a batch that fix the result; a multiple of the replicas. */
  readonly shards: number;
  /** Whether the first replica notes where its time goes. */
  readonly profile?: boolean;
}

/** Streams of random numbers, forked from the seed by these names. */
const Stream = { weights: 0, loss: 1, sample: 2 } as const;

/** Rows of a batch that are computed together, and what they carry from step to step. */
interface Shard extends Stretch {
  readonly layout: CarriedLayout<unknown> | undefined;
  /** Undefined before the first step. */
  state: unknown;
}

/** A task's model in training, as one replica sees it. */
export class TaskLearner implements Learner {
  readonly task: Task;
  readonly model: object;
  readonly backend: Backend;
  readonly optimizer;
  readonly clip: Clip;
  readonly profile: Profile | undefined;
  readonly shards: number;
  readonly parts: readonly string[];
  readonly carried: Learner["carried"];
  readonly evaluation: EvaluationPlan<object>;
  readonly plan: BatchPlan<unknown>;
  readonly settings: TrainingSettings;
  private readonly isRandom: boolean;
  /** By the numbers of the shards; only this replica's. */
  private readonly own: ReadonlyMap<number, Shard>;

  /** @param context an own cell; and the backend, where it is open already: in a page it cannot be opened at once */
  constructor(
    task: Task,
    spec: TaskSpec,
    place: { readonly replica: number; readonly replicas: number },
    context: Partial<Pick<BuildContext, "createCell" | "cellName" | "backend">> = {},
  ) {
    const { settings, config, data, shards } = spec;
    const { replica, replicas } = place;
    this.task = task;
    this.settings = settings;
    this.isRandom = task.isRandom?.(settings) ?? true;
    const opened = context.backend ?? openBackend(spec);
    const { backend, profile } = spec.profile && replica === 0 ? profiled(opened) : { backend: opened };
    this.backend = backend;
    this.profile = profile;
    const rng = new Rng(settings.seed).fork(Stream.weights);
    this.model = task.build(config, { ...context, rng, backend });
    const bound = settings.initUniform;
    if (bound !== null) {
      for (const { tensor } of parameters(this.model)) uniform_(tensor, -bound, bound, rng);
    }
    task.start?.(this.model, data);
    const { optimizer, lr, weightDecay } = settings;
    this.optimizer = makeOptimizer(optimizer, parameters(this.model), { lr, weightDecay });
    const limits = settings.clipValue === null ? [] : [clipValue(settings.clipValue)];
    this.clip = clips(clipNorm(settings.clipNorm), ...limits);
    this.plan = task.plan(data, settings);
    this.parts = task.parts ?? [];
    this.evaluation = task.evaluation(data, { isComplete: false });
    this.shards = shards;
    const layoutOf = this.layouts();
    this.carried = layoutOf?.({ from: 0, to: this.plan.rows }) ?? { size: 0, tensors: [] };
    this.own = new Map(
      shardsOf(replica, replicas, shards).map((shard) => {
        const rows = stretchOf(shard, shards, this.plan.rows);
        return [shard, { ...rows, layout: layoutOf?.(rows), state: undefined }];
      }),
    );
  }

  weights(step: number): readonly number[] {
    const weights = this.plan.weights(step);
    return Array.from({ length: this.shards }, (_, shard) => {
      const { from, to } = stretchOf(shard, this.shards, this.plan.rows);
      let sum = 0;
      for (let row = from; row < to; row++) sum += weights[row];
      return sum;
    });
  }

  loss(step: number, index: number): ShardLoss {
    const { plan } = this;
    const shard = this.own.get(index)!;
    const batch = this.span("data", () => plan.batch(step, shard.from, shard.to));
    const state = plan.startsAnew?.(step) === false ? shard.state : undefined;
    const rng = this.isRandom ? this.drawsOf(step, shard) : undefined;
    const { loss, parts, state: next } = this.task.loss(this.model, batch, { state, rng });
    shard.state = next === undefined ? undefined : detachState(next as object);
    return { loss, parts };
  }

  /** Random numbers of a shard: those of its rows in the whole batch, without the rows that a last batch lacks. */
  private drawsOf(step: number, { from, to }: Stretch): Rng {
    // The replica's number stood second in the name, and is 0 for all.
    const rng = new Rng(this.settings.seed).fork(Stream.loss, 0, step);
    if (this.shards === 1) return rng;
    const weights = this.plan.weights(step);
    const all = Array.from({ length: to - from }, (_, row) => from + row);
    const rows = all.filter((row) => weights[row] > 0);
    return rng.forRows(rows, this.plan.rows);
  }

  private span<Result>(name: string, work: () => Result): Result {
    if (this.profile === undefined) return work();
    let result!: Result;
    this.profile.span(name, () => {
      result = work();
    });
    return result;
  }

  async readCarried(into: Float64Array): Promise<void> {
    for (const { layout, state } of this.own.values()) await layout?.read(state, into);
  }

  writeCarried(from: Float64Array): void {
    for (const shard of this.own.values()) {
      if (shard.from < shard.to) shard.state = shard.layout?.write(from, this.backend);
    }
  }

  evaluate(replica: number, replicas: number, sums: Float64Array): Promise<void> {
    return this.evaluation.run(this.model, { backend: this.backend, replica, replicas }, sums);
  }

  /** A stream of random numbers for the sample after `step`. */
  sampleRng(step: number): Rng {
    return new Rng(this.settings.seed).fork(Stream.sample, step);
  }

  /** Where the tensors of the carried state lie, for rows of a batch; undefined where none is carried. */
  private layouts(): ((rows: Stretch) => CarriedLayout<unknown>) | undefined {
    const { task, model, plan } = this;
    if (task.carried === undefined) {
      if (plan.startsAnew === undefined) return undefined;
      throw new InputError(
        `the task ${task.name} carries a state (plan.startsAnew), but has no member carried`,
      );
    }
    const carried = task.carried.bind(task);
    return scope(() => {
      const [one, two] = [shapesOf(carried(model, 1)), carried(model, 2)];
      return ({ from, to }: Stretch) =>
        new CarriedLayout(one, two, { batch: plan.rows, first: from, rows: to - from });
    }, this.backend);
  }
}

/** Short trainings of a task's model on one thread, for `unrolled check`: nothing of them is kept. */
import { parameters } from "../../autograd/parameter.ts";
import type { Backend } from "../../backend/backend.ts";
import { Frames } from "../../backend/scope.ts";
import type { Hooks } from "../../core/hooks.ts";
import { Turns } from "../../core/job.ts";
import { ReplicaGroup } from "../../train/replica-group.ts";
import type { Engine } from "../engine.ts";
import type { BatchPlan, BuildContext, Task } from "../task.ts";
import { TaskLearner } from "../task-learner.ts";
import type { TrainingSettings } from "../training-options.ts";
import type { HeldRows } from "./plans.ts";

/** What is checked: a task with data and the settings of a training, as `trainTask` would begin it. */
export interface Checked {
  readonly task: Task;
  readonly data: unknown;
  readonly settings: TrainingSettings;
  readonly config: unknown;
  readonly engine: Engine;
  readonly backend: Backend;
  /** Of a model with a cell of the user's own. */
  readonly cell: Pick<BuildContext, "createCell" | "cellName">;
  readonly hooks: Hooks;
}

export interface ShortTrainingOptions {
  /** The batches to train on. */
  readonly plan: BatchPlan<unknown>;
  /** Default: that of the settings. */
  readonly lr?: number;
  /** Without dropout, noise and weight decay. */
  readonly isPlain?: boolean;
}

/** A model at its initial values, to be trained for some steps at a constant rate. */
export class ShortTraining {
  readonly model: object;
  private readonly checked: Checked;
  private readonly learner: TaskLearner;
  private readonly group: ReplicaGroup;
  private readonly frames: Frames;
  private readonly lr: number;
  private steps = 0;

  private constructor(checked: Checked, learner: TaskLearner, group: ReplicaGroup, lr: number) {
    this.checked = checked;
    this.learner = learner;
    this.group = group;
    this.model = learner.model;
    this.frames = new Frames(checked.backend);
    this.lr = lr;
  }

  /** @throws what the task throws when its model is built */
  static async start(checked: Checked, options: ShortTrainingOptions): Promise<ShortTraining> {
    const { data, config, engine, backend, cell } = checked;
    const { plan, lr = checked.settings.lr, isPlain = false } = options;
    const settings = isPlain ? { ...checked.settings, weightDecay: 0 } : checked.settings;
    // Not a copy: a task may be an object of a class, whose members a copy would lack.
    const task: Task = Object.create(checked.task, {
      plan: { value: () => plan },
      ...(isPlain && { isRandom: { value: () => false } }),
    });
    const spec = { ...engine, settings, config, data, shards: 1 };
    const learner = new TaskLearner(task, spec, { replica: 0, replicas: 1 }, { ...cell, backend });
    return new ShortTraining(checked, learner, await ReplicaGroup.start(learner), lr);
  }

  /**
   * Some further updates.
   * @param onStep called after each with its loss; false ends the training
   * @returns whether all losses were finite numbers; no update is made after one that is not
   */
  async run(
    steps: number,
    onStep: (loss: number) => boolean | undefined = () => undefined,
  ): Promise<boolean> {
    const turns = new Turns(this.checked.hooks.signal);
    for (let step = 0; step < steps; step++) {
      const { loss, gradientNorm } = await this.group.step(this.steps++, this.lr);
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) return false;
      if (onStep(loss) === false) return true;
      if (turns.isDue) await turns.take();
    }
    return true;
  }

  /**
   * The loss of each of some pieces, without dropout.
   * @param plan whose steps the pieces are of
   */
  async measure(plan: BatchPlan<unknown>, pieces: readonly HeldRows[]): Promise<Float64Array> {
    const turns = new Turns(this.checked.hooks.signal);
    const losses = new Float64Array(pieces.length);
    for (const [index, { step, from, to }] of pieces.entries()) {
      losses[index] = await this.lossOf(plan.batch(step, from, to));
      if (turns.isDue) await turns.take();
    }
    return losses;
  }

  /** The loss of a batch without dropout and without a carried state. */
  async lossOf(batch: unknown): Promise<number> {
    const { task } = this.checked;
    const context = { state: undefined, rng: undefined };
    const [loss] = await this.frames.run(() => task.loss(this.model, batch, context).loss.read());
    return loss;
  }

  /** What the model says of a batch, and its shape. */
  async outputsOf(
    batch: unknown,
  ): Promise<{ readonly values: ArrayLike<number>; readonly shape: readonly number[] }> {
    const { task } = this.checked;
    let shape: readonly number[] = [];
    const values = await this.frames.run(() => {
      const outputs = task.probe!.outputs!(this.model, batch);
      shape = outputs.shape;
      return outputs.read();
    });
    return { values, shape };
  }

  async dispose(): Promise<void> {
    await this.group.dispose();
    this.frames.dispose();
    // Several models in a row would else wait for the garbage collector.
    for (const { tensor } of parameters(this.learner.model)) tensor.dispose();
  }
}

/** The mean of the losses of pieces, each counting its weight. */
export function weightedMean(losses: ArrayLike<number>, pieces: readonly HeldRows[]): number {
  let [sum, weight] = [0, 0];
  for (const [index, piece] of pieces.entries()) {
    sum += piece.weight * losses[index];
    weight += piece.weight;
  }
  return sum / weight;
}

/** The time that checks may take together. */
export class Budget {
  private readonly end: number;

  /** @param seconds from now on */
  constructor(seconds: number) {
    this.end = performance.now() + 1000 * seconds;
  }

  /** Seconds that are left, at least 0. */
  get left(): number {
    return Math.max(0, (this.end - performance.now()) / 1000);
  }
}

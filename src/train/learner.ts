import type { Profile } from "../autograd/profile.ts";
import type { Tensor } from "../backend/tensor.ts";
import type { Clip } from "../optim/clip.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { CarriedTensor } from "./carried.ts";

/** The loss of one shard in one step. */
export interface ShardLoss {
  /** Mean over the shard's units, a scalar made of ops. */
  readonly loss: Tensor;
  /** Named parts of that mean, scalars; the names are {@link Learner.parts}. */
  readonly parts?: Readonly<Record<string, Tensor>>;
}

/**
 * A model being trained, as one replica sees it. Every task supplies its own.
 *
 * The rows of a batch are divided into shards, and the shards among the replicas (see shards.ts). The loss of a step is
 * the sum over all shards of weight / total weight * mean loss.
 */
export interface Learner {
  readonly optimizer: Optimizer;
  readonly clip: Clip;
  /** Profiler of this replica's steps, if profiling is enabled. */
  readonly profile?: Profile | undefined;
  /**
   * Shards of the whole batch, a multiple of the replicas. What a training computes depends on their number, not on the
   * number of replicas.
   */
  readonly shards: number;
  /** Names of the parts of the loss, in order; [] for none. */
  readonly parts: readonly string[];
  /**
   * How much each shard counts in a step (from 0 on), [shards]: its characters, items or frames, finite and at least 0.
   * It is known without computing the loss, and the same in every replica. A shard of weight 0 is left out.
   */
  weights(step: number): ArrayLike<number>;
  /**
   * The mean loss over the rows of one of this replica's shards in a step. Not called where the weight is 0; what was
   * carried over for the shard with `detach()` is gone after such a step.
   */
  loss(step: number, shard: number): ShardLoss;
  /** The state that goes from step to step, of the whole batch: its tensors one after another in a flat buffer. */
  readonly carried: { readonly size: number; readonly tensors: readonly CarriedTensor[] };
  /** Write the rows of this replica's shards to that buffer. */
  readCarried(into: Float64Array): Promise<void>;
  /** Restore the rows of this replica's shards from that buffer. */
  writeCarried(from: Float64Array): void;
  /**
   * Parts of the evaluation, and how many sums each of them has: 1 for a loss alone, the square of the labels for a
   * confusion matrix. They are the same whichever replica computes them.
   */
  readonly evaluation: { readonly parts: number; readonly width: number };
  /**
   * Compute the parts that are this replica's, as those with index % replicas == replica. The sums of a part go to
   * `sums[index * width]` and after, [parts * width]; all are 0 before, and those of other replicas stay as they are.
   */
  evaluate(replica: number, replicas: number, sums: Float64Array): Promise<void>;
}

/** How a worker makes its learner: it imports `module` and calls its `createLearner(spec, replica, replicas)`. */
export interface LearnerSource<Spec = unknown> {
  /** URL of a module that exports `createLearner`. May be left out where the worker's own file gives the function. */
  readonly module?: string;
  /** Structured-clone data; large arrays in SharedArrayBuffers, so that no replica copies them. */
  readonly spec: Spec;
}

export type CreateLearner<Spec> = (
  spec: Spec,
  replica: number,
  replicas: number,
) => Learner | Promise<Learner>;

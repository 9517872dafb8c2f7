import type { Profile } from "../autograd/profile.ts";
import type { Tensor } from "../backend/tensor.ts";
import type { Clip } from "../optim/clip.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { CarriedTensor } from "./carried.ts";

/** A model being trained, as one replica sees it. Every task supplies its own. */
export interface Learner {
  readonly optimizer: Optimizer;
  readonly clip: Clip;
  /** Takes notes of this replica's steps, where that is wanted. */
  readonly profile?: Profile;
  /** This replica's share of the batch, in (0, 1]; the shares of all replicas add up to 1. */
  readonly share: number;
  /** The mean loss over this replica's rows of a step (from 0 on), made of ops. */
  loss(step: number): Tensor;
  /** The state that goes from step to step, of the whole batch: its tensors one after another in a flat buffer. */
  readonly carried: { readonly size: number; readonly tensors: readonly CarriedTensor[] };
  /** Write the rows that are this replica's into that buffer. */
  readCarried(into: Float64Array): Promise<void>;
  /** Take this replica's rows back out of it. */
  writeCarried(from: Float64Array): void;
  /** How many parts the evaluation has; each is one number, whoever computes it. */
  readonly evaluationParts: number;
  /** Sums of losses of the parts with index % replicas == replica, written into `sums`. */
  evaluate(replica: number, replicas: number, sums: Float64Array): Promise<void>;
}

/** How a worker makes its learner: it imports `module` and calls its `createLearner(spec, replica, replicas)`. */
export interface LearnerSource<Spec = unknown> {
  /** URL of a module that exports `createLearner`. */
  readonly module: string;
  /** Structured-clone data; large arrays in SharedArrayBuffers, so that no replica copies them. */
  readonly spec: Spec;
}

export type CreateLearner<Spec> = (
  spec: Spec,
  replica: number,
  replicas: number,
) => Learner | Promise<Learner>;

import type { Gradients } from "../autograd/gradients.ts";
import type { NamedParameter } from "../autograd/parameter.ts";
import type { Frames } from "../backend/scope.ts";
import type { Tensor } from "../backend/tensor.ts";

/**
 * Owns the gradients of its parameters and updates the parameters. Made by `sgd`, `rmsprop`, `adagrad`, `adam`,
 * `adamw`, `adadelta` and `adamax`.
 *
 * A parameter that is frozen when the optimizer is made needs no memory, and this optimizer will not train it even if
 * it is unfrozen later. A parameter that is frozen afterwards keeps its state and does not change until it is unfrozen.
 * A parameter that the loss does not depend on has a gradient of zero (as after torch's
 * `zero_grad(set_to_none=False)`).
 */
export interface Optimizer {
  /** All parameters, including frozen ones; a checkpoint contains them. */
  readonly parameters: readonly NamedParameter[];
  readonly gradients: Gradients;
  /** The memory of training steps with this optimizer. */
  readonly frames: Frames;
  /**
   * The learning rate; schedules change it between steps. The rate of a group with its own rate keeps its ratio to
   * this one.
   */
  learningRate: number;
  /** The number of updates so far. */
  stepCount: number;
  /** Updates the parameters from their present gradients. @throws InputError for a parameter that was unfrozen too late */
  update(): void;
  /**
   * The tensors to save, besides `stepCount`, so that training can be resumed. Their names consist of torch's name and
   * the name of the parameter: `exp_avg.rnn.weight_ih_l0`.
   */
  state(): Map<string, Tensor>;
  /** Frees the memory of gradients and state. */
  dispose(): void;
}

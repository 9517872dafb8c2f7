import type { Gradients } from "../autograd/gradients.ts";
import type { NamedParameter } from "../autograd/parameter.ts";
import type { Frames } from "../backend/scope.ts";
import type { Tensor } from "../backend/tensor.ts";

/**
 * Owns the gradients of its parameters and changes the parameters by them. Made by `sgd`, `rmsprop`, `adagrad`,
 * `adam`, `adamw`, `adadelta` and `adamax`.
 *
 * A parameter that is frozen when the optimizer is made costs no memory and cannot be thawed for it later; one that
 * is frozen afterwards keeps its state, and stands still until it is thawed. A parameter that the loss does not
 * reach has the gradient zero (as after torch's `zero_grad(set_to_none=False)`).
 */
export interface Optimizer {
  /** All parameters that were given, the frozen ones too: what a checkpoint holds. */
  readonly parameters: readonly NamedParameter[];
  readonly gradients: Gradients;
  /** Memory of the training steps that this optimizer makes. */
  readonly frames: Frames;
  /**
   * May be changed between steps: that is what a schedule does. A group with a rate of its own keeps its ratio to
   * this one.
   */
  learningRate: number;
  /** Updates made so far. */
  stepCount: number;
  /** One update from the gradients as they are. @throws InputError for a parameter thawed too late */
  update(): void;
  /**
   * What has to be saved to go on later, beside `stepCount`: under torch's name and that of the parameter, as
   * `exp_avg.rnn.weight_ih_l0`.
   */
  state(): Map<string, Tensor>;
  /** Free the memory of gradients and state. */
  dispose(): void;
}

import type { Gradients, NamedParameter } from "../autograd/parameter.ts";
import type { Frames } from "../backend/scope.ts";
import type { Tensor } from "../backend/tensor.ts";

/** Owns the gradients of its parameters and changes the parameters by them. */
export interface Optimizer {
  readonly parameters: readonly NamedParameter[];
  readonly gradients: Gradients;
  /** Memory of the training steps that this optimizer makes. */
  readonly frames: Frames;
  /** May be changed between steps: that is what a schedule does. */
  learningRate: number;
  /** Updates made so far. */
  stepCount: number;
  /** One update from the gradients as they are. */
  update(): void;
  /** What has to be saved to go on later, beside `stepCount`; each under the name of its parameter. */
  state(): Map<string, Tensor>;
  /** Free the memory of gradients and state. */
  dispose(): void;
}

import { backward, Tape, withTape } from "../autograd/tape.ts";
import type { Tensor } from "../backend/tensor.ts";
import type { Clip } from "./clip.ts";
import type { Optimizer } from "./optimizer.ts";

/** Numbers of a step. They are read from the device when asked for. */
export interface StepResult {
  /** Value of the loss, before the update. */
  readonly loss: Promise<number>;
  /** Global norm of the gradient before clipping; NaN when no clip has measured it. */
  readonly gradientNorm: Promise<number>;
}

const scalar = async (tensor: Tensor): Promise<number> => (await tensor.read())[0];

/** Forward and backward of one step: the optimizer's gradients are those of `fn`'s loss afterwards. */
export function differentiate(fn: () => Tensor, optimizer: Optimizer): Promise<number> {
  const { frames, gradients } = optimizer;
  return frames.run(() => {
    const tape = new Tape();
    const loss = withTape(tape, fn);
    gradients.zero();
    backward(tape, loss, gradients);
    return scalar(loss);
  });
}

/**
 * One training step: run `fn`, which returns a scalar loss, differentiate it, clip, update. Every tensor that `fn`
 * makes is gone afterwards, except what it carried over with `detach()`.
 */
export function step(fn: () => Tensor, optimizer: Optimizer, clip?: Clip): StepResult {
  const loss = differentiate(fn, optimizer);
  clip?.(optimizer.gradients);
  const gradientNorm = scalar(optimizer.gradients.norm);
  optimizer.update();
  return { loss, gradientNorm };
}

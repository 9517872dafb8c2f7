import { requireTensors } from "../autograd/check.ts";
import { Gradients } from "../autograd/gradients.ts";
import { backward, Tape, withTape } from "../autograd/tape.ts";
import { Frames, scope } from "../backend/scope.ts";
import type { Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
import {
  ABOVE_0,
  checkValue,
  FUNCTION,
  listOfAny,
  type Names,
  OBJECT,
  optional,
  type Range,
  refuseOthers,
} from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import type { Clip } from "./clip.ts";
import type { Optimizer } from "./optimizer.ts";

/** The numbers of a step. They are read from the device when their promises are used. */
export interface StepResult {
  /** The loss before the update; with several parts, the sum of their losses times their shares. */
  readonly loss: Promise<number>;
  /** The norm of all gradients before clipping; NaN if no clip has computed it. */
  readonly gradientNorm: Promise<number>;
}

export interface StepOptions {
  /**
   * Gradient accumulation: the function is called so many times, with the index of the part, and one update is made
   * from the mean of the gradients. That is the gradient of one batch of all parts, with the memory of one part. For
   * parts of unequal size, pass a list of their shares, such as `[0.4, 0.4, 0.2]`; for a loss that is a sum, pass
   * `[1, 1, 1]`.
   */
  readonly accumulate?: number | readonly number[];
}

const scalar = async (tensor: Tensor): Promise<number> => (await tensor.read())[0];

/**
 * The forward and backward pass of one step. Afterwards the optimizer's gradients are those of `fn`'s loss.
 * @throws InputError unless the number of parts is an integer of at least 1, and shares are finite and above 0
 */
export function differentiate(
  fn: (part: number) => Tensor,
  optimizer: Optimizer,
  options: StepOptions = {},
): Promise<number> {
  checkStep("differentiate", fn, optimizer, options);
  const { accumulate = 1 } = options;
  const { frames, gradients } = optimizer;
  const shares = sharesOf(accumulate);
  // All parts share one frame: a tensor that is carried over with detach() exists until the end of the next step.
  const losses = frames.run(() => {
    gradients.zero();
    const values = shares.map((share, part) => differentiatePart(() => fn(part), gradients, share));
    gradients.finish();
    return values;
  });
  return Promise.all(losses).then((values) =>
    values.reduce((total, value, part) => total + shares[part] * value, 0),
  );
}

/**
 * Forward and backward of one part of a step, in a scope of its own. Its gradients, times `share`, are added to what
 * the buffer has received.
 * @returns the value of the loss
 */
export function differentiatePart(fn: () => Tensor, gradients: Gradients, share: number): Promise<number> {
  return scope(() => {
    const tape = new Tape();
    const loss = withTape(tape, () => checkLoss(fn()));
    backward(tape, loss, gradients, share);
    return scalar(loss);
  });
}

/**
 * One training step: run `fn`, which returns a scalar loss, differentiate it, clip, update. Every tensor that `fn`
 * makes is gone afterwards, except what it carried over with `detach()`.
 */
export function step(
  fn: (part: number) => Tensor,
  optimizer: Optimizer,
  clip?: Clip,
  options?: StepOptions,
): StepResult {
  checkStep("step", fn, optimizer, options);
  checkValue("step: clip", optional(FUNCTION), clip);
  const loss = differentiate(fn, optimizer, options);
  clip?.(optimizer.gradients);
  const gradientNorm = scalar(optimizer.gradients.norm);
  optimizer.update();
  return { loss, gradientNorm };
}

const SHARES = listOfAny(ABOVE_0, "shares");
const OPTIONS: Names<StepOptions> = { accumulate: 0 };

const OPTIMIZER: Range = {
  text: "an optimizer, as sgd(parameters(model))",
  fits: (value) => {
    const { frames, gradients, update } = (OBJECT.fits(value) ? value : {}) as Partial<Optimizer>;
    return frames instanceof Frames && gradients instanceof Gradients && typeof update === "function";
  },
};

function checkStep(where: string, fn: unknown, optimizer: unknown, options: StepOptions = {}): void {
  checkValue(`${where}: fn`, { text: "a function that returns the loss", fits: FUNCTION.fits }, fn);
  checkValue(`${where}: optimizer`, OPTIMIZER, optimizer);
  refuseOthers(where, OPTIONS, options);
}

/** @throws InputError unless the loss is a tensor of one element */
function checkLoss(loss: unknown): Tensor {
  if (loss instanceof Promise) {
    // The promise may be rejected later; that error is not the one to report.
    loss.catch(() => {});
    throw new InputError("step: fn must return the loss, got a promise", {
      hint: "a step is synchronous: await what it needs before it",
    });
  }
  requireTensors("step: what fn returned", { loss });
  return loss as Tensor;
}

/** The most parts of a step. More are a mistake, and each of them needs memory. */
const MOST_PARTS = 2 ** 20;

function sharesOf(accumulate: number | readonly number[]): readonly number[] {
  if (typeof accumulate === "number") {
    if (!Number.isSafeInteger(accumulate) || accumulate < 1) {
      throw new InputError(`step: accumulate must be an integer of at least 1 or a list, got ${accumulate}`);
    }
    if (accumulate > MOST_PARTS) {
      throw new InputError(`step: accumulate must be at most ${MOST_PARTS}, got ${accumulate}`);
    }
    return new Array<number>(accumulate).fill(1 / accumulate);
  }
  if (!Array.isArray(accumulate) || !SHARES.fits(accumulate) || accumulate.length === 0) {
    throw new InputError(
      `step: accumulate must list shares, each finite and above 0, got ${showValue(accumulate)}`,
    );
  }
  return accumulate;
}

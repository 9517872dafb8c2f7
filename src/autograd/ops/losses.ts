import type { Tensor } from "../../backend/tensor.ts";
import { broadcastShape } from "../../core/broadcast.ts";
import { ShapeError } from "../../core/errors.ts";
import { checkValue, type Names, oneOf, type Range, refuseOthers } from "../../core/options.ts";
import { sameShape, showShape } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { add, mul, sub } from "./elementwise.ts";
import { neg, softplus, square } from "./functions.ts";
import { mean, sum } from "./reduce.ts";

/** What becomes of the losses of all elements or rows. */
export type Reduction = "mean" | "sum" | "none";

export interface ReductionOptions {
  /** @defaultValue "mean" */
  readonly reduction?: Reduction;
}

const REDUCTION: Names<ReductionOptions> = { reduction: 0 };

const REDUCTIONS: Range = { ...oneOf("mean", "sum", "none"), text: '"mean", "sum" or "none"' };

/** @throws InputError for what is none of the three words */
export function checkReduction(op: string, reduction: unknown): asserts reduction is Reduction {
  checkValue(`${op}: reduction`, REDUCTIONS, reduction);
}

function reduced(loss: Tensor, reduction: Reduction): Tensor {
  return reduction === "none" ? loss : reduction === "sum" ? sum(loss) : mean(loss);
}

function requireSameShape(op: string, x: Tensor, name: string, y: Tensor): void {
  if (!sameShape(x.shape, y.shape)) {
    throw new ShapeError(`${op}: ${name}`, `${showShape(x.shape)} like the first`, showShape(y.shape));
  }
}

/** (prediction - target)^2, both of one shape: the mean of all unless told otherwise. */
export function mseLoss(prediction: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  refuseOthers("mseLoss", REDUCTION, options);
  const { reduction = "mean" } = options;
  checkReduction("mseLoss", reduction);
  requireFloats("mseLoss", { prediction, target });
  requireSameShape("mseLoss", prediction, "target", target);
  return reduced(square(sub(prediction, target)), reduction);
}

export interface BinaryCrossEntropyOptions extends ReductionOptions {
  /** Scales the loss of every element; broadcast. */
  readonly weight?: Tensor;
  /** Scales the loss of positive targets, one number a class: broadcast. */
  readonly positiveWeight?: Tensor;
}

const WEIGHTED: Names<BinaryCrossEntropyOptions> = { ...REDUCTION, weight: 0, positiveWeight: 0 };

/**
 * Binary cross-entropy in nats between targets t in [0, 1] and the probabilities sigmoid(x), from the logits x, as
 * torch.nn.functional.binary_cross_entropy_with_logits. Both have one shape.
 *
 *     loss = (1 - t) x + (1 + (p - 1) t) log(1 + exp(-x)),  p the positive weight, or 1
 */
export function binaryCrossEntropyWithLogits(
  logits: Tensor,
  targets: Tensor,
  options: BinaryCrossEntropyOptions = {},
): Tensor {
  refuseOthers("binaryCrossEntropyWithLogits", WEIGHTED, options);
  const { reduction = "mean", weight, positiveWeight } = options;
  checkReduction("binaryCrossEntropyWithLogits", reduction);
  requireFloats("binaryCrossEntropyWithLogits", { logits, targets }, { weight, positiveWeight });
  requireSameShape("binaryCrossEntropyWithLogits", logits, "targets", targets);
  for (const [name, scale] of Object.entries({ weight, positiveWeight })) {
    if (scale === undefined) continue;
    const shape = broadcastShape("binaryCrossEntropyWithLogits", {
      logits: logits.shape,
      [name]: scale.shape,
    });
    if (!sameShape(shape, logits.shape)) {
      const expected = `broadcastable to ${showShape(logits.shape)} of logits`;
      throw new ShapeError(`binaryCrossEntropyWithLogits: ${name}`, expected, showShape(scale.shape));
    }
  }
  const missed = softplus(neg(logits));
  const scale = positiveWeight && add(mul(sub(positiveWeight, 1), targets), 1);
  const loss = add(mul(sub(1, targets), logits), scale === undefined ? missed : mul(scale, missed));
  return reduced(weight === undefined ? loss : mul(loss, weight), reduction);
}

import type { Tensor } from "../../backend/tensor.ts";
import { broadcastShape } from "../../core/broadcast.ts";
import { ShapeError } from "../../core/errors.ts";
import { checkValue, type Names, oneOf, refuseOthers } from "../../core/options.ts";
import { type Shape, sameShape, showShape } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { kernelsOf } from "../tape.ts";
import { add, mul, sub } from "./elementwise.ts";
import { neg, softplus, square } from "./functions.ts";
import { mean, sum } from "./reduce.ts";

/** How the losses of all elements or rows are reduced. */
export type Reduction = "mean" | "sum" | "none";

export interface ReductionOptions {
  /** @defaultValue "mean" */
  readonly reduction?: Reduction;
}

const REDUCTIONS = oneOf("mean", "sum", "none");
const REDUCTION: Names<ReductionOptions> = { reduction: 0 };

/** @throws InputError for a value that is not a reduction */
export function checkReduction(op: string, reduction: string): asserts reduction is Reduction {
  checkValue(`${op}: reduction`, REDUCTIONS, reduction);
}

function reduced(loss: Tensor, reduction: Reduction): Tensor {
  return reduction === "none" ? loss : reduction === "sum" ? sum(loss) : mean(loss);
}

/** @param tensors the two tensors, by argument name */
function requireSameShape(op: string, tensors: Readonly<Record<string, Tensor>>): void {
  requireFloats(op, tensors);
  const [[, x], [name, y]] = Object.entries(tensors);
  if (!sameShape(x.shape, y.shape)) {
    throw new ShapeError(`${op}: ${name}`, `${showShape(x.shape)} like the first`, showShape(y.shape));
  }
}

/** A factor of the loss of each element must broadcast to the shape of the loss, without enlarging it. */
function requireBroadcastTo(op: string, name: string, scale: Tensor, shape: Shape): void {
  if (sameShape(broadcastShape(op, { logits: shape, [name]: scale.shape }), shape)) return;
  throw new ShapeError(`${op}: ${name}`, `broadcast to ${showShape(shape)}`, showShape(scale.shape));
}

/** (prediction - target)^2, where both have the same shape; by default the mean over all elements. */
export function mseLoss(prediction: Tensor, target: Tensor, options: ReductionOptions = {}): Tensor {
  refuseOthers("mseLoss", REDUCTION, options);
  const { reduction = "mean" } = options;
  checkReduction("mseLoss", reduction);
  requireSameShape("mseLoss", { prediction, target });
  return reduced(square(sub(prediction, target)), reduction);
}

export interface BinaryCrossEntropyOptions extends ReductionOptions {
  /** Factor of the loss of each element; broadcast. */
  readonly weight?: Tensor;
  /** Factor of the loss of positive targets, for example one number per class; broadcast. */
  readonly positiveWeight?: Tensor;
}

const WEIGHTED: Names<BinaryCrossEntropyOptions> = { ...REDUCTION, weight: 0, positiveWeight: 0 };

/**
 * Binary cross-entropy in nats between targets t in [0, 1] and the probabilities sigmoid(x) of the logits x, like
 * torch.nn.functional.binary_cross_entropy_with_logits. Both have the same shape.
 *     loss = (1 - t) x + (1 + (p - 1) t) log(1 + exp(-x)),  where p is the positive weight, or 1
 */
export function binaryCrossEntropyWithLogits(
  logits: Tensor,
  targets: Tensor,
  options: BinaryCrossEntropyOptions = {},
): Tensor {
  refuseOthers("binaryCrossEntropyWithLogits", WEIGHTED, options);
  const { reduction = "mean", weight, positiveWeight } = options;
  checkReduction("binaryCrossEntropyWithLogits", reduction);
  requireSameShape("binaryCrossEntropyWithLogits", { logits, targets });
  requireFloats("binaryCrossEntropyWithLogits", {}, { weight, positiveWeight });
  kernelsOf("binaryCrossEntropyWithLogits", logits, targets, weight, positiveWeight);
  for (const [name, scale] of Object.entries({ weight, positiveWeight })) {
    if (scale !== undefined) requireBroadcastTo("binaryCrossEntropyWithLogits", name, scale, logits.shape);
  }
  const missed = softplus(neg(logits));
  const scale = positiveWeight && add(mul(sub(positiveWeight, 1), targets), 1);
  const loss = add(mul(sub(1, targets), logits), scale === undefined ? missed : mul(scale, missed));
  return reduced(weight === undefined ? loss : mul(loss, weight), reduction);
}

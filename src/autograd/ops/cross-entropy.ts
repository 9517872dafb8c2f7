import { BINARY, REDUCE } from "../../backend/kernels.generated.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { checkValue, FROM_0_TO_1, INTEGER, type Names, refuseOthers } from "../../core/options.ts";
import { checkShape, showShape } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { binary, expand, reduceAxes } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";
import { checkIds, watchIds } from "./embedding.ts";
import { checkReduction, type ReductionOptions } from "./losses.ts";
import { checkTargets } from "./targets.ts";

export interface CrossEntropyOptions extends ReductionOptions {
  /** Rows with this target are ignored. @defaultValue -100, as in PyTorch */
  readonly ignoreIndex?: number;
  /** Weight of the rows of each class, [C]. */
  readonly classWeights?: Tensor;
  /** Fraction of the target, in [0, 1], that is spread over all classes (Szegedy et al. 2016). @defaultValue 0 */
  readonly labelSmoothing?: number;
}

export const CROSS_ENTROPY_OPTIONS: Names<CrossEntropyOptions> = {
  reduction: 0,
  ignoreIndex: 0,
  classWeights: 0,
  labelSmoothing: 0,
};

const IGNORE_INDEX = -100;

/** All options with defaults; class weights may be absent. */
type CrossEntropySettings = Required<Omit<CrossEntropyOptions, "classWeights">> &
  Pick<CrossEntropyOptions, "classWeights">;

/** @throws InputError, ShapeError for options that `op` does not accept */
export function settleCrossEntropy(
  op: string,
  classes: number,
  options: CrossEntropyOptions,
): CrossEntropySettings {
  refuseOthers(op, CROSS_ENTROPY_OPTIONS, options);
  const { reduction = "mean", ignoreIndex = IGNORE_INDEX, classWeights, labelSmoothing = 0 } = options;
  checkReduction(op, reduction);
  checkValue(`${op}: labelSmoothing`, FROM_0_TO_1, labelSmoothing);
  checkValue(`${op}: ignoreIndex`, INTEGER, ignoreIndex);
  if (classWeights !== undefined) {
    requireFloats(op, { classWeights });
    checkShape(`${op}: classWeights`, classWeights.shape, [["classes", classes]]);
  }
  return { reduction, ignoreIndex, classWeights, labelSmoothing };
}

interface Rows {
  readonly rows: number;
  /** Whether a row is ignored, or whether that is unknown without waiting for the targets. */
  readonly mayIgnore: boolean;
}

function check(logits: Tensor, targets: Tensor, ignoreIndex: number): Rows {
  const classes = logits.shape.at(-1) ?? 0;
  if (logits.shape.length < 2 || classes === 0) {
    throw new ShapeError(
      "crossEntropy: logits",
      "[..., classes], one class or more",
      showShape(logits.shape),
    );
  }
  checkTargets("crossEntropy", "logits", logits, targets);
  const values = checkIds("crossEntropy: targets", targets, classes, ignoreIndex);
  return { rows: targets.size, mayIgnore: values?.includes(ignoreIndex) ?? true };
}

/**
 * Softmax cross-entropy in nats, like torch.nn.functional.cross_entropy, with classes on the last axis.
 *     loss = mean(log sum exp(x) - x[target]),  dx = (softmax(x) - onehot(target)) * dy / rows
 * The mean is over all rows that are not ignored, weighted by the class weights of their targets; it is NaN if there
 * are none.
 * @param logits [..., C]
 * @param targets integers [...], the shape of `logits` without its last axis
 * @returns [], or the shape of `targets` with reduction "none"
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  requireFloats("crossEntropy", { logits });
  const classes = logits.shape.at(-1) ?? 0;
  const settings = settleCrossEntropy("crossEntropy", classes, options);
  const { reduction, ignoreIndex, classWeights, labelSmoothing } = settings;
  const { rows, mayIgnore } = check(logits, targets, ignoreIndex);
  if (mayIgnore || classWeights !== undefined || labelSmoothing > 0 || reduction !== "mean") {
    return general(logits, targets, settings);
  }
  const kernels = kernelsOf("crossEntropy", logits, targets);
  const loss = empty([]);
  const saved = empty([rows]);
  const recheck = watchIds("crossEntropy: targets", targets, classes);
  kernels.cross_entropy(loss.address, 0, saved.address, logits.address, targets.address, rows, classes);
  return record("crossEntropy", [logits], loss, (dy) => {
    recheck();
    const dx = empty(logits.shape);
    kernels.cross_entropy_backward(
      dx.address,
      dy.address,
      saved.address,
      logits.address,
      targets.address,
      rows,
      classes,
    );
    return [dx];
  });
}

/** The case with all options: computes losses and weights of the rows, then reduces them. */
function general(logits: Tensor, targets: Tensor, options: CrossEntropySettings): Tensor {
  const { reduction, ignoreIndex, classWeights, labelSmoothing } = options;
  const classes = logits.shape.at(-1)!;
  const rows = logits.size / classes;
  const kernels = kernelsOf("crossEntropy", logits, targets, classWeights);
  const [losses, weights, saved] = [empty([rows]), empty([rows]), empty([rows])];
  const recheck = watchIds("crossEntropy: targets", targets, classes, ignoreIndex);
  const operands = () => [logits.address, targets.address, classWeights?.address ?? 0] as const;
  const settings = [ignoreIndex, labelSmoothing, rows, classes] as const;
  kernels.cross_entropy_rows(losses.address, weights.address, saved.address, ...operands(), ...settings);
  const total = (x: Tensor) => reduceAxes(kernels, REDUCE.sum, x, [0]).view([]);
  const weight = reduction === "mean" ? total(weights) : undefined;
  const divided = (x: Tensor) => (weight === undefined ? x : binary(kernels, BINARY.div, x, weight, []));
  const loss = reduction === "none" ? losses.view(targets.shape) : divided(total(losses));
  return record("crossEntropy", [logits], loss, (dy) => {
    recheck();
    const dRow = reduction === "none" ? dy : expand(kernels, divided(dy), [rows]);
    const dx = empty(logits.shape);
    kernels.cross_entropy_rows_backward(dx.address, dRow.address, saved.address, ...operands(), ...settings);
    return [dx];
  });
}

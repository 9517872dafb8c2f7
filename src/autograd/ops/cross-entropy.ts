import { BINARY, REDUCE } from "../../backend/kernels-ops.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { InputError, ScopeError, ShapeError } from "../../core/errors.ts";
import { type Names, refuseOthers } from "../../core/options.ts";
import { checkShape, showShape } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { binary, expand, reduceAxes } from "../strided.ts";
import { isRecording, kernelsOf, record } from "../tape.ts";
import { checkIds } from "./embedding.ts";
import { checkReduction, type ReductionOptions } from "./losses.ts";

export interface CrossEntropyOptions extends ReductionOptions {
  /** Rows with this target count nothing. @defaultValue -100, as in PyTorch */
  readonly ignoreIndex?: number;
  /** How much a row with target c counts, [C]. */
  readonly classWeights?: Tensor;
  /** In [0, 1]: the part of the target that is spread over all classes (Szegedy et al. 2016). @defaultValue 0 */
  readonly labelSmoothing?: number;
}

const OPTIONS: Names<CrossEntropyOptions> = {
  ...{ reduction: 0, ignoreIndex: 0, classWeights: 0, labelSmoothing: 0 },
};

const IGNORE_INDEX = -100;

interface Rows {
  readonly rows: number;
  readonly classes: number;
  /** Whether a row is ignored, or nobody can know without waiting. */
  readonly mayIgnore: boolean;
}

function check(op: string, logits: Tensor, targets: Tensor, ignoreIndex: number): Rows {
  requireFloats(op, { logits });
  const classes = logits.shape.at(-1) ?? 0;
  const rows = classes === 0 ? 0 : logits.size / classes;
  if (logits.shape.length < 2 || classes === 0 || targets.size !== rows) {
    throw new ShapeError(
      `${op}: targets`,
      `${rows} ids for logits ${showShape(logits.shape)}`,
      showShape(targets.shape),
    );
  }
  const values = checkIds(`${op}: targets`, targets, classes, ignoreIndex);
  return { rows, classes, mayIgnore: values?.includes(ignoreIndex) ?? true };
}

/**
 * Softmax cross-entropy in nats as torch.nn.functional.cross_entropy, classes on the last axis: logits [..., C],
 * targets ids [...] -> [], or the targets' shape with reduction "none". The mean is over all rows that are not
 * ignored, weighted by their targets' class weights: NaN when there is none.
 *
 *     loss = mean(log sum exp(x) - x[target]),  dx = (softmax(x) - onehot(target)) * dy / rows
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  refuseOthers("crossEntropy", OPTIONS, options);
  const { reduction = "mean", ignoreIndex = IGNORE_INDEX, classWeights, labelSmoothing = 0 } = options;
  checkReduction("crossEntropy", reduction);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new InputError(`crossEntropy: labelSmoothing must be in [0, 1], got ${labelSmoothing}`);
  }
  const { rows, classes, mayIgnore } = check("crossEntropy", logits, targets, ignoreIndex);
  if (mayIgnore || classWeights !== undefined || labelSmoothing > 0 || reduction !== "mean") {
    return general(logits, targets, { reduction, ignoreIndex, classWeights, labelSmoothing });
  }
  const kernels = kernelsOf("crossEntropy", logits, targets);
  const loss = empty([]);
  const saved = empty([rows]);
  kernels.cross_entropy(loss.address, 0, saved.address, logits.address, targets.address, rows, classes);
  return record("crossEntropy", [logits], loss, (dy) => {
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

/** With all options: losses and weights of the rows, then their reduction. */
function general(logits: Tensor, targets: Tensor, options: CrossEntropyOptions): Tensor {
  const { reduction, ignoreIndex = IGNORE_INDEX, classWeights, labelSmoothing = 0 } = options;
  const classes = logits.shape.at(-1)!;
  const rows = logits.size / classes;
  if (classWeights !== undefined) {
    requireFloats("crossEntropy", { classWeights });
    checkShape("crossEntropy: classWeights", classWeights.shape, [["classes", classes]]);
  }
  const kernels = kernelsOf("crossEntropy", logits, targets, classWeights);
  const [losses, weights, saved] = [empty([rows]), empty([rows]), empty([rows])];
  const given = [logits.address, targets.address, classWeights?.address ?? 0] as const;
  const settings = [ignoreIndex, labelSmoothing, rows, classes] as const;
  kernels.cross_entropy_rows(losses.address, weights.address, saved.address, ...given, ...settings);
  const total = (x: Tensor) => reduceAxes(kernels, REDUCE.sum, x, [0]).view([]);
  const weight = reduction === "mean" ? total(weights) : undefined;
  const divided = (x: Tensor) => (weight === undefined ? x : binary(kernels, BINARY.div, x, weight, []));
  const loss = reduction === "none" ? losses.view(targets.shape) : divided(total(losses));
  return record("crossEntropy", [logits], loss, (dy) => {
    const dRow = reduction === "none" ? dy : expand(kernels, divided(dy), [rows]);
    const dx = empty(logits.shape);
    kernels.cross_entropy_rows_backward(dx.address, dRow.address, saved.address, ...given, ...settings);
    return [dx];
  });
}

/** The loss of every row, [rows]: for evaluation only. @throws ScopeError when a gradient is asked for */
export function crossEntropyPerRow(logits: Tensor, targets: Tensor): Tensor {
  if (isRecording(logits)) {
    throw new ScopeError("crossEntropyPerRow has no gradient", { hint: "train with crossEntropy, the mean" });
  }
  const { rows, classes } = check("crossEntropyPerRow", logits, targets, IGNORE_INDEX);
  const kernels = kernelsOf("crossEntropyPerRow", logits, targets);
  const [saved, perRow, weights] = [empty([rows]), empty([rows]), empty([rows])];
  kernels.cross_entropy_rows(
    perRow.address,
    weights.address,
    saved.address,
    logits.address,
    targets.address,
    0,
    IGNORE_INDEX,
    0,
    rows,
    classes,
  );
  return perRow;
}

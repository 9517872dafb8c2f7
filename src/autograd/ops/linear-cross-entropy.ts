import { WORD } from "../../backend/backend.ts";
import { BINARY, REDUCE } from "../../backend/kernels.generated.ts";
import { scope } from "../../backend/scope.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { ScopeError, ShapeError } from "../../core/errors.ts";
import { checkValue, refuseOthers, SIZE } from "../../core/options.ts";
import { checkShape, showShape } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { binary, constant, reduceAxes } from "../strided.ts";
import { isRecording, kernelsOf, record } from "../tape.ts";
import {
  CROSS_ENTROPY_OPTIONS,
  type CrossEntropyOptions,
  crossEntropy,
  settleCrossEntropy,
} from "./cross-entropy.ts";
import { checkIds } from "./embedding.ts";
import { linear } from "./linear.ts";
import { checkTargets } from "./targets.ts";

export interface LinearCrossEntropyOptions extends CrossEntropyOptions {
  /**
   * Number of rows whose logits are computed at a time. @defaultValue as many as fit in 16 MiB, at least 128; all rows
   * for fewer than 1024 classes
   */
  readonly blockRows?: number;
}

/**
 * Every block reads the weights, and reads and writes their gradient. At 10,000 classes the cost of blocks of 400 rows
 * is negligible next to the products; blocks of 200 rows cost 8 %, and blocks of 100 rows cost 20 %.
 */
const BLOCK_BYTES = 2 ** 24;
const LEAST_ROWS = 128;

/** With fewer classes, scaling the gradients costs more than the logits: 7 % of layer and loss at 65 classes. */
const LEAST_CLASSES = 1024;

/** The divisor of a mean over no rows. The mean is NaN, but the gradients of ignored rows are 0 and not NaN. */
const LEAST_WEIGHT = 1e-30;

/**
 * Computes `crossEntropy(linear(x, weight, bias), targets)` without storing all logits, which are the largest tensor of
 * a model with a large vocabulary. Logits exist for one block of rows at a time and are overwritten by their gradient
 * (Hsu et al. 2024, "Liger Kernel"). Gradients are computed together with the loss, as if dy were 1, and are scaled in
 * place afterwards, so backward can run only once.
 *     z = x W^T + b,  loss = mean(log sum exp(z) - z[target])
 *     dz = (softmax(z) - onehot(target)) * dy / rows,  dx = dz W,  dW = dz^T x,  db = the sum of dz over all rows
 * With reduction "none", a gradient requires all logits at once.
 * @param x [..., I]
 * @param weight [C, I]
 * @param bias [C] or none
 * @param targets integers [...], the shape of x without its last axis
 * @returns the loss in nats: [], or the shape of `targets` with reduction "none"
 * @throws ShapeError, InputError for targets or options that crossEntropy refuses as well; ScopeError in backward if
 * the gradient is computed a second time
 */
export function linearCrossEntropy(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  targets: Tensor,
  options: LinearCrossEntropyOptions = {},
): Tensor {
  const op = "linearCrossEntropy";
  requireFloats(op, { x, weight }, { bias });
  checkShape(`${op}: weight`, weight.shape, [
    ["classes", null],
    ["features", x.shape.at(-1) ?? null],
  ]);
  const [classes, inputs] = weight.shape;
  if (bias !== undefined) checkShape(`${op}: bias`, bias.shape, [["classes", classes]]);
  if (x.shape.length < 2) throw new ShapeError(`${op}: x`, "[..., features]", showShape(x.shape));
  checkTargets(op, "x", x, targets);
  const rows = targets.size;
  checkOptions(op, options);
  const { blockRows, ...common } = options;
  const { reduction, ignoreIndex, classWeights, labelSmoothing } = settleCrossEntropy(op, classes, common);
  checkIds(`${op}: targets`, targets, classes, ignoreIndex);
  const differentiates = isRecording(x, weight, bias);
  const isSmall = blockRows === undefined && classes < LEAST_CLASSES;
  if (differentiates && (isSmall || reduction === "none"))
    return crossEntropy(linear(x, weight, bias), targets, common);

  const kernels = kernelsOf(op, x, weight, bias, targets, classWeights);
  const [losses, weights, saved] = [empty([rows]), empty([rows]), empty([rows])];
  const gradientOf = (input: Tensor | undefined) =>
    differentiates && input?.needsGradient ? empty(input.shape) : undefined;
  const [dx, dWeight, dBias] = [gradientOf(x), gradientOf(weight), gradientOf(bias)];
  const { size, starts } = blocksOf(rows, classes, blockRows);

  scope(() => {
    const logits = empty([size, classes]);
    const scratch = empty([
      Math.max(
        kernels.gemm_scratch(size, classes, inputs),
        kernels.gemm_scratch(size, inputs, classes),
        kernels.gemm_scratch(classes, inputs, size),
      ),
    ]).address;
    const ones = empty([size]);
    kernels.fill(ones.address, 1, size);
    const partOfBias = empty([classes]);
    const [z, w] = [logits.address, weight.address];
    for (const first of starts) {
      const count = Math.min(size, rows - first);
      const row = first * WORD;
      const xRows = x.address + row * inputs;
      const given = [z, targets.address + row, classWeights?.address ?? 0] as const;
      const settings = [ignoreIndex, labelSmoothing, count, classes] as const;
      const lse = saved.address + row;
      kernels.gemm(z, xRows, w, bias?.address ?? 0, count, classes, inputs, 0, 1, 0, scratch);
      kernels.cross_entropy_rows(losses.address + row, weights.address + row, lse, ...given, ...settings);
      if (!differentiates) continue;
      kernels.cross_entropy_rows_backward(z, ones.address, lse, ...given, ...settings);
      if (dx !== undefined) {
        kernels.gemm(dx.address + row * inputs, z, w, 0, count, inputs, classes, 0, 0, 0, scratch);
      }
      if (dWeight !== undefined) {
        const adds = first > 0 ? 1 : 0;
        kernels.gemm(dWeight.address, z, xRows, 0, classes, inputs, count, 1, 0, adds, scratch);
      }
      if (dBias !== undefined) {
        kernels.sum_rows(first > 0 ? partOfBias.address : dBias.address, z, count, classes);
        if (first > 0) kernels.accumulate(dBias.address, partOfBias.address, classes);
      }
    }
  });

  if (reduction === "none") return losses.view(targets.shape);
  const total = (values: Tensor) => reduceAxes(kernels, REDUCE.sum, values, [0]).view([]);
  const counted = reduction === "mean" ? total(weights) : undefined;
  const loss = counted ? binary(kernels, BINARY.div, total(losses), counted, []) : total(losses);
  let isScaled = false;
  return record(op, [x, weight, bias], loss, (dy) => {
    if (isScaled) {
      throw new ScopeError(`${op}: its gradient was taken already`, {
        hint: "it is made with the loss and scaled in place: compute the loss again",
      });
    }
    isScaled = true;
    const divisor = counted && binary(kernels, BINARY.maximum, counted, constant(kernels, LEAST_WEIGHT), []);
    const factor = divisor ? binary(kernels, BINARY.div, dy, divisor, []) : dy;
    const gradients = [dx, dWeight, dBias];
    for (const gradient of gradients) {
      if (gradient === undefined) continue;
      kernels.scale_by(gradient.address, gradient.address, factor.address, 1, gradient.size);
    }
    return gradients;
  });
}

/** @throws InputError if the options are not an object, before they are destructured */
function checkOptions(op: string, options: LinearCrossEntropyOptions): void {
  refuseOthers(op, { ...CROSS_ENTROPY_OPTIONS, blockRows: 0 }, options);
  if (options.blockRows !== undefined) checkValue(`${op}: blockRows`, SIZE, options.blockRows);
}

/**
 * The first row of each block, and the size of the largest block. Blocks have equal sizes, because a last block with
 * few rows would cost as much as a full one.
 */
function blocksOf(
  rows: number,
  classes: number,
  asked: number | undefined,
): { size: number; starts: number[] } {
  const count = Math.max(1, Math.ceil(rows / (asked ?? blockRowsFor(classes))));
  const size = Math.ceil(rows / count);
  const starts = Array.from({ length: count }, (_, block) => block * size);
  return { size, starts: starts.filter((first) => first === 0 || first < rows) };
}

/** The default number of rows whose logits are computed at a time: see {@link LinearCrossEntropyOptions.blockRows}. */
export function blockRowsFor(classes: number): number {
  if (classes < LEAST_CLASSES) return Number.POSITIVE_INFINITY;
  return Math.max(LEAST_ROWS, Math.floor(BLOCK_BYTES / (classes * WORD)));
}

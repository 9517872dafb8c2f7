import { empty, ids as idsTensor, type Tensor } from "../../backend/tensor.ts";
import { ScopeError, ShapeError } from "../../core/errors.ts";
import { checkValue, INTEGER, type Names, refuseOthers } from "../../core/options.ts";
import { checkShape, showShape } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { kernelsOf, noGradient } from "../tape.ts";
import type { CrossEntropyOptions } from "./cross-entropy.ts";
import { div, mul } from "./elementwise.ts";
import { checkIds } from "./embedding.ts";
import { neg } from "./functions.ts";
import { gatherRows, NO_ROW } from "./gather-rows.ts";
import { checkReduction } from "./losses.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { takeAlong } from "./take-along.ts";
import { checkTargets } from "./targets.ts";

type Options = Omit<CrossEntropyOptions, "labelSmoothing">;

const OPTIONS: Names<Options> = { reduction: 0, ignoreIndex: 0, classWeights: 0 };

/**
 * Negative log-likelihood of the targets, like torch.nn.functional.nll_loss with classes on the last axis, from log
 * probabilities [..., C] (from logSoftmax or a mixture) and targets ids [...]. The options are those of crossEntropy.
 * CPU-only, because it reads the targets.
 */
export function nllLoss(logProbabilities: Tensor, targets: Tensor, options: Options = {}): Tensor {
  refuseOthers("nllLoss", OPTIONS, options);
  const { reduction = "mean", ignoreIndex = -100, classWeights } = options;
  checkReduction("nllLoss", reduction);
  checkValue("nllLoss: ignoreIndex", INTEGER, ignoreIndex);
  requireFloats("nllLoss", { logProbabilities }, { classWeights });
  const classes = logProbabilities.shape.at(-1) ?? 0;
  if (classes === 0) {
    const got = showShape(logProbabilities.shape);
    throw new ShapeError("nllLoss: logProbabilities", "[..., classes], one class or more", got);
  }
  checkTargets("nllLoss", "logProbabilities", logProbabilities, targets);
  if (classWeights !== undefined) {
    checkShape("nllLoss: classWeights", classWeights.shape, [["classes", classes]]);
  }
  const kernels = kernelsOf("nllLoss", logProbabilities, targets, classWeights);
  const values = checkIds("nllLoss: targets", targets, classes, ignoreIndex);
  if (values === undefined) throw new ScopeError("nllLoss must read its targets at once; use crossEntropy");
  const taken = idsTensor(
    values.map((target) => (target === ignoreIndex ? NO_ROW : target)),
    [...targets.shape, 1],
  );
  const weights = noGradient(() => {
    const table = classWeights ?? empty([classes]);
    if (classWeights === undefined) kernels.fill(table.address, 1, classes);
    return reshape(gatherRows(reshape(table, [classes, 1]), taken), targets.shape);
  });
  const losses = neg(mul(reshape(takeAlong(logProbabilities, taken), targets.shape), weights));
  if (reduction === "none") return losses;
  return reduction === "sum" ? sum(losses) : div(sum(losses), sum(weights));
}

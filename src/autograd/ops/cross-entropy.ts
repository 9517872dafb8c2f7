import { empty, type Tensor } from "../../backend/tensor.ts";
import { ScopeError, ShapeError } from "../../core/errors.ts";
import { showShape } from "../../core/shape.ts";
import { isRecording, kernelsOf, record } from "../tape.ts";
import { checkIds } from "./embedding.ts";

function check(logits: Tensor, targets: Tensor): { rows: number; classes: number } {
  const classes = logits.shape.at(-1) ?? 0;
  const rows = logits.size / classes;
  if (logits.shape.length < 2 || targets.size !== rows) {
    throw new ShapeError(
      "crossEntropy: targets",
      `${rows} ids for logits ${showShape(logits.shape)}`,
      showShape(targets.shape),
    );
  }
  checkIds("crossEntropy: targets", targets, classes);
  return { rows, classes };
}

/**
 * Softmax cross-entropy in nats, the mean over all rows: logits [..., C], targets ids [...] -> [].
 *
 *     loss = mean(log sum exp(x) - x[target]),  dx = (softmax(x) - onehot(target)) * dy / rows
 */
export function crossEntropy(logits: Tensor, targets: Tensor): Tensor {
  const { rows, classes } = check(logits, targets);
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

/** The loss of every row, [rows]: for evaluation only. @throws ScopeError when a gradient is asked for */
export function crossEntropyPerRow(logits: Tensor, targets: Tensor): Tensor {
  if (isRecording(logits)) {
    throw new ScopeError("crossEntropyPerRow has no gradient", { hint: "train with crossEntropy, the mean" });
  }
  const { rows, classes } = check(logits, targets);
  const kernels = kernelsOf("crossEntropyPerRow", logits, targets);
  const [mean, saved, perRow] = [empty([]), empty([rows]), empty([rows])];
  kernels.cross_entropy(
    mean.address,
    perRow.address,
    saved.address,
    logits.address,
    targets.address,
    rows,
    classes,
  );
  return perRow;
}

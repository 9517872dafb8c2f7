import type { Kernels } from "../backend.ts";
import type { ReferenceMemory } from "./memory.ts";

/**
 * Softmax cross-entropy over rows of logits: loss = mean of -log p[target], p = exp(x) / sum exp(x), and its
 * gradient (p - onehot) / rows.
 */
export function lossKernels(
  memory: ReferenceMemory,
): Pick<Kernels, "cross_entropy" | "cross_entropy_backward"> {
  return {
    cross_entropy(loss, rowLoss, logSumExp, logits, targets, rows, classes) {
      const [x, target, saved] = [
        memory.at(logits, rows * classes),
        memory.at(targets, rows),
        memory.at(logSumExp, rows),
      ];
      let total = 0;
      for (let row = 0; row < rows; row++) {
        const scores = x.subarray(row * classes, (row + 1) * classes);
        // The largest score is subtracted so that exp cannot overflow.
        const largest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
        let sum = 0;
        for (const score of scores) sum += Math.exp(score - largest);
        saved[row] = largest + Math.log(sum);
        const nats = saved[row] - scores[target[row]];
        if (rowLoss !== 0) memory.at(rowLoss, rows)[row] = nats;
        total += nats;
      }
      memory.at(loss, 1)[0] = total / rows;
    },
    cross_entropy_backward(dlogits, dLoss, logSumExp, logits, targets, rows, classes) {
      const [x, target, saved] = [
        memory.at(logits, rows * classes),
        memory.at(targets, rows),
        memory.at(logSumExp, rows),
      ];
      const [out, scale] = [memory.at(dlogits, rows * classes), memory.at(dLoss, 1)[0] / rows];
      for (let row = 0; row < rows; row++) {
        for (let k = 0; k < classes; k++) {
          const probability = Math.exp(x[row * classes + k] - saved[row]);
          out[row * classes + k] = (probability - (target[row] === k ? 1 : 0)) * scale;
        }
      }
    },
  };
}

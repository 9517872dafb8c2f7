import type { Kernels } from "../kernels.generated.ts";
import type { ReferenceMemory } from "./memory.ts";

type Names = "cross_entropy_rows" | "cross_entropy_rows_backward";

/**
 * Cross-entropy with class weights w, smoothing s over C classes, and ignored rows (loss, weight and gradient are 0):
 *     loss = (1 - s) w_t (lse - x_t) + s / C sum_c w_c (lse - x_c)
 *     dx_c = d ((1 - s) w_t (p_c - [c = t]) + s / C (p_c sum(w) - w_c))
 */
export function lossRowsKernels(memory: ReferenceMemory): Pick<Kernels, Names> {
  const weightsOf = (address: number, classes: number) =>
    address === 0 ? new Float64Array(classes).fill(1) : memory.at(address, classes);

  return {
    cross_entropy_rows(rowLoss, rowWeight, logSumExp, logits, targets, weights, ignored, s, rows, classes) {
      const w = weightsOf(weights, classes);
      const target = memory.at(targets, rows);
      const [loss, weight, saved] = [rowLoss, rowWeight, logSumExp].map((at) => memory.at(at, rows));
      for (let row = 0; row < rows; row++) {
        loss[row] = weight[row] = saved[row] = 0;
        const t = target[row];
        if (t === ignored) continue;
        const x = memory.at(logits + row * classes * 4, classes);
        const top = x.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
        const lse = top + Math.log(x.reduce((sum, score) => sum + Math.exp(score - top), 0));
        loss[row] = (1 - s) * w[t] * (lse - x[t]);
        if (s > 0) loss[row] += (s / classes) * x.reduce((sum, score, c) => sum + w[c] * (lse - score), 0);
        weight[row] = w[t];
        saved[row] = lse;
      }
    },
    cross_entropy_rows_backward(
      dlogits,
      dRow,
      logSumExp,
      logits,
      targets,
      weights,
      ignored,
      s,
      rows,
      classes,
    ) {
      const w = weightsOf(weights, classes);
      const all = w.reduce((a, b) => a + b, 0);
      const target = memory.at(targets, rows);
      const [upstream, saved] = [dRow, logSumExp].map((at) => memory.at(at, rows));
      for (let row = 0; row < rows; row++) {
        const [x, out] = [logits, dlogits].map((at) => memory.at(at + row * classes * 4, classes));
        const t = target[row];
        for (let c = 0; c < classes; c++) {
          const p = Math.exp(x[c] - saved[row]);
          const own = (1 - s) * w[t] * (p - (c === t ? 1 : 0));
          out[c] = t === ignored ? 0 : upstream[row] * (own + (s / classes) * (p * all - w[c]));
        }
      }
    },
  };
}

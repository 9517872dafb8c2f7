import type { Kernels } from "../backend.ts";
import type { ReferenceMemory } from "./memory.ts";

type Names = "sum" | "sum_rows" | "gemm" | "gemm_scratch";

/** Sums and the matrix product. */
export function matrixKernels(memory: ReferenceMemory): Pick<Kernels, Names> {
  return {
    sum(y, x, n) {
      let total = 0;
      for (const value of memory.at(x, n)) total += value;
      memory.at(y, 1)[0] = total;
    },
    sum_rows(y, x, rows, cols) {
      const [out, values] = [memory.at(y, cols), memory.at(x, rows * cols)];
      out.fill(0);
      for (let row = 0; row < rows; row++) {
        for (let col = 0; col < cols; col++) out[col] += values[row * cols + col];
      }
    },
    gemm_scratch: () => 0,
    gemm(c, a, b, rowBias, m, n, k, transposeA, transposeB, accumulate) {
      const [C, A, B] = [memory.at(c, m * n), memory.at(a, m * k), memory.at(b, k * n)];
      const bias = rowBias === 0 ? undefined : memory.at(rowBias, n);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let total = accumulate ? C[i * n + j] : (bias?.[j] ?? 0);
          for (let p = 0; p < k; p++) {
            total += (transposeA ? A[p * m + i] : A[i * k + p]) * (transposeB ? B[j * k + p] : B[p * n + j]);
          }
          C[i * n + j] = total;
        }
      }
    },
  };
}

import { type Kernels, REDUCE } from "../kernels.generated.ts";
import type { ReferenceMemory } from "./memory.ts";

type Names = "reduce" | "softmax" | "softmax_backward" | "argmax" | "take_along" | "scatter_add_along";

const total = (values: Iterable<number>): number => {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
};

const greatest = (values: Float64Array): number =>
  values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

/** Kernels along one axis: reductions, softmax, selection by index. */
export function alongKernels(memory: ReferenceMemory): Pick<Kernels, Names> {
  return {
    reduce(kind, y, x, outer, n, inner) {
      const [out, values] = [memory.at(y, outer * inner), memory.at(x, outer * n * inner)];
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) {
          const line = Float64Array.from({ length: n }, (_, k) => values[(o * n + k) * inner + i]);
          out[o * inner + i] = kind === REDUCE.max ? greatest(line) : total(line);
        }
      }
    },
    argmax(y, x, outer, n, inner) {
      const [out, values] = [memory.at(y, outer * inner), memory.at(x, outer * n * inner)];
      for (let o = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++) {
          const line = Array.from({ length: n }, (_, k) => values[(o * n + k) * inner + i]);
          const nan = line.findIndex(Number.isNaN);
          out[o * inner + i] = nan >= 0 ? nan : line.indexOf(Math.max(...line));
        }
      }
    },
    /** p = exp(x) / sum exp(x). The largest x is subtracted first so that exp cannot overflow. */
    softmax(y, x, logarithm, rows, n) {
      const [out, values] = [memory.at(y, rows * n), memory.at(x, rows * n)];
      for (let row = 0; row < rows; row++) {
        const scores = values.slice(row * n, (row + 1) * n);
        const top = greatest(scores);
        const sum = total(scores.map((score) => Math.exp(score - top)));
        const value = (score: number) =>
          logarithm ? score - top - Math.log(sum) : Math.exp(score - top) / sum;
        out.set(scores.map(value), row * n);
      }
    },
    /** dx = y (dy - sum(dy y)); for the logarithm dx = dy - exp(y) sum(dy). */
    softmax_backward(dx, dy, y, logarithm, rows, n) {
      for (let row = 0; row < rows; row++) {
        const offset = row * n * 4;
        const [out, gradient, p] = [dx, dy, y].map((address) => memory.at(address + offset, n));
        const sum = total(gradient.map((g, i) => (logarithm ? g : g * p[i])));
        out.set(gradient.map((g, i) => (logarithm ? g - Math.exp(p[i]) * sum : p[i] * (g - sum))));
      }
    },
    take_along(y, x, ids, rows, n, k) {
      const [out, from, index] = [memory.at(y, rows * k), memory.at(x, rows * n), memory.at(ids, rows * k)];
      for (let i = 0; i < rows * k; i++) out[i] = index[i] < 0 ? 0 : from[Math.floor(i / k) * n + index[i]];
    },
    scatter_add_along(x, y, ids, rows, n, k) {
      const [to, from, index] = [memory.at(x, rows * n), memory.at(y, rows * k), memory.at(ids, rows * k)];
      for (let i = 0; i < rows * k; i++) {
        if (index[i] >= 0) to[Math.floor(i / k) * n + index[i]] += from[i];
      }
    },
  };
}

import { threefry2x32 } from "../../core/rng.ts";
import type { Address, Kernels } from "../backend.ts";
import { sigmoid } from "./cells/cell.ts";
import type { ReferenceMemory } from "./memory.ts";

type Names =
  | ("fill" | "copy" | "add" | "sub" | "mul" | "scale" | "scale_by" | "accumulate")
  | ("dropout" | "random_normal")
  | ("sigmoid" | "sigmoid_backward" | "tanh_forward" | "tanh_backward")
  | ("copy_rows" | "swap_axes" | "gather_rows" | "scatter_add_rows");

/** The two words of the block that contains an index. */
function threefryAt(index: number, seed0: number, seed1: number): [number, number] {
  const block = Math.floor(index / 2);
  return threefry2x32([block >>> 0, Math.floor(block / 2 ** 32)], [seed0 >>> 0, seed1 >>> 0]);
}

/** Elementwise functions and their derivatives, and kernels that only move values. */
export function elementwiseKernels(memory: ReferenceMemory): Pick<Kernels, Names> {
  const map = (y: Address, n: number, value: (i: number) => number) => {
    const out = memory.at(y, n);
    for (let i = 0; i < n; i++) out[i] = value(i);
  };
  const rowsOf = (x: Address, stride: number, rows: number, cols: number) => (row: number) =>
    memory.at(x + row * stride * 4, rows === 0 ? 0 : cols);

  return {
    fill: (y, value, n) => map(y, n, () => value),
    copy: (y, x, n) => void memory.at(y, n).set(memory.at(x, n)),
    add(y, a, b, n) {
      const [p, q] = [memory.at(a, n), memory.at(b, n)];
      map(y, n, (i) => p[i] + q[i]);
    },
    sub(y, a, b, n) {
      const [p, q] = [memory.at(a, n), memory.at(b, n)];
      map(y, n, (i) => p[i] - q[i]);
    },
    mul(y, a, b, n) {
      const [p, q] = [memory.at(a, n), memory.at(b, n)];
      map(y, n, (i) => p[i] * q[i]);
    },
    scale(y, x, factor, n) {
      const p = memory.at(x, n);
      map(y, n, (i) => p[i] * factor);
    },
    scale_by(y, x, factor, constant, n) {
      const [p, q] = [memory.at(x, n), memory.at(factor, 1)];
      map(y, n, (i) => p[i] * q[0] * constant);
    },
    accumulate(y, x, n) {
      const [p, q] = [memory.at(y, n), memory.at(x, n)];
      map(y, n, (i) => p[i] + q[i]);
    },
    sigmoid(y, x, n) {
      const p = memory.at(x, n);
      map(y, n, (i) => sigmoid(p[i]));
    },
    sigmoid_backward(dx, dy, y, n) {
      const [g, s] = [memory.at(dy, n), memory.at(y, n)];
      map(dx, n, (i) => g[i] * s[i] * (1 - s[i]));
    },
    tanh_forward(y, x, n) {
      const p = memory.at(x, n);
      map(y, n, (i) => Math.tanh(p[i]));
    },
    tanh_backward(dx, dy, y, n) {
      const [g, s] = [memory.at(dy, n), memory.at(y, n)];
      map(dx, n, (i) => g[i] * (1 - s[i] * s[i]));
    },
    dropout(y, x, seed0, seed1, start, p, n) {
      const values = memory.at(x, n);
      const threshold = Math.floor(p * 2 ** 32);
      map(y, n, (i) => {
        const word = threefryAt(start + i, seed0, seed1)[(start + i) % 2];
        return word >= threshold ? values[i] / (1 - p) : 0;
      });
    },
    /** Box and Muller's method. Near 1 the logarithm is computed from 1 - x. */
    random_normal(y, seed0, seed1, start, n) {
      map(y, n, (i) => {
        const [w0, w1] = threefryAt(start + i, seed0, seed1);
        const rest = (2 ** 32 - w0 - 0.5) / 2 ** 32;
        const logarithm = rest < 0.5 ? Math.log1p(-rest) : Math.log((w0 + 0.5) / 2 ** 32);
        const angle = (2 * Math.PI * w1) / 2 ** 32;
        return Math.sqrt(-2 * logarithm) * ((start + i) % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
      });
    },

    copy_rows(y, yStride, x, xStride, rows, cols) {
      const [to, from] = [rowsOf(y, yStride, rows, cols), rowsOf(x, xStride, rows, cols)];
      for (let row = 0; row < rows; row++) to(row).set(from(row));
    },
    swap_axes(y, x, a, b, inner) {
      const [to, from] = [memory.at(y, a * b * inner), memory.at(x, a * b * inner)];
      for (let i = 0; i < a; i++) {
        for (let j = 0; j < b; j++) {
          for (let k = 0; k < inner; k++) to[(j * a + i) * inner + k] = from[(i * b + j) * inner + k];
        }
      }
    },
    gather_rows(y, table, ids, n, width) {
      const [to, index] = [rowsOf(y, width, n, width), memory.at(ids, n)];
      for (let i = 0; i < n; i++) {
        if (index[i] < 0) to(i).fill(0);
        else to(i).set(memory.at(table + index[i] * width * 4, width));
      }
    },
    scatter_add_rows(table, dy, ids, n, width) {
      const [from, index] = [rowsOf(dy, width, n, width), memory.at(ids, n)];
      for (let i = 0; i < n; i++) {
        if (index[i] < 0) continue;
        const [row, gradient] = [memory.at(table + index[i] * width * 4, width), from(i)];
        for (let k = 0; k < width; k++) row[k] += gradient[k];
      }
    },
  };
}

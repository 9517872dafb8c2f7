/** The kernels' meaning, as plain loops in float64. */
import { type RngState, threefry2x32 } from "../../src/core/rng.ts";

export type Values = ArrayLike<number>;

export const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** c[m, n] = start + op(a) op(b). */
export function product(
  a: Values,
  b: Values,
  m: number,
  n: number,
  k: number,
  options: { ta?: boolean; tb?: boolean; bias?: Values; c?: Values } = {},
): number[] {
  const c = new Array<number>(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let total = options.c?.[i * n + j] ?? options.bias?.[j] ?? 0;
      for (let l = 0; l < k; l++)
        total += a[options.ta ? l * m + i : i * k + l] * b[options.tb ? j * k + l : l * n + j];
      c[i * n + j] = total;
    }
  return c;
}

/** The mask of the dropout kernel from index `start` on: true where an element is kept. */
export function dropoutMask(
  n: number,
  key: readonly [RngState[0], RngState[1]],
  p: number,
  start = 0,
): boolean[] {
  const threshold = Math.floor(p * 2 ** 32);
  return Array.from({ length: n }, (_, i) => {
    const index = BigInt(start) + BigInt(i);
    const counter = [Number((index >> 1n) & 0xffffffffn), Number(index >> 33n)] as const;
    return threefry2x32(counter, key)[Number(index & 1n)] >= threshold;
  });
}

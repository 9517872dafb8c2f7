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

export interface LstmSizes {
  t: number;
  b: number;
  inputs: number;
  hidden: number;
}

export interface LstmInputs extends LstmSizes {
  x: Values;
  weightIh: Values;
  weightHh: Values;
  biasIh?: Values;
  biasHh?: Values;
  h0?: Values;
  c0?: Values;
}

export function lstmForward(p: LstmInputs): { h: number[]; c: number[]; gates: number[] } {
  const { t, b, inputs, hidden: H } = p;
  const h: number[] = [];
  const c: number[] = [];
  const gates: number[] = [];
  for (let s = 0; s < t; s++)
    for (let r = 0; r < b; r++) {
      const before = (values: number[], first: Values | undefined, u: number) =>
        s ? values[((s - 1) * b + r) * H + u] : (first?.[r * H + u] ?? 0);
      const sums = Array.from({ length: 4 * H }, (_, j) => {
        let sum = (p.biasIh?.[j] ?? 0) + (p.biasHh?.[j] ?? 0);
        for (let l = 0; l < inputs; l++) sum += p.x[(s * b + r) * inputs + l] * p.weightIh[j * inputs + l];
        for (let l = 0; l < H; l++) sum += before(h, p.h0, l) * p.weightHh[j * H + l];
        return sum;
      });
      const active = sums.map((v, j) => (Math.floor(j / H) === 2 ? Math.tanh(v) : sigmoid(v)));
      gates.push(...active);
      for (let u = 0; u < H; u++) {
        const [i, f, g, o] = [0, 1, 2, 3].map((gate) => active[gate * H + u]);
        const now = f * before(c, p.c0, u) + i * g;
        c[(s * b + r) * H + u] = now;
        h[(s * b + r) * H + u] = o * Math.tanh(now);
      }
    }
  return { h, c, gates };
}

export interface LstmGradients {
  dx: number[];
  dweightIh: number[];
  dweightHh: number[];
  dbias: number[];
  dh0: number[];
  dc0: number[];
}

export function lstmBackward(
  p: LstmInputs,
  forward: { h: number[]; c: number[]; gates: number[] },
  d: { dh?: Values; dhLast?: Values; dcLast?: Values },
): LstmGradients {
  const { t, b, inputs, hidden: H } = p;
  const zeros = (n: number) => new Array<number>(n).fill(0);
  const g: LstmGradients = {
    dx: zeros(t * b * inputs),
    dweightIh: zeros(4 * H * inputs),
    dweightHh: zeros(4 * H * H),
    dbias: zeros(4 * H),
    dh0: zeros(b * H),
    dc0: zeros(b * H),
  };
  const dh = Array.from({ length: b * H }, (_, i) => d.dhLast?.[i] ?? 0);
  const dc = Array.from({ length: b * H }, (_, i) => d.dcLast?.[i] ?? 0);
  for (let s = t - 1; s >= 0; s--)
    for (let r = 0; r < b; r++) {
      const row = s * b + r;
      const hBefore = (u: number) => (s ? forward.h[(row - b) * H + u] : (p.h0?.[r * H + u] ?? 0));
      const dgates = zeros(4 * H);
      for (let u = 0; u < H; u++) {
        const [i, f, c, o] = [0, 1, 2, 3].map((gate) => forward.gates[row * 4 * H + gate * H + u]);
        const cBefore = s ? forward.c[(row - b) * H + u] : (p.c0?.[r * H + u] ?? 0);
        const squashed = Math.tanh(forward.c[row * H + u]);
        const dout = dh[r * H + u] + (d.dh?.[row * H + u] ?? 0);
        const dcell = dc[r * H + u] + dout * o * (1 - squashed * squashed);
        dgates[u] = dcell * c * i * (1 - i);
        dgates[H + u] = dcell * cBefore * f * (1 - f);
        dgates[2 * H + u] = dcell * i * (1 - c * c);
        dgates[3 * H + u] = dout * squashed * o * (1 - o);
        dc[r * H + u] = dcell * f;
        dh[r * H + u] = 0;
      }
      for (let j = 0; j < 4 * H; j++) {
        g.dbias[j] += dgates[j];
        for (let l = 0; l < inputs; l++) {
          g.dx[row * inputs + l] += dgates[j] * p.weightIh[j * inputs + l];
          g.dweightIh[j * inputs + l] += dgates[j] * p.x[row * inputs + l];
        }
        for (let l = 0; l < H; l++) {
          dh[r * H + l] += dgates[j] * p.weightHh[j * H + l];
          g.dweightHh[j * H + l] += dgates[j] * hBefore(l);
        }
      }
    }
  g.dh0 = dh;
  g.dc0 = dc;
  return g;
}

/** The mask of the dropout kernel: true where element i is kept. */
export function dropoutMask(n: number, key: readonly [RngState[0], RngState[1]], p: number): boolean[] {
  const threshold = Math.floor(p * 2 ** 32);
  return Array.from({ length: n }, (_, i) => threefry2x32([i >> 1, 0], key)[i & 1] >= threshold);
}

/** The recurrent kernels' meaning, as plain loops in float64: one row (a step of a sequence) after another. */
import { sigmoid, type Values } from "./plain.ts";

/** In the order of the kernels' numbers. */
export const CELLS = ["RNN_TANH", "RNN_RELU", "LSTM", "GRU_AFTER", "GRU_BEFORE"] as const;
export type CellName = (typeof CELLS)[number];

/** Gates of the weights, values saved and gradients of sums, for each unit. */
export const COUNTS: Record<CellName, { gates: number; saved: number; gradients: number }> = {
  RNN_TANH: { gates: 1, saved: 0, gradients: 1 },
  RNN_RELU: { gates: 1, saved: 0, gradients: 1 },
  LSTM: { gates: 4, saved: 4, gradients: 4 },
  GRU_AFTER: { gates: 3, saved: 4, gradients: 4 },
  GRU_BEFORE: { gates: 3, saved: 3, gradients: 3 },
};

/** The longest stretch of an inner dimension that any build multiplies at once (kernels/product.h). */
export const BLOCK = 1024;

/** Gates whose gradients go back through one product with weight_hh (kernels/recurrent_pack.c). */
export const THROUGH: Record<CellName, number> = {
  RNN_TANH: 1,
  RNN_RELU: 1,
  LSTM: 4,
  GRU_AFTER: 3,
  GRU_BEFORE: 2,
};

export interface Layer {
  cell: CellName;
  /** Rows of each step, never rising. */
  rows: readonly number[];
  inputs: number;
  hidden: number;
  projection: number;
  x: Values;
  weightIh: Values;
  weightHh: Values;
  biasIh?: Values;
  biasHh?: Values;
  weightHr?: Values;
  h0?: Values;
  c0?: Values;
}

export const stateOf = (p: Layer) => p.projection || p.hidden;
export const rowsOf = (p: Layer) => p.rows.reduce((a, b) => a + b, 0);

/** Where each step's rows begin. */
export function offsets(rows: readonly number[]): number[] {
  let next = 0;
  return rows.map((count) => {
    next += count;
    return next - count;
  });
}

const range = <T>(n: number, value: (i: number) => T) => Array.from({ length: n }, (_, i) => value(i));
const zeros = (n: number) => new Array<number>(n).fill(0);

/** Row j of weight [.., v.length] times v. */
function dot(weight: Values, j: number, v: readonly number[]): number {
  let total = 0;
  for (let l = 0; l < v.length; l++) total += weight[j * v.length + l] * v[l];
  return total;
}

/** A row of a [.., width] matrix, zeros when there is none. */
function rowAt(values: Values | undefined, row: number, width: number): number[] {
  return range(width, (i) => values?.[row * width + i] ?? 0);
}

export interface Forward {
  h: number[];
  c: number[];
  gates: number[];
}

/** Row `row` of step s: what stood before it. */
function before(p: Layer, f: Forward, starts: readonly number[], s: number, r: number) {
  const S = stateOf(p);
  return s
    ? { h: rowAt(f.h, starts[s - 1] + r, S), c: rowAt(f.c, starts[s - 1] + r, p.hidden) }
    : { h: rowAt(p.h0, r, S), c: rowAt(p.c0, r, p.hidden) };
}

export function recurrentForward(p: Layer): Forward {
  const f: Forward = { h: [], c: [], gates: [] };
  const starts = offsets(p.rows);
  for (let s = 0; s < p.rows.length; s++)
    for (let r = 0; r < p.rows[s]; r++) {
      const x = rowAt(p.x, starts[s] + r, p.inputs);
      const { h, c, gates } = cellForward(p, x, before(p, f, starts, s, r));
      f.h.push(...h);
      f.c.push(...c);
      f.gates.push(...gates);
    }
  return f;
}

function cellForward(p: Layer, x: number[], last: { h: number[]; c: number[] }): Forward {
  const H = p.hidden;
  const units = <T>(value: (u: number) => T) => range(H, value);
  /* The two sides of the sum of row j of the weights. */
  const input = (j: number) => (p.biasIh?.[j] ?? 0) + dot(p.weightIh, j, x);
  const recurrent = (j: number, h = last.h) => (p.biasHh?.[j] ?? 0) + dot(p.weightHh, j, h);
  const sum = (j: number, h = last.h) => input(j) + recurrent(j, h);
  const mix = (z: number[], n: number[]) => units((u) => (1 - z[u]) * n[u] + z[u] * last.h[u]);
  switch (p.cell) {
    case "RNN_TANH":
      return { h: units((u) => Math.tanh(sum(u))), c: [], gates: [] };
    case "RNN_RELU":
      /* Math.max of NaN is NaN. */
      return { h: units((u) => Math.max(sum(u), 0)), c: [], gates: [] };
    case "LSTM": {
      const i = units((u) => sigmoid(sum(u)));
      const f = units((u) => sigmoid(sum(H + u)));
      const g = units((u) => Math.tanh(sum(2 * H + u)));
      const o = units((u) => sigmoid(sum(3 * H + u)));
      const c = units((u) => f[u] * last.c[u] + i[u] * g[u]);
      const out = units((u) => o[u] * Math.tanh(c[u]));
      const h = p.projection ? range(p.projection, (j) => dot(p.weightHr ?? [], j, out)) : out;
      return { h, c, gates: [...i, ...f, ...g, ...o] };
    }
    case "GRU_AFTER": {
      const r = units((u) => sigmoid(sum(u)));
      const z = units((u) => sigmoid(sum(H + u)));
      const q = units((u) => recurrent(2 * H + u));
      const n = units((u) => Math.tanh(input(2 * H + u) + r[u] * q[u]));
      return { h: mix(z, n), c: [], gates: [...n, ...r, ...z, ...q] };
    }
    case "GRU_BEFORE": {
      const r = units((u) => sigmoid(sum(u)));
      const z = units((u) => sigmoid(sum(H + u)));
      const kept = units((u) => r[u] * last.h[u]);
      const n = units((u) => Math.tanh(sum(2 * H + u, kept)));
      return { h: mix(z, n), c: [], gates: [...r, ...z, ...n] };
    }
  }
}

export interface Upstream {
  dh?: Values;
  dhLast?: Values;
  dcLast?: Values;
}

export interface Gradients {
  dgates: number[];
  dprojected: number[];
  dh0: number[];
  dc0: number[];
  dx: number[];
  dweightIh: number[];
  dweightHh: number[];
  dbiasIh: number[];
  dbiasHh: number[];
  dweightHr: number[];
}

/** Gradients of one row, as far as the two sides of each sum and what bypasses the sums. */
interface CellGradients {
  /** As the kernel keeps them. */
  dgates: number[];
  /** Of the input's and of the recurrent side of each row of the weights. */
  input: number[];
  recurrent: number[];
  /** What weight_hh's row j was multiplied by. */
  factor: (j: number) => number[];
  dh: number[];
  dc: number[];
}

export function recurrentBackward(p: Layer, f: Forward, d: Upstream): Gradients {
  const { inputs, hidden: H } = p;
  const [S, n, G] = [stateOf(p), rowsOf(p), COUNTS[p.cell].gates];
  const starts = offsets(p.rows);
  const g: Gradients = {
    dgates: zeros(n * COUNTS[p.cell].gradients * H),
    dprojected: zeros(n * p.projection),
    dh0: range(p.rows[0] * S, (i) => d.dhLast?.[i] ?? 0),
    dc0: range(p.rows[0] * H, (i) => d.dcLast?.[i] ?? 0),
    dx: zeros(n * inputs),
    dweightIh: zeros(G * H * inputs),
    dweightHh: zeros(G * H * S),
    dbiasIh: zeros(G * H),
    dbiasHh: zeros(G * H),
    dweightHr: zeros(p.projection * H),
  };
  for (let s = p.rows.length - 1; s >= 0; s--)
    for (let r = 0; r < p.rows[s]; r++) {
      const row = starts[s] + r;
      const last = before(p, f, starts, s, r);
      const dh = range(S, (u) => g.dh0[r * S + u] + (d.dh?.[row * S + u] ?? 0));
      const out = p.projection ? throughProjection(p, f, g, row, dh) : dh;
      const cell = cellBackward(p, f, row, last, out, rowAt(g.dc0, r, H));
      for (const [i, v] of cell.dgates.entries()) g.dgates[row * cell.dgates.length + i] = v;
      for (let u = 0; u < S; u++) g.dh0[r * S + u] = cell.dh[u];
      for (let u = 0; u < H; u++) g.dc0[r * H + u] = cell.dc[u];
      for (let j = 0; j < G * H; j++) {
        const factor = cell.factor(j);
        g.dbiasIh[j] += cell.input[j];
        g.dbiasHh[j] += cell.recurrent[j];
        for (let l = 0; l < inputs; l++) {
          g.dx[row * inputs + l] += cell.input[j] * p.weightIh[j * inputs + l];
          g.dweightIh[j * inputs + l] += cell.input[j] * p.x[row * inputs + l];
        }
        for (let l = 0; l < S; l++) {
          g.dweightHh[j * S + l] += cell.recurrent[j] * factor[l];
          /* What weight_hh multiplies by r h' came back in cellBackward. */
          if (factor === last.h) g.dh0[r * S + l] += cell.recurrent[j] * p.weightHh[j * S + l];
        }
      }
    }
  return g;
}

/** The gradient of o tanh(c) from that of the projected output; adds to dweight_hr. */
function throughProjection(p: Layer, f: Forward, g: Gradients, row: number, dh: number[]): number[] {
  const [H, P] = [p.hidden, p.projection];
  for (let j = 0; j < P; j++) {
    g.dprojected[row * P + j] = dh[j];
    for (let u = 0; u < H; u++)
      g.dweightHr[j * H + u] += dh[j] * f.gates[(row * 4 + 3) * H + u] * Math.tanh(f.c[row * H + u]);
  }
  return range(H, (u) => dh.reduce((total, v, j) => total + v * (p.weightHr?.[j * H + u] ?? 0), 0));
}

function cellBackward(
  p: Layer,
  f: Forward,
  row: number,
  last: { h: number[]; c: number[] },
  dh: number[],
  dc: number[],
): CellGradients {
  const H = p.hidden;
  const units = (value: (u: number) => number) => range(H, value);
  const gate = (k: number, u: number) => f.gates[(row * COUNTS[p.cell].saved + k) * H + u];
  const same = (dgates: number[], bypass: number[], cell: number[] = zeros(H)): CellGradients => ({
    ...{ dgates, input: dgates, recurrent: dgates, factor: () => last.h, dh: bypass, dc: cell },
  });
  switch (p.cell) {
    case "RNN_TANH":
      return same(
        units((u) => dh[u] * (1 - f.h[row * H + u] ** 2)),
        zeros(H),
      );
    case "RNN_RELU":
      return same(
        units((u) => (f.h[row * H + u] <= 0 ? 0 : dh[u])),
        zeros(H),
      );
    case "LSTM": {
      const [i, o] = [(u: number) => gate(0, u), (u: number) => gate(3, u)];
      const [forget, g] = [(u: number) => gate(1, u), (u: number) => gate(2, u)];
      const squashed = units((u) => Math.tanh(f.c[row * H + u]));
      const dcell = units((u) => dc[u] + dh[u] * o(u) * (1 - squashed[u] ** 2));
      const dgates = [
        ...units((u) => dcell[u] * g(u) * i(u) * (1 - i(u))),
        ...units((u) => dcell[u] * last.c[u] * forget(u) * (1 - forget(u))),
        ...units((u) => dcell[u] * i(u) * (1 - g(u) ** 2)),
        ...units((u) => dh[u] * squashed[u] * o(u) * (1 - o(u))),
      ];
      return same(
        dgates,
        zeros(stateOf(p)),
        units((u) => dcell[u] * forget(u)),
      );
    }
    case "GRU_AFTER": {
      const [n, r] = [(u: number) => gate(0, u), (u: number) => gate(1, u)];
      const [z, q] = [(u: number) => gate(2, u), (u: number) => gate(3, u)];
      const dn = units((u) => dh[u] * (1 - z(u)) * (1 - n(u) ** 2));
      const dr = units((u) => dn[u] * q(u) * r(u) * (1 - r(u)));
      const dz = units((u) => dh[u] * (last.h[u] - n(u)) * z(u) * (1 - z(u)));
      const dq = units((u) => dn[u] * r(u));
      return {
        ...same(
          [...dn, ...dr, ...dz, ...dq],
          units((u) => dh[u] * z(u)),
        ),
        input: [...dr, ...dz, ...dn],
        recurrent: [...dr, ...dz, ...dq],
      };
    }
    case "GRU_BEFORE": {
      const [r, z, n] = [(u: number) => gate(0, u), (u: number) => gate(1, u), (u: number) => gate(2, u)];
      const dn = units((u) => dh[u] * (1 - z(u)) * (1 - n(u) ** 2));
      const dz = units((u) => dh[u] * (last.h[u] - n(u)) * z(u) * (1 - z(u)));
      const kept = units((u) => r(u) * last.h[u]);
      const dkept = units((l) => dn.reduce((total, v, u) => total + v * p.weightHh[(2 * H + u) * H + l], 0));
      const dr = units((u) => dkept[u] * last.h[u] * r(u) * (1 - r(u)));
      return {
        ...same(
          [...dr, ...dz, ...dn],
          units((u) => dh[u] * z(u) + dkept[u] * r(u)),
        ),
        factor: (j) => (j < 2 * H ? last.h : kept),
      };
    }
  }
}

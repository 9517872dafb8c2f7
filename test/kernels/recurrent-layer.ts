/** Random layers, and the recurrent kernels run on them. */
import { expect } from "vitest";
import { type Machine, noise } from "./harness.ts";
import type { Values } from "./plain.ts";
import {
  CELLS,
  type CellName,
  COUNTS,
  type Layer,
  rowsOf,
  stateOf,
  type Upstream,
} from "./plain-recurrent.ts";

export interface Sizes {
  cell: CellName;
  rows: readonly number[];
  inputs: number;
  hidden: number;
  projection?: number;
}

export const steps = (t: number, b: number) => new Array<number>(t).fill(b);

export function layer(
  sizes: Sizes,
  seed: number,
  options: { states?: boolean; biases?: boolean } = {},
): Layer {
  const { cell, rows, inputs, hidden } = sizes;
  const projection = cell === "LSTM" ? (sizes.projection ?? 0) : 0;
  const [S, G, next] = [projection || hidden, COUNTS[cell].gates, noise(seed)];
  const n = rows.reduce((a, b) => a + b, 0);
  const scale = 1 / Math.sqrt(hidden);
  const { states = true, biases = true } = options;
  return {
    ...{ cell, rows, inputs, hidden, projection },
    x: next(n * inputs),
    weightIh: next(G * hidden * inputs, scale),
    weightHh: next(G * hidden * S, scale),
    biasIh: biases ? next(G * hidden) : undefined,
    biasHh: biases ? next(G * hidden) : undefined,
    weightHr: projection ? next(projection * hidden, scale) : undefined,
    h0: states ? next(rows[0] * S) : undefined,
    c0: states && cell === "LSTM" ? next(rows[0] * hidden) : undefined,
  };
}

/** Bits of `what` choose which upstream gradients there are. */
export function upstreamOf(p: Layer, seed: number, what = 7): Upstream {
  const next = noise(seed);
  const [dh, dhLast] = [next(rowsOf(p) * stateOf(p)), next(p.rows[0] * stateOf(p))];
  const dcLast = next(p.rows[0] * p.hidden);
  return {
    dh: what & 1 ? dh : undefined,
    dhLast: what & 2 ? dhLast : undefined,
    dcLast: what & 4 && p.cell === "LSTM" ? dcLast : undefined,
  };
}

export function oneHot(ids: readonly number[], classes: number): number[] {
  return ids.flatMap((id) => Array.from({ length: classes }, (_, j) => (j === id ? 1 : 0)));
}

export function someIds(n: number, classes: number): number[] {
  return Array.from({ length: n }, (_, i) => (i * 7 + (i >> 2)) % classes);
}

export interface RunOptions {
  ids?: readonly number[];
  packed?: boolean;
  finalStates?: boolean;
  keepGates?: boolean;
  /** Where the build has parts of dgates to keep. */
  keepParts?: boolean;
  /** dgates become NaN before the gradients of weights are made from them. */
  forgetGates?: boolean;
  /** Is shown the scratch that recurrent_backward leaves. */
  sees?: (scratch: Float32Array) => void;
}

/** Forward and, with upstream gradients, backward; everything comes back by name. `ids` stand for one-hot x. */
export function run(
  machine: Machine,
  p: Layer,
  upstream?: Upstream,
  options: RunOptions = {},
): Record<string, Float32Array> {
  const { inputs: I, hidden: H, projection: P } = p;
  const k = machine.kernels;
  const [cell, t, b] = [CELLS.indexOf(p.cell), p.rows.length, p.rows[0]];
  const [S, n, { gates: G, saved, gradients }] = [stateOf(p), rowsOf(p), COUNTS[p.cell]];
  const {
    ids,
    packed: variable = p.rows.some((count) => count !== b),
    finalStates = true,
    keepGates = true,
    keepParts = true,
  } = options;
  const hasIds = Number(ids !== undefined);
  const [weightIh, weightHh, biasIh, biasHh, weightHr] = (
    [p.weightIh, p.weightHh, p.biasIh, p.biasHh, p.weightHr] as (Values | undefined)[]
  ).map((values) => machine.floats(values, true));
  const packed = machine.room(k.recurrent_pack_size(cell, I, H, P, hasIds));
  k.recurrent_pack(packed, cell, weightIh, weightHh, biasIh, biasHh, weightHr, I, H, P, hasIds);
  const [x, idsAt] = ids ? [0, machine.ints(ids)] : [machine.floats(p.x, true), 0];
  const rows = variable ? machine.ints(p.rows) : 0;
  const [h0, c0] = [machine.floats(p.h0, true), machine.floats(p.c0)];
  const result: Record<string, Float32Array> = {};
  const take = (outputs: Record<string, [address: number, words: number]>) => {
    for (const [name, [address, words]] of Object.entries(outputs))
      if (address) result[name] = machine.read(address, words);
  };
  const sizes = { h: n * S, c: p.cell === "LSTM" ? n * H : 0, gates: keepGates ? n * saved * H : 0 };
  const h = machine.room(sizes.h, true);
  const [c, gates] = [sizes.c && machine.room(sizes.c), sizes.gates && machine.room(sizes.gates, true)];
  const scratch = machine.room(k.recurrent_forward_scratch(cell, t, b, I, H, P, hasIds));
  k.recurrent_forward(cell, h, c, gates, x, idsAt, rows, h0, c0, packed, t, b, I, H, P, scratch);
  take({ h: [h, sizes.h], c: [c, sizes.c], gates: [gates, sizes.gates] });
  if (upstream) {
    const back = machine.room(k.recurrent_pack_backward_size(cell, H, P));
    k.recurrent_pack_backward(back, cell, weightHh, weightHr, H, P);
    const [dh, dhLast, dcLast] = [upstream.dh, upstream.dhLast, upstream.dcLast].map((v) =>
      machine.floats(v, true),
    );
    const room = (words: number): [number, number] => [words && machine.room(words, true), words];
    const [dgates, dprojected] = [room(n * gradients * H), room(n * P)];
    const parts = room(keepParts ? k.recurrent_parts_size(cell, n, H) : 0);
    const dh0 = room(finalStates ? b * S : 0);
    const dc0 = room(finalStates && p.cell === "LSTM" ? b * H : 0);
    const scratchWords = k.recurrent_backward_scratch(cell, t, b, H, P);
    const work = machine.room(scratchWords);
    k.recurrent_backward(
      ...[cell, dgates[0], parts[0], dprojected[0], dh0[0], dc0[0], dh, dhLast, dcLast, h, c, gates],
      ...[rows, h0, c0, back, t, b, H, P, work],
    );
    take({ dgates });
    options.sees?.(machine.read(work, scratchWords));
    if (options.forgetGates) k.fill(dgates[0], Number.NaN, dgates[1]);
    const dx = room(ids ? 0 : n * I);
    if (!ids) {
      const more = machine.room(k.recurrent_input_gradient_scratch(cell, n, I, H));
      k.recurrent_input_gradient(cell, dx[0], dgates[0], weightIh, n, I, H, more);
    }
    const [dweightIh, dweightHh, dweightHr] = [room(G * H * I), room(G * H * S), room(P * H)];
    const [dbiasIh, dbiasHh] = [room(p.biasIh ? G * H : 0), room(p.biasHh ? G * H : 0)];
    const last = machine.room(k.recurrent_weight_gradients_scratch(cell, n, I, H, P, hasIds));
    k.recurrent_weight_gradients(
      ...[cell, dweightIh[0], dweightHh[0], dbiasIh[0], dbiasHh[0], dweightHr[0], dgates[0], parts[0]],
      ...[dprojected[0], h, c, gates, x, idsAt, rows, h0, t, b, n, I, H, P, last],
    );
    take({ dprojected, dh0, dc0, dx, dweightIh, dweightHh, dbiasIh, dbiasHh, dweightHr });
  }
  expect(machine.intact).toBe(true);
  expect(machine.unchanged).toBe(true);
  return result;
}

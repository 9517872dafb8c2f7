import type { Address, Kernels } from "../backend.ts";
import type { ReferenceCell } from "./cells/cell.ts";
import { gruBeforeCell, gruCell } from "./cells/gru.ts";
import { lstmCell } from "./cells/lstm.ts";
import { rnnReluCell, rnnTanhCell } from "./cells/rnn.ts";
import type { ReferenceMemory } from "./memory.ts";
import { addOuter, columnOf, multiply, multiplyTransposed } from "./vectors.ts";

type Names = Extract<keyof Kernels, `recurrent_${string}`>;

/** In the order of the numbers in kernels/unrolled.h. */
const CELLS: readonly ReferenceCell[] = [rnnTanhCell, rnnReluCell, lstmCell, gruCell, gruBeforeCell];

/**
 * Any cell over time, and back-propagation through time (Werbos 1990). The arguments are documented in
 * kernels/unrolled.h; the equations are in cells/.
 */
export function recurrentKernels(memory: ReferenceMemory): Pick<Kernels, Names> {
  const optional = (address: Address, n: number) => (address === 0 ? undefined : memory.at(address, n));
  /** Row `index` of a matrix; zeros if the matrix is absent. */
  const rowOf = (matrix: Float64Array | undefined, index: number, width: number) =>
    matrix?.subarray(index * width, (index + 1) * width) ?? new Float64Array(width);

  /** First row and number of rows of each step. */
  const stepsOf = (rows: Address, t: number, b: number) => {
    const counts = optional(rows, t) ?? new Float64Array(t).fill(b);
    let first = 0;
    return Array.from(counts, (count) => {
      const step = { first, count };
      first += count;
      return step;
    });
  };
  const totalRows = (rows: Address, t: number, b: number) =>
    stepsOf(rows, t, b).reduce((n, { count }) => n + count, 0);

  /** Another layout has no advantage here: packed is W_ih, W_hh, both biases and W_hr, unchanged. */
  const layout = (cell: ReferenceCell, I: number, H: number, P: number) => {
    const [G, S] = [cell.gates * H, P || H];
    const sizes = [G * I, G * S, G, G, P * H];
    return { sizes, total: sizes.reduce((a, b) => a + b, 0) };
  };
  const unpack = (packed: Address, cell: ReferenceCell, I: number, H: number, P: number) => {
    const { sizes, total } = layout(cell, I, H, P);
    const all = memory.at(packed, total);
    let at = 0;
    return sizes.map((size) => {
      at += size;
      return all.subarray(at - size, at);
    });
  };

  return {
    recurrent_pack_size: (cell, I, H, P) => layout(CELLS[cell], I, H, P).total,
    recurrent_pack(packed, cell, weightIh, weightHh, biasIh, biasHh, weightHr, I, H, P) {
      const parts = unpack(packed, CELLS[cell], I, H, P);
      for (const [k, from] of [weightIh, weightHh, biasIh, biasHh, weightHr].entries()) {
        parts[k].set(optional(from, parts[k].length) ?? new Float64Array(parts[k].length));
      }
    },

    recurrent_forward_scratch: () => 0,
    recurrent_forward(kind, h, c, gates, x, ids, rows, h0, c0, packed, t, b, I, H, P) {
      const cell = CELLS[kind];
      const [S, n] = [P || H, totalRows(rows, t, b)];
      const [Wi, Wh, bi, bh, Wr] = unpack(packed, cell, I, H, P);
      const [hidden, cells, saved] = [
        memory.at(h, n * S),
        optional(c, n * H),
        optional(gates, n * cell.saved * H),
      ];
      const [input, id] = [optional(x, n * I), optional(ids, n)];
      const [hFirst, cFirst] = [optional(h0, b * S), optional(c0, b * H)];
      let before = { hidden: hFirst, cells: cFirst, first: 0 };
      for (const { first, count } of stepsOf(rows, t, b)) {
        for (let r = 0; r < count; r++) {
          const row = first + r;
          const full = new Float64Array(H);
          cell.forward({
            H,
            input: (gate) =>
              id === undefined
                ? multiply(Wi, gate * H, H, rowOf(input, row, I), bi)
                : columnOf(Wi, gate * H, H, I, id[row], bi),
            recurrent: (gate, state) => multiply(Wh, gate * H, H, state, bh),
            hBefore: rowOf(before.hidden, before.first + r, S),
            cBefore: rowOf(before.cells, before.first + r, H),
            h: full,
            c: rowOf(cells, row, H),
            saved: rowOf(saved, row, cell.saved * H),
          });
          rowOf(hidden, row, S).set(P ? multiply(Wr, 0, P, full) : full);
        }
        before = { hidden, cells, first };
      }
    },

    recurrent_pack_backward_size: (cell, H, P) => CELLS[cell].gates * H * (P || H) + P * H,
    recurrent_pack_backward(packed, kind, weightHh, weightHr, H, P) {
      const size = CELLS[kind].gates * H * (P || H);
      memory.at(packed, size).set(memory.at(weightHh, size));
      if (P) memory.at(packed + size * 4, P * H).set(memory.at(weightHr, P * H));
    },

    recurrent_parts_size: () => 0,
    recurrent_backward_scratch: (_cell, _t, b, H, P) => b * (P || H) + b * H,
    recurrent_backward(
      ...[kind, dgates, _parts, dprojected, dh0, dc0, dh, dhLast, dcLast, h, c, gates, rows, h0, ...rest]
    ) {
      const [c0, packed, t, b, H, P, scratch] = rest;
      const cell = CELLS[kind];
      const [S, n] = [P || H, totalRows(rows, t, b)];
      const Wh = memory.at(packed, cell.gates * H * S);
      const Wr = optional(P ? packed + Wh.length * 4 : 0, P * H);
      const differences = memory.at(dgates, n * cell.differences * H);
      const [dOutput, wholeGradient] = [optional(dh, n * S), optional(dprojected, n * P)];
      const [hidden, cells] = [memory.at(h, n * S), optional(c, n * H)];
      const [saved, hFirst, cFirst] = [
        optional(gates, n * cell.saved * H),
        optional(h0, b * S),
        optional(c0, b * H),
      ];
      const [dHidden, dCell] = [memory.at(scratch, b * S), memory.at(scratch + b * S * 4, b * H)];
      dHidden.set(optional(dhLast, b * S) ?? new Float64Array(b * S));
      dCell.set(optional(dcLast, b * H) ?? new Float64Array(b * H));
      const steps = stepsOf(rows, t, b);
      for (let s = t - 1; s >= 0; s--) {
        const { first, count } = steps[s];
        for (let r = 0; r < count; r++) {
          const row = first + r;
          const carried = rowOf(dHidden, r, S);
          const own = rowOf(dOutput, row, S);
          const whole = carried.map((value, k) => value + own[k]);
          if (wholeGradient !== undefined) rowOf(wholeGradient, row, P).set(whole);
          const dhBefore = new Float64Array(S);
          const transposed = (gate: number, d: Float64Array) => multiplyTransposed(Wh, gate * H, H, S, d);
          const before = s > 0 ? steps[s - 1].first + r : r;
          const d = rowOf(differences, row, cell.differences * H);
          const hBefore = rowOf(s > 0 ? hidden : hFirst, before, S);
          cell.backward({
            H,
            transposed,
            hBefore,
            d,
            dhBefore,
            cBefore: rowOf(s > 0 ? cells : cFirst, before, H),
            h: rowOf(hidden, row, S),
            c: rowOf(cells, row, H),
            saved: rowOf(saved, row, cell.saved * H),
            dh: Wr ? multiplyTransposed(Wr, 0, P, H, whole) : whole,
            dc: rowOf(dCell, r, H),
          });
          for (const [gate, block] of cell.recurrentBlock.entries()) {
            if (gate === cell.own?.gate) continue;
            const through = transposed(gate, d.subarray(block * H, (block + 1) * H));
            for (let k = 0; k < S; k++) dhBefore[k] += through[k];
          }
          carried.set(dhBefore);
        }
      }
      optional(dh0, b * S)?.set(dHidden);
      optional(dc0, b * H)?.set(dCell);
    },

    recurrent_input_gradient_scratch: () => 0,
    recurrent_input_gradient(kind, dx, dgates, weightIh, n, I, H) {
      const cell = CELLS[kind];
      const Wi = memory.at(weightIh, cell.gates * H * I);
      const d = memory.at(dgates, n * cell.differences * H);
      const gradient = memory.at(dx, n * I).fill(0);
      for (let row = 0; row < n; row++) {
        for (const [gate, block] of cell.inputBlock.entries()) {
          const part = rowOf(d, row * cell.differences + block, H);
          const through = multiplyTransposed(Wi, gate * H, H, I, part);
          for (let k = 0; k < I; k++) gradient[row * I + k] += through[k];
        }
      }
    },

    recurrent_weight_gradients_scratch: () => 0,
    recurrent_weight_gradients(
      ...[kind, dweightIh, dweightHh, dbiasIh, dbiasHh, dweightHr, dgates, _parts, dprojected, ...rest]
    ) {
      const [h, c, gates, x, ids, rows, h0, t, b, n, I, H, P] = rest;
      const cell = CELLS[kind];
      const S = P || H;
      const [gradIh, gradHh] = [
        memory.at(dweightIh, cell.gates * H * I).fill(0),
        memory.at(dweightHh, cell.gates * H * S).fill(0),
      ];
      const [gradBi, gradBh, gradHr] = [
        optional(dbiasIh, cell.gates * H)?.fill(0),
        optional(dbiasHh, cell.gates * H)?.fill(0),
        optional(dweightHr, P * H)?.fill(0),
      ];
      const [hidden, cells, saved] = [
        memory.at(h, n * S),
        optional(c, n * H),
        optional(gates, n * cell.saved * H),
      ];
      const [input, id, hFirst] = [optional(x, n * I), optional(ids, n), optional(h0, b * S)];
      const d = memory.at(dgates, n * cell.differences * H);
      const dState = optional(dprojected, n * P);
      let before = { hidden: hFirst, first: 0 };
      for (const { first, count } of stepsOf(rows, t, b)) {
        for (let r = 0; r < count; r++) {
          const row = first + r;
          const hBefore = rowOf(before.hidden, before.first + r, S);
          const kept = rowOf(saved, row, cell.saved * H);
          for (let gate = 0; gate < cell.gates; gate++) {
            const fromInput = rowOf(d, row * cell.differences + cell.inputBlock[gate], H);
            const fromState = rowOf(d, row * cell.differences + cell.recurrentBlock[gate], H);
            const state = gate === cell.own?.gate ? cell.own.input(hBefore, kept) : hBefore;
            if (id === undefined) addOuter(gradIh, gate * H, fromInput, rowOf(input, row, I));
            else for (let j = 0; j < H; j++) gradIh[(gate * H + j) * I + id[row]] += fromInput[j];
            addOuter(gradHh, gate * H, fromState, state);
            for (let j = 0; j < H; j++) {
              if (gradBi !== undefined) gradBi[gate * H + j] += fromInput[j];
              if (gradBh !== undefined) gradBh[gate * H + j] += fromState[j];
            }
          }
          if (gradHr !== undefined) {
            // Only the LSTM has a projection. Its input was o * tanh(c).
            const [outputGate, cellState] = [kept.subarray(3 * H, 4 * H), rowOf(cells, row, H)];
            const full = outputGate.map((gate, j) => gate * Math.tanh(cellState[j]));
            addOuter(gradHr, 0, rowOf(dState, row, P), full);
          }
        }
        before = { hidden, first };
      }
    },
  };
}

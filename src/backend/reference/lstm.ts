import type { Kernels } from "../backend.ts";
import { sigmoid } from "./elementwise.ts";
import type { ReferenceMemory } from "./memory.ts";

type Names =
  | ("lstm_pack_size" | "lstm_pack" | "lstm_forward_scratch" | "lstm_forward")
  | ("lstm_backward_scratch" | "lstm_backward");

/**
 * The LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000) in PyTorch's order of gates:
 *
 *     i = sigmoid(W_ii x + b_ii + W_hi h' + b_hi)      input gate
 *     f = sigmoid(W_if x + b_if + W_hf h' + b_hf)      forget gate
 *     g =    tanh(W_ig x + b_ig + W_hg h' + b_hg)      candidate
 *     o = sigmoid(W_io x + b_io + W_ho h' + b_ho)      output gate
 *     c = f * c' + i * g                               cell state, c' of the step before
 *     h = o * tanh(c)                                  hidden state
 *
 * An integer input picks a column of W_i*, which is what a one-hot x would do.
 */
export function lstmKernels(memory: ReferenceMemory): Pick<Kernels, Names> {
  const optional = (address: number, n: number) => (address === 0 ? undefined : memory.at(address, n));

  return {
    // Nothing to gain from another layout here: packed is W_ih [4H, I], W_hh [4H, H] and the summed bias [4H].
    lstm_pack_size: (I, H) => 4 * H * (I + H + 1),
    lstm_pack(packed, weightIh, weightHh, biasIh, biasHh, I, H) {
      const to = memory.at(packed, 4 * H * (I + H + 1));
      to.set(memory.at(weightIh, 4 * H * I));
      to.set(memory.at(weightHh, 4 * H * H), 4 * H * I);
      const [bi, bh] = [optional(biasIh, 4 * H), optional(biasHh, 4 * H)];
      for (let r = 0; r < 4 * H; r++) to[4 * H * (I + H) + r] = (bi?.[r] ?? 0) + (bh?.[r] ?? 0);
    },

    lstm_forward_scratch: () => 0,
    lstm_forward(h, c, gates, x, ids, h0, c0, packed, T, B, I, H) {
      const weights = memory.at(packed, 4 * H * (I + H + 1));
      const Wi = weights.subarray(0, 4 * H * I);
      const Wh = weights.subarray(4 * H * I, 4 * H * (I + H));
      const bias = weights.subarray(4 * H * (I + H));
      const [hidden, cell, gate] = [
        memory.at(h, T * B * H),
        memory.at(c, T * B * H),
        memory.at(gates, T * B * 4 * H),
      ];
      const [input, id] = [optional(x, T * B * I), optional(ids, T * B)];
      const [hInitial, cInitial] = [optional(h0, B * H), optional(c0, B * H)];

      for (let t = 0; t < T; t++) {
        for (let b = 0; b < B; b++) {
          const row = t * B + b;
          const hBefore = (j: number) => (t > 0 ? hidden[(row - B) * H + j] : (hInitial?.[b * H + j] ?? 0));
          const z = gate.subarray(row * 4 * H, (row + 1) * 4 * H);
          for (let r = 0; r < 4 * H; r++) {
            let total = bias[r];
            if (id !== undefined) total += Wi[r * I + id[row]];
            if (input !== undefined) for (let k = 0; k < I; k++) total += Wi[r * I + k] * input[row * I + k];
            for (let k = 0; k < H; k++) total += Wh[r * H + k] * hBefore(k);
            z[r] = total;
          }
          for (let j = 0; j < H; j++) {
            const inputGate = sigmoid(z[j]);
            const forgetGate = sigmoid(z[H + j]);
            const candidate = Math.tanh(z[2 * H + j]);
            const outputGate = sigmoid(z[3 * H + j]);
            const cBefore = t > 0 ? cell[(row - B) * H + j] : (cInitial?.[b * H + j] ?? 0);
            cell[row * H + j] = forgetGate * cBefore + inputGate * candidate;
            hidden[row * H + j] = outputGate * Math.tanh(cell[row * H + j]);
            [z[j], z[H + j], z[2 * H + j], z[3 * H + j]] = [inputGate, forgetGate, candidate, outputGate];
          }
        }
      }
    },

    lstm_backward_scratch: (T, B, _I, H) => T * B * 4 * H + 2 * B * H,
    /** Back-propagation through time (Werbos 1990): from the last step to the first, dz are the gates' gradients. */
    lstm_backward(
      ...[
        dx,
        dWi,
        dWh,
        dbias,
        dh0,
        dc0,
        dh,
        dhLast,
        dcLast,
        h,
        c,
        gates,
        x,
        ids,
        h0,
        c0,
        Wi,
        Wh,
        T,
        B,
        I,
        H,
        scratch,
      ]
    ) {
      const [hidden, cell, gate] = [
        memory.at(h, T * B * H),
        memory.at(c, T * B * H),
        memory.at(gates, T * B * 4 * H),
      ];
      const [dOutput, hInitial, cInitial] = [
        optional(dh, T * B * H),
        optional(h0, B * H),
        optional(c0, B * H),
      ];
      const [weightIh, weightHh] = [memory.at(Wi, 4 * H * I), memory.at(Wh, 4 * H * H)];
      const dz = memory.at(scratch, T * B * 4 * H);
      const dHidden = memory.at(scratch + T * B * 4 * H * 4, B * H);
      const dCell = memory.at(scratch + (T * B * 4 * H + B * H) * 4, B * H);
      dHidden.set(optional(dhLast, B * H) ?? new Float64Array(B * H));
      dCell.set(optional(dcLast, B * H) ?? new Float64Array(B * H));

      for (let t = T - 1; t >= 0; t--) {
        for (let b = 0; b < B; b++) {
          const row = t * B + b;
          const z = gate.subarray(row * 4 * H, (row + 1) * 4 * H);
          const d = dz.subarray(row * 4 * H, (row + 1) * 4 * H);
          for (let j = 0; j < H; j++) {
            const [i, f, g, o] = [z[j], z[H + j], z[2 * H + j], z[3 * H + j]];
            const cBefore = t > 0 ? cell[(row - B) * H + j] : (cInitial?.[b * H + j] ?? 0);
            const tanhC = Math.tanh(cell[row * H + j]);
            const dhNow = dHidden[b * H + j] + (dOutput?.[row * H + j] ?? 0);
            const dcNow = dCell[b * H + j] + dhNow * o * (1 - tanhC * tanhC);
            d[j] = dcNow * g * i * (1 - i);
            d[H + j] = dcNow * cBefore * f * (1 - f);
            d[2 * H + j] = dcNow * i * (1 - g * g);
            d[3 * H + j] = dhNow * tanhC * o * (1 - o);
            dCell[b * H + j] = dcNow * f;
          }
          for (let k = 0; k < H; k++) {
            let total = 0;
            for (let r = 0; r < 4 * H; r++) total += weightHh[r * H + k] * d[r];
            dHidden[b * H + k] = total;
          }
        }
      }
      optional(dh0, B * H)?.set(dHidden);
      optional(dc0, B * H)?.set(dCell);

      const [gradIh, gradHh, gradBias] = [
        memory.at(dWi, 4 * H * I),
        memory.at(dWh, 4 * H * H),
        memory.at(dbias, 4 * H),
      ];
      const [input, id, dInput] = [optional(x, T * B * I), optional(ids, T * B), optional(dx, T * B * I)];
      gradIh.fill(0);
      gradHh.fill(0);
      gradBias.fill(0);
      dInput?.fill(0);
      for (let row = 0; row < T * B; row++) {
        for (let r = 0; r < 4 * H; r++) {
          const d = dz[row * 4 * H + r];
          gradBias[r] += d;
          if (id !== undefined) gradIh[r * I + id[row]] += d;
          if (input !== undefined) for (let k = 0; k < I; k++) gradIh[r * I + k] += d * input[row * I + k];
          if (dInput !== undefined)
            for (let k = 0; k < I; k++) dInput[row * I + k] += d * weightIh[r * I + k];
          for (let k = 0; k < H; k++) {
            gradHh[r * H + k] += d * (row >= B ? hidden[(row - B) * H + k] : (hInitial?.[row * H + k] ?? 0));
          }
        }
      }
    },
  };
}

import { block, type ReferenceCell, sigmoid } from "./cell.ts";

/**
 * The GRU (Cho et al. 2014) as in PyTorch and cuDNN, with the reset gate after the recurrent product:
 *     r = sigmoid(W_ir x + b_ir + W_hr h' + b_hr)      reset gate
 *     z = sigmoid(W_iz x + b_iz + W_hz h' + b_hz)      update gate
 *     q = W_hn h' + b_hn
 *     n = tanh(W_in x + b_in + r * q)                  candidate
 *     h = (1 - z) * n + z * h'                         hidden state
 * Saved for backward: n, r, z, q. In this order the parts for the input weights (n r z) and those for the recurrent
 * weights (r z q) are each contiguous.
 */
export const gruCell: ReferenceCell = {
  gates: 3,
  saved: 4,
  differences: 4,
  inputBlock: [1, 2, 0],
  recurrentBlock: [1, 2, 3],

  forward({ H, input, recurrent, hBefore, h, saved }) {
    const [xr, xz, xn] = [0, 1, 2].map((gate) => input(gate));
    const [hr, hz, q] = [0, 1, 2].map((gate) => recurrent(gate, hBefore));
    for (let j = 0; j < H; j++) {
      const reset = sigmoid(xr[j] + hr[j]);
      const update = sigmoid(xz[j] + hz[j]);
      const candidate = Math.tanh(xn[j] + reset * q[j]);
      h[j] = (1 - update) * candidate + update * hBefore[j];
      for (const [k, value] of [candidate, reset, update, q[j]].entries()) saved[k * H + j] = value;
    }
  },

  backward({ H, saved, hBefore, dh, d, dhBefore }) {
    const [n, r, z, q] = [0, 1, 2, 3].map((k) => block(saved, k, H));
    const [dn, dr, dz, dq] = [0, 1, 2, 3].map((k) => block(d, k, H));
    for (let j = 0; j < H; j++) {
      dn[j] = dh[j] * (1 - z[j]) * (1 - n[j] * n[j]);
      dq[j] = dn[j] * r[j];
      dr[j] = dn[j] * q[j] * r[j] * (1 - r[j]);
      dz[j] = dh[j] * (hBefore[j] - n[j]) * z[j] * (1 - z[j]);
      dhBefore[j] = dh[j] * z[j];
    }
  },
};

/**
 * The GRU with the reset gate before the recurrent product, as in the paper and in the lecture. The weights have the
 * same shapes, but the function is different:
 *     r, z as above
 *     n = tanh(W_in x + b_in + W_hn (r * h') + b_hn)
 *     h = (1 - z) * n + z * h'
 */
export const gruBeforeCell: ReferenceCell = {
  gates: 3,
  saved: 3,
  differences: 3,
  inputBlock: [0, 1, 2],
  recurrentBlock: [0, 1, 2],

  forward({ H, input, recurrent, hBefore, h, saved }) {
    const [xr, xz, xn] = [0, 1, 2].map((gate) => input(gate));
    const [hr, hz] = [0, 1].map((gate) => recurrent(gate, hBefore));
    const [r, z, n] = [0, 1, 2].map((k) => block(saved, k, H));
    for (let j = 0; j < H; j++) r[j] = sigmoid(xr[j] + hr[j]);
    const hn = recurrent(2, times(r, hBefore));
    for (let j = 0; j < H; j++) {
      z[j] = sigmoid(xz[j] + hz[j]);
      n[j] = Math.tanh(xn[j] + hn[j]);
      h[j] = (1 - z[j]) * n[j] + z[j] * hBefore[j];
    }
  },

  backward({ H, saved, transposed, hBefore, dh, d, dhBefore }) {
    const [r, z, n] = [0, 1, 2].map((k) => block(saved, k, H));
    const [dr, dz, dn] = [0, 1, 2].map((k) => block(d, k, H));
    for (let j = 0; j < H; j++) dn[j] = dh[j] * (1 - z[j]) * (1 - n[j] * n[j]);
    const dProduct = transposed(2, dn); // gradient of r * h'
    for (let j = 0; j < H; j++) {
      dr[j] = dProduct[j] * hBefore[j] * r[j] * (1 - r[j]);
      dz[j] = dh[j] * (hBefore[j] - n[j]) * z[j] * (1 - z[j]);
      dhBefore[j] = dh[j] * z[j] + dProduct[j] * r[j];
    }
  },

  own: { gate: 2, input: (hBefore, saved) => times(block(saved, 0, hBefore.length), hBefore) },
};

const times = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, j) => value * b[j]);

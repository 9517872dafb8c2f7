import { block, type ReferenceCell, sigmoid } from "./cell.ts";

/**
 * The LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000) in PyTorch's order of gates:
 *
 *     i = sigmoid(W_ii x + b_ii + W_hi h' + b_hi)      input gate
 *     f = sigmoid(W_if x + b_if + W_hf h' + b_hf)      forget gate
 *     g =    tanh(W_ig x + b_ig + W_hg h' + b_hg)      candidate
 *     o = sigmoid(W_io x + b_io + W_ho h' + b_ho)      output gate
 *     c = f * c' + i * g                               cell state, c' of the step before
 *     h = o * tanh(c)                                  hidden state
 */
export const lstmCell: ReferenceCell = {
  gates: 4,
  saved: 4,
  differences: 4,
  inputBlock: [0, 1, 2, 3],
  recurrentBlock: [0, 1, 2, 3],

  forward({ H, input, recurrent, hBefore, cBefore, h, c, saved }) {
    const [xi, xf, xg, xo] = [0, 1, 2, 3].map((gate) => input(gate));
    const [hi, hf, hg, ho] = [0, 1, 2, 3].map((gate) => recurrent(gate, hBefore));
    for (let j = 0; j < H; j++) {
      const inputGate = sigmoid(xi[j] + hi[j]);
      const forgetGate = sigmoid(xf[j] + hf[j]);
      const candidate = Math.tanh(xg[j] + hg[j]);
      const outputGate = sigmoid(xo[j] + ho[j]);
      c[j] = forgetGate * cBefore[j] + inputGate * candidate;
      h[j] = outputGate * Math.tanh(c[j]);
      for (const [k, gate] of [inputGate, forgetGate, candidate, outputGate].entries())
        saved[k * H + j] = gate;
    }
  },

  backward({ H, saved, c, cBefore, dh, dc, d }) {
    const [i, f, g, o] = [0, 1, 2, 3].map((k) => block(saved, k, H));
    const [di, df, dg, dOut] = [0, 1, 2, 3].map((k) => block(d, k, H));
    for (let j = 0; j < H; j++) {
      const tanhC = Math.tanh(c[j]);
      const dCell = dc[j] + dh[j] * o[j] * (1 - tanhC * tanhC);
      di[j] = dCell * g[j] * i[j] * (1 - i[j]);
      df[j] = dCell * cBefore[j] * f[j] * (1 - f[j]);
      dg[j] = dCell * i[j] * (1 - g[j] * g[j]);
      dOut[j] = dh[j] * tanhC * o[j] * (1 - o[j]);
      dc[j] = dCell * f[j];
    }
  },
};

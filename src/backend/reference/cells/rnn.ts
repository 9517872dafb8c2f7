import type { ReferenceCell } from "./cell.ts";

/**
 * The simple recurrent network (Elman 1990), the "vanilla RNN" of the lecture:
 *     h = f(W_ih x + b_ih + W_hh h' + b_hh),  f = tanh or relu
 * @param slope the derivative of f as a function of its value
 */
function elman(f: (z: number) => number, slope: (h: number) => number): ReferenceCell {
  return {
    gates: 1,
    saved: 0,
    differences: 1,
    inputBlock: [0],
    recurrentBlock: [0],

    forward({ H, input, recurrent, hBefore, h }) {
      const [fromInput, fromState] = [input(0), recurrent(0, hBefore)];
      for (let j = 0; j < H; j++) h[j] = f(fromInput[j] + fromState[j]);
    },

    backward({ H, h, dh, d }) {
      for (let j = 0; j < H; j++) d[j] = dh[j] * slope(h[j]);
    },
  };
}

export const rnnTanhCell = elman(Math.tanh, (h) => 1 - h * h);

/** Math.max and the comparison propagate NaN, as in PyTorch. */
export const rnnReluCell = elman(
  (z) => Math.max(z, 0),
  (h) => (h <= 0 ? 0 : 1),
);

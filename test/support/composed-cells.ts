/**
 * The cells written out in ops, as a user would write their own: what the fused kernels must agree with, in values and
 * all gradients. Weights are those of the fused cell.
 */
import type { Tensor } from "../../src/backend/tensor.ts";
import {
  add,
  type Cell,
  type CellKind,
  linear,
  mul,
  RecurrentState,
  relu,
  sigmoid,
  slice,
  tanh,
  tensor,
} from "../../src/nn/index.ts";

export interface CellWeights {
  readonly weight_ih: Tensor;
  readonly weight_hh: Tensor;
  readonly bias_ih?: Tensor;
  readonly bias_hh?: Tensor;
}

const ones = (like: Tensor) => tensor(new Float64Array(like.size).fill(1), like.shape);
const minusOnes = (like: Tensor) => tensor(new Float64Array(like.size).fill(-1), like.shape);
const oneMinus = (x: Tensor) => add(ones(x), mul(minusOnes(x), x));

export function composedCell(
  kind: CellKind,
  { weight_ih, weight_hh, bias_ih, bias_hh }: CellWeights,
  zeroState: (batch: number) => RecurrentState,
): Cell<RecurrentState> {
  const H = weight_hh.shape[1];
  const part = (z: Tensor, gate: number) => slice(z, 1, gate * H, (gate + 1) * H);
  const rows = (w: Tensor, gate: number) => slice(w, 0, gate * H, (gate + 1) * H);

  const step = (x: Tensor, { hidden, cell }: RecurrentState) => {
    const h = hidden!;
    const [fromInput, fromState] = [linear(x, weight_ih, bias_ih), linear(h, weight_hh, bias_hh)];
    const sums = (gate: number) => add(part(fromInput, gate), part(fromState, gate));
    const mix = (z: Tensor, n: Tensor) => new RecurrentState(add(mul(oneMinus(z), n), mul(z, h)));
    switch (kind) {
      case "rnn-tanh":
        return new RecurrentState(tanh(add(fromInput, fromState)));
      case "lstm": {
        const c = add(mul(sigmoid(sums(1)), cell!), mul(sigmoid(sums(0)), tanh(sums(2))));
        return new RecurrentState(mul(sigmoid(sums(3)), tanh(c)), c);
      }
      case "gru": {
        const n = tanh(add(part(fromInput, 2), mul(sigmoid(sums(0)), part(fromState, 2))));
        return mix(sigmoid(sums(1)), n);
      }
      case "gru-before": {
        const bias = bias_hh && rows(bias_hh, 2);
        const product = linear(mul(sigmoid(sums(0)), h), rows(weight_hh, 2), bias);
        return mix(sigmoid(sums(1)), tanh(add(part(fromInput, 2), product)));
      }
      case "rnn-relu":
        return new RecurrentState(relu(add(fromInput, fromState)));
    }
  };
  return {
    zeroState,
    step(x, state) {
      const next = step(x, state);
      return { output: next.hidden!, state: next };
    },
  };
}

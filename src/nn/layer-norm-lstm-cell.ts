import { requireFloats } from "../autograd/check.ts";
import { sigmoid, tanh } from "../autograd/ops/activations.ts";
import { split } from "../autograd/ops/concat.ts";
import { add, mul } from "../autograd/ops/elementwise.ts";
import { layerNorm } from "../autograd/ops/layer-norm.ts";
import { linear } from "../autograd/ops/linear.ts";
import { type Tensor, zeros } from "../backend/tensor.ts";
import { settle } from "../core/options.ts";
import { checkShape } from "../core/shape.ts";
import type { Cell, CreateCellOptions } from "./cell.ts";
import { constantParameter, uniform } from "./init.ts";
import { checkSize, MODULE_RANGES } from "./options.ts";
import { checkStateParts, checkStateShapes, RecurrentState } from "./recurrent-state.ts";

/**
 * An LSTM cell with layer normalisation (Ba, Kiros and Hinton 2016, equations 20 to 22). LN(z; gain, bias) normalises
 * each row of z over its features:
 *
 *     i, f, g, o = LN(W_ih x; gain_ih) + LN(W_hh h'; gain_hh) + bias
 *     c = sigmoid(f) * c' + sigmoid(i) * tanh(g)
 *     h = sigmoid(o) * tanh(LN(c; gain_cell, bias_cell))
 *
 * `weight_ih` [4H, I], `weight_hh` [4H, H], `bias`, `gain_ih` and `gain_hh` [4H], `gain_cell` and `bias_cell` [H];
 * gates in PyTorch's order. `Recurrent` and `RecurrentStack` run it over time.
 */
export class LayerNormLSTMCell implements Cell<RecurrentState> {
  readonly weight_ih: Tensor;
  readonly weight_hh: Tensor;
  readonly bias: Tensor;
  readonly gain_ih: Tensor;
  readonly gain_hh: Tensor;
  readonly gain_cell: Tensor;
  readonly bias_cell: Tensor;
  private readonly _hidden: number;

  constructor(inputs: number, hidden: number, options: CreateCellOptions) {
    const { rng, backend } = settle<CreateCellOptions>("LayerNormLSTMCell", MODULE_RANGES, {}, options);
    checkSize("LayerNormLSTMCell: inputs", inputs);
    checkSize("LayerNormLSTMCell: hidden", hidden);
    const constant = (size: number, value: number) => constantParameter([size], value, backend);
    const bound = 1 / Math.sqrt(hidden);
    this.weight_ih = uniform([4 * hidden, inputs], bound, rng, backend);
    this.weight_hh = uniform([4 * hidden, hidden], bound, rng, backend);
    this.bias = constant(4 * hidden, 0);
    this.gain_ih = constant(4 * hidden, 1);
    this.gain_hh = constant(4 * hidden, 1);
    this.gain_cell = constant(hidden, 1);
    this.bias_cell = constant(hidden, 0);
    this._hidden = hidden;
  }

  /** @param batch number of sequences */
  zeroState(batch: number): RecurrentState {
    checkSize("LayerNormLSTMCell.zeroState: batch", batch);
    const make = () => zeros([batch, this._hidden], this.weight_ih.backend);
    return new RecurrentState(make(), make());
  }

  /**
   * x [B, I] -> output [B, H] and the next state.
   * @param state the state that the previous step returned; absent parts are zero
   * @throws InputError, ShapeError for an invalid state or other shapes
   */
  step(x: Tensor, state: RecurrentState): { output: Tensor; state: RecurrentState } {
    const where = "LayerNormLSTMCell.step";
    requireFloats(where, { x });
    const given: unknown = state === undefined ? {} : state;
    checkStateParts(`${where}: state`, given, true);
    const H = this._hidden;
    checkShape(`${where}: x`, x.shape, [
      ["batch", null],
      ["inputs", this.weight_ih.shape[1]],
    ]);
    const zero = () => zeros([x.shape[0], H], this.weight_ih.backend);
    const { hidden = zero(), cell = zero() } = given;
    checkStateShapes(`${where}: state`, { hidden, cell }, [["batch", x.shape[0]]], { hidden: H, cell: H });
    const fromInput = layerNorm(linear(x, this.weight_ih), this.gain_ih, this.bias);
    const fromState = layerNorm(linear(hidden, this.weight_hh), this.gain_hh);
    const [i, f, g, o] = split(add(fromInput, fromState), [H, H, H, H]);
    const c = add(mul(sigmoid(f), cell), mul(sigmoid(i), tanh(g)));
    const h = mul(sigmoid(o), tanh(layerNorm(c, this.gain_cell, this.bias_cell)));
    return { output: h, state: new RecurrentState(h, c) };
  }
}

import { dropout } from "../autograd/ops/dropout.ts";
import { type LSTMWeights, lstmSequence, type PackedLSTM, packLSTM } from "../autograd/ops/lstm-sequence.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import { select, stack, swapAxes } from "../autograd/ops/time.ts";
import type { Backend } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
import type { Rng } from "../core/rng.ts";
import { checkShape } from "../core/shape.ts";
import { uniform } from "./init.ts";
import { checkDropout, checkSize } from "./options.ts";

export interface LSTMOptions {
  /** Source of the initial weights and, unless forward is given another, of the dropout masks. */
  rng: Rng;
  /** Stacked layers; each reads the hidden states of the one below. Default 1. */
  layers?: number;
  /** Two bias vectors a layer, as PyTorch has them. Default true. */
  bias?: boolean;
  /** Probability of dropping an element between two layers while training. Default 0. */
  dropout?: number;
  /** Inputs and outputs [batch, time, ...] (default) or [time, batch, ...], which saves two copies. */
  batchFirst?: boolean;
  backend?: Backend;
}

/** Hidden and cell states of all layers, [layers, B, H] each; absent ones are zero. */
export class LSTMState {
  readonly hidden: Tensor | undefined;
  readonly cell: Tensor | undefined;

  constructor(hidden?: Tensor, cell?: Tensor) {
    this.hidden = hidden;
    this.cell = cell;
  }

  /** The same values without their history, good until the end of the next step. */
  detach(): LSTMState {
    return new LSTMState(this.hidden?.detach(), this.cell?.detach());
  }

  /** A copy that outlives every scope. */
  keep(): LSTMState {
    return new LSTMState(this.hidden?.keep(), this.cell?.keep());
  }

  dispose(): void {
    this.hidden?.dispose();
    this.cell?.dispose();
  }
}

export interface LSTMForwardOptions {
  /** Where the sequence starts; zero when absent. */
  state?: LSTMState;
  /** Draw dropout masks from here; without it, and with `training: false`, nothing is dropped. */
  rng?: Rng;
  training?: boolean;
  /** From {@link LSTM.pack}: saves packing when the weights have not changed. */
  packed?: readonly PackedLSTM[];
}

/**
 * A stacked LSTM with the semantics and parameter names of torch.nn.LSTM: `weight_ih_l0` [4H, I] (in layers above
 * 0 [4H, H]), `weight_hh_l0` [4H, H], `bias_ih_l0`, `bias_hh_l0` [4H], gates in the order i, f, g, o, initial
 * values uniform within 1 / sqrt(H). Equations: backend/reference/lstm.ts.
 *
 * An integer input (ids in [0, inputs)) counts as one-hot and costs a gather.
 */
export class LSTM {
  readonly inputs: number;
  readonly hidden: number;
  readonly layers: number;
  readonly dropout: number;
  readonly batchFirst: boolean;
  [name: `weight_${string}` | `bias_${string}`]: Tensor;
  private readonly _rng: Rng;
  private readonly _weights: LSTMWeights[] = [];

  constructor(inputs: number, hidden: number, options: LSTMOptions) {
    const { rng, layers = 1, bias = true, dropout: p = 0, batchFirst = true, backend } = options;
    checkSize("LSTM: inputs", inputs);
    checkSize("LSTM: hidden", hidden);
    checkSize("LSTM: layers", layers);
    checkDropout("LSTM: dropout", p);
    this.inputs = inputs;
    this.hidden = hidden;
    this.layers = layers;
    this.dropout = p;
    this.batchFirst = batchFirst;
    this._rng = rng;
    const bound = 1 / Math.sqrt(hidden);
    for (let layer = 0; layer < layers; layer++) {
      const weightIh = uniform([4 * hidden, layer === 0 ? inputs : hidden], bound, rng, backend);
      const weightHh = uniform([4 * hidden, hidden], bound, rng, backend);
      this[`weight_ih_l${layer}`] = weightIh;
      this[`weight_hh_l${layer}`] = weightHh;
      if (!bias) {
        this._weights.push({ weightIh, weightHh });
        continue;
      }
      const biasIh = uniform([4 * hidden], bound, rng, backend);
      const biasHh = uniform([4 * hidden], bound, rng, backend);
      this[`bias_ih_l${layer}`] = biasIh;
      this[`bias_hh_l${layer}`] = biasHh;
      this._weights.push({ weightIh, weightHh, biasIh, biasHh });
    }
  }

  /** All zeros; takes no memory. */
  zeroState(_batch: number): LSTMState {
    return new LSTMState();
  }

  /** The weights in the layout of the kernels, for many calls without an update between them. */
  pack(integerInput: boolean): PackedLSTM[] {
    return this._weights.map((weights, layer) => packLSTM(weights, integerInput && layer === 0));
  }

  /**
   * inputs [B, T, I] or ids [B, T] (time first with batchFirst: false) -> output [B, T, H] of the top layer and
   * the state after the last step.
   * @throws ShapeError naming both shapes; InputError for ids outside [0, inputs)
   */
  forward(inputs: Tensor, options: LSTMForwardOptions = {}): { output: Tensor; state: LSTMState } {
    const { state = new LSTMState(), training = true, packed, rng = this._rng } = options;
    this.checkInputs(inputs);
    let x = this.batchFirst ? swapAxes(inputs) : inputs;
    const batch = x.shape[1];
    const hidden: Tensor[] = [];
    const cells: Tensor[] = [];
    for (const [layer, weights] of this._weights.entries()) {
      if (layer > 0 && training) x = dropout(x, this.dropout, rng);
      const initial = {
        hidden: this.layerState("hidden", state.hidden, layer, batch),
        cell: this.layerState("cell", state.cell, layer, batch),
      };
      const sequence = lstmSequence(x, weights, initial, packed?.[layer]);
      x = sequence.output;
      hidden.push(sequence.hidden);
      cells.push(sequence.cell);
    }
    const output = this.batchFirst ? swapAxes(x) : x;
    return { output, state: new LSTMState(stackLayers(hidden), stackLayers(cells)) };
  }

  private layerState(
    name: string,
    state: Tensor | undefined,
    layer: number,
    batch: number,
  ): Tensor | undefined {
    if (state === undefined) return undefined;
    checkShape(`lstm.forward: state.${name}`, state.shape, [
      ["layers", this.layers],
      ["batch", batch],
      ["hidden", this.hidden],
    ]);
    return this.layers === 1 ? reshape(state, [batch, this.hidden]) : select(state, layer);
  }

  private checkInputs(inputs: Tensor): void {
    const axes = [
      ["batch", null],
      ["time", null],
    ] as const;
    const order = this.batchFirst ? axes : axes.toReversed();
    const features = inputs.dtype === "i32" ? [] : ([["features", this.inputs]] as const);
    checkShape("lstm.forward: inputs", inputs.shape, [...order, ...features]);
    if (inputs.size === 0) throw new InputError("lstm.forward: inputs are empty");
  }
}

function stackLayers(states: readonly Tensor[]): Tensor {
  const [only] = states;
  return states.length === 1 ? reshape(only, [1, ...only.shape]) : stack(states);
}

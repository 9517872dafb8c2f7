import { requireTensors } from "../autograd/check.ts";
import { concat } from "../autograd/ops/concat.ts";
import { type InitialState, recurrent } from "../autograd/ops/recurrent.ts";
import { CELLS, type CellKind, type RecurrentWeights } from "../autograd/ops/recurrent-cells.ts";
import { BoundWeights } from "../autograd/ops/recurrent-weights.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import { select, stack } from "../autograd/ops/time.ts";
import type { Backend } from "../backend/backend.ts";
import { scope } from "../backend/scope.ts";
import type { Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
import { BELOW_1, checkValue, FLAG, type Names, refuseOthers, type Settled, SIZE } from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { checkShape, showShape } from "../core/shape.ts";
import { requireRoom } from "./init.ts";
import { layerDropout } from "./layer-dropout.ts";
import { checkSize, MODULE_RANGES } from "./options.ts";
import { CELL_FORWARD, checkForward } from "./recurrent.ts";
import { type BiasName, makeWeights, nameOf, type WeightName } from "./recurrent-parameters.ts";
import { checkStateParts, checkStateShapes, RecurrentState } from "./recurrent-state.ts";
import { STREAM_OPTIONS, Stream, type StreamOptions, type StreamParts } from "./stream.ts";
import { denseTimeline, packedTimeline, type Timeline } from "./timeline.ts";

export interface RecurrentOptions {
  /** Source of the initial weights and, unless forward is given another, of the dropout masks. */
  rng: Rng;
  /** Stacked layers; each reads the hidden states of the one below. Default 1. */
  layers?: number;
  /** Two bias vectors a layer, as PyTorch has them. Default true. */
  bias?: boolean;
  /** Probability of dropping an element between two layers while training. Default 0. */
  dropout?: number;
  /** One dropout mask for all steps of a sequence (Gal and Ghahramani 2016). Default false: a new one each step. */
  variational?: boolean;
  /** A second set of weights reads the sequence backwards; outputs are forward and backward side by side. */
  bidirectional?: boolean;
  /** Inputs and outputs [batch, time, ...] (default) or [time, batch, ...], which saves two copies. */
  batchFirst?: boolean;
  backend?: Backend;
}

export const RECURRENT_RANGES = {
  ...MODULE_RANGES,
  ...{ layers: SIZE, bias: FLAG, dropout: BELOW_1, variational: FLAG, bidirectional: FLAG, batchFirst: FLAG },
};

export const RECURRENT_DEFAULTS = {
  ...{ layers: 1, bias: true, dropout: 0, variational: false, bidirectional: false, batchFirst: true },
};

export interface RecurrentForwardOptions {
  /** Where the sequence starts; zero when absent. */
  state?: RecurrentState | InitialState;
  /** Length of each sequence of the batch, in any order, 1 to T. What lies beyond is never read; outputs there are 0. */
  lengths?: ArrayLike<number>;
  /** Draw dropout masks from here. */
  rng?: Rng;
  /** With `false` nothing is dropped. Default true. */
  training?: boolean;
  /** From {@link RecurrentLayer.bind}: the weights packed once for many calls without an update between them. */
  bound?: readonly BoundWeights[];
}

const FORWARD: Names<RecurrentForwardOptions & typeof CELL_FORWARD> = { ...CELL_FORWARD, bound: 0 };

/** Options, none of which is unknown. */
function named<Options extends object>(where: string, known: object, options: Options): Options {
  refuseOthers(where, known, options);
  return options;
}

/**
 * What RNN, LSTM and GRU share: layers, directions, lengths, states and dropout, with the semantics and parameter
 * names of torch.nn. Parameters are `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, with `_reverse` behind
 * for the second direction; initial values are uniform within 1 / sqrt(hidden).
 */
export abstract class RecurrentLayer {
  readonly kind: CellKind;
  readonly inputs: number;
  readonly hidden: number;
  readonly layers: number;
  readonly dropout: number;
  readonly variational: boolean;
  readonly bidirectional: boolean;
  readonly batchFirst: boolean;
  /** Size of the hidden state of one direction: the projection's, where there is one. */
  readonly stateSize: number;
  /** Size of the outputs: that of all directions. */
  readonly outputSize: number;
  /** [gates * H, inputs] */
  declare readonly weight_ih_l0: Tensor;
  /** [gates * H, S] */
  declare readonly weight_hh_l0: Tensor;
  /** [gates * H] each; absent with `bias: false`. */
  declare readonly bias_ih_l0?: Tensor;
  declare readonly bias_hh_l0?: Tensor;
  /** Of the layers above, of the second direction (`_reverse`) and of a projection (`weight_hr_l0`). */
  readonly [name: WeightName]: Tensor;
  readonly [name: BiasName]: Tensor | undefined;
  private readonly _rng: Rng;
  /** Layer by layer, in each first forward, then backward. */
  private readonly _weights: RecurrentWeights[] = [];

  constructor(
    kind: CellKind,
    where: string,
    inputs: number,
    hidden: number,
    settings: Settled<RecurrentOptions, "backend">,
    projection = 0,
  ) {
    const { rng, layers, bias, backend } = settings;
    checkSize(`${where}: inputs`, inputs);
    checkSize(`${where}: hidden`, hidden);
    this.kind = kind;
    this.inputs = inputs;
    this.hidden = hidden;
    this.layers = layers;
    this.dropout = settings.dropout;
    this.variational = settings.variational;
    this.bidirectional = settings.bidirectional;
    this.batchFirst = settings.batchFirst;
    this.stateSize = projection || hidden;
    this.outputSize = this.stateSize * this.directions;
    this._rng = rng;
    const recurrentWeights = CELLS[kind].gates * hidden * this.stateSize;
    requireRoom(`${where} of ${layers} layers`, layers * this.directions * recurrentWeights, backend);
    for (let layer = 0; layer < layers; layer++) {
      for (let direction = 0; direction < this.directions; direction++) {
        const size = layer === 0 ? inputs : this.outputSize;
        const weights = makeWeights(CELLS[kind].gates, size, hidden, { projection, bias, rng, backend });
        this._weights.push(weights);
        for (const [name, tensor] of Object.entries(weights)) {
          if (tensor !== undefined) Object.assign(this, { [nameOf(name, layer, direction)]: tensor });
        }
      }
    }
  }

  private get directions(): number {
    return this.bidirectional ? 2 : 1;
  }

  /**
   * All zeros; takes no memory.
   * @param batch how many sequences
   */
  zeroState(batch: number): RecurrentState {
    checkSize(`${this.cellName}.zeroState: batch`, batch);
    return new RecurrentState();
  }

  /** The weights of every layer and direction in the order of the kernels, until the weights change. */
  bind(): BoundWeights[] {
    return this._weights.map((weights) => new BoundWeights(this.kind, weights));
  }

  /** The same for many frames of inference: outside all scopes until each is disposed of. */
  keepBound(idInput: boolean): BoundWeights[] {
    checkValue(`${this.cellName}.keepBound: idInput`, FLAG, idInput);
    return scope(
      () => this.bind().map((weights, index) => weights.keep(idInput && index < this.directions)),
      this._weights[0].weightIh.backend,
    );
  }

  /**
   * These layers and a linear layer behind them one step at a time, for values [I].
   * @throws InputError for a bidirectional layer, whose outputs depend on what comes later
   */
  stream(options: StreamOptions & Pick<StreamParts, "head"> = {}): Stream<ArrayLike<number>> {
    const { head, ...others } = named(`${this.cellName}.stream`, { ...STREAM_OPTIONS, head: 0 }, options);
    return this.streamOf({ head, ids: false }, others);
  }

  /** The same for ids: one-hot, or through an embedding, a module or its matrix [symbols, I]. */
  streamIds(options: StreamOptions & Pick<StreamParts, "embedding" | "head"> = {}): Stream<number> {
    const known = { ...STREAM_OPTIONS, embedding: 0, head: 0 };
    const { embedding, head, ...others } = named(`${this.cellName}.streamIds`, known, options);
    return this.streamOf({ embedding, head, ids: true }, others);
  }

  private streamOf<Input extends number | ArrayLike<number>>(
    parts: Omit<StreamParts, "kind" | "layers">,
    options: StreamOptions,
  ): Stream<Input> {
    if (this.bidirectional) {
      throw new InputError("stream: a bidirectional layer reads a sequence from its end, too", {
        hint: "a stream has no end: train the layer in one direction",
      });
    }
    return new Stream({ kind: this.kind, layers: this._weights, ...parts }, options);
  }

  /**
   * inputs [B, T, I] or ids [B, T] -> output [B, T, S * directions] of the top layer and the state after the last
   * step of each sequence. Time comes first with `batchFirst: false`; without a batch, inputs are [T, I] (or ids
   * [T]), output [T, ...] and states [layers * directions, S].
   * @throws ShapeError naming both shapes; InputError for ids outside [0, inputs) and for lengths outside [1, T]
   */
  forward(inputs: Tensor, options: RecurrentForwardOptions = {}): { output: Tensor; state: RecurrentState } {
    refuseOthers(this.where, FORWARD, options);
    requireTensors(this.where, { inputs });
    if (options.state !== undefined) checkStateParts(`${this.where}: state`, options.state, this.hasCell);
    const axes = inputs.dtype === "i32" ? 2 : 3;
    if (inputs.shape.length !== axes - 1) return this.run(inputs, options);
    const { output, state } = this.run(reshape(inputs, this.withBatch(inputs.shape)), {
      ...options,
      state: this.mapState(options.state, (tensor) => reshape(tensor, tensor.shape.toSpliced(1, 0, 1))),
    });
    const drop = (tensor: Tensor) => reshape(tensor, tensor.shape.toSpliced(1, 1));
    return {
      output: reshape(output, [inputs.shape[0], this.outputSize]),
      state: this.mapState(state, drop)!,
    };
  }

  private withBatch(shape: readonly number[]): readonly number[] {
    return shape.toSpliced(this.batchFirst ? 0 : 1, 0, 1);
  }

  private mapState(
    state: InitialState | undefined,
    change: (tensor: Tensor) => Tensor,
  ): RecurrentState | undefined {
    return (
      state && new RecurrentState(state.hidden && change(state.hidden), state.cell && change(state.cell))
    );
  }

  private run(inputs: Tensor, options: RecurrentForwardOptions): { output: Tensor; state: RecurrentState } {
    const { state, training = true, rng = this._rng, lengths } = options;
    checkForward(this.where, options);
    const bound = options.bound === undefined ? this.bind() : this.checkBound(options.bound);
    this.checkInputs(inputs);
    const batch = inputs.shape[this.batchFirst ? 0 : 1];
    this.checkState(state, batch);
    const time = this.timeline(inputs, lengths);
    let x = time.enter(inputs);
    const hidden: Tensor[] = [];
    const cells: Tensor[] = [];
    for (let layer = 0; layer < this.layers; layer++) {
      if (layer > 0 && training) x = layerDropout(x, this.dropout, rng, time, this.variational);
      const outputs: Tensor[] = [];
      for (let direction = 0; direction < this.directions; direction++) {
        const index = layer * this.directions + direction;
        const from = {
          hidden: state?.hidden && time.sortBatch(select(state.hidden, index)),
          cell: state?.cell && time.sortBatch(select(state.cell, index)),
        };
        const sequence = direction === 0 ? x : time.reverse(x);
        const run = recurrent(bound[index], sequence, from, time.rows);
        outputs.push(direction === 0 ? run.output : time.reverse(run.output));
        hidden.push(time.unsortBatch(run.hidden));
        if (run.cell !== undefined) cells.push(time.unsortBatch(run.cell));
      }
      x = outputs.length === 1 ? outputs[0] : concat(outputs);
    }
    const last = (all: readonly Tensor[]) =>
      all.length === 1 ? reshape(all[0], [1, ...all[0].shape]) : stack(all);
    return {
      output: time.leave(x),
      state: new RecurrentState(last(hidden), cells.length === 0 ? undefined : last(cells)),
    };
  }

  private checkBound(bound: readonly BoundWeights[]): readonly BoundWeights[] {
    const count = this._weights.length;
    const fits =
      Array.isArray(bound) &&
      bound.length === count &&
      bound.every(
        (one, index) => one instanceof BoundWeights && one.weights.weightIh === this._weights[index].weightIh,
      );
    checkValue(`${this.where}: bound`, { text: `what bind() of this layer made`, fits: () => fits }, bound);
    return bound;
  }

  private timeline(inputs: Tensor, lengths: ArrayLike<number> | undefined): Timeline {
    if (lengths === undefined) return denseTimeline(this.batchFirst, inputs.shape);
    return packedTimeline(this.batchFirst, inputs.shape, lengths, `${this.where}: lengths`);
  }

  private get where(): string {
    return `${this.cellName}.forward`;
  }

  private get hasCell(): boolean {
    return CELLS[this.kind].hasCell;
  }

  private get cellName(): string {
    return this.kind.split("-")[0];
  }

  private checkState(state: InitialState | undefined, batch: number): void {
    if (state === undefined) return;
    const axes = [
      [this.bidirectional ? "2 layers" : "layers", this.layers * this.directions],
      ["batch", batch],
    ] as const;
    const widths = { hidden: this.stateSize, cell: this.hasCell ? this.hidden : undefined };
    checkStateShapes(`${this.where}: state`, state, axes, widths);
  }

  private checkInputs(inputs: Tensor): void {
    const axes = [
      ["batch", null],
      ["time", null],
    ] as const;
    const order = this.batchFirst ? axes : axes.toReversed();
    const features = inputs.dtype === "i32" ? [] : ([["features", this.inputs]] as const);
    checkShape(`${this.where}: inputs`, inputs.shape, [...order, ...features]);
    if (inputs.size === 0)
      throw new InputError(`${this.where}: inputs are empty, ${showShape(inputs.shape)}`);
  }
}

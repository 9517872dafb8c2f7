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
  /** Generator of the initial weights, and of the dropout masks unless forward is given another. */
  rng: Rng;
  /** Number of stacked layers; each reads the hidden states of the layer below. Default 1. */
  layers?: number;
  /** Whether each layer has two bias vectors, as in PyTorch. Default true. */
  bias?: boolean;
  /** Probability of dropping an element between two layers while training. Default 0. */
  dropout?: number;
  /**
   * Whether one dropout mask serves all steps of a sequence (Gal and Ghahramani 2016). Default false: a new mask per
   * step.
   */
  variational?: boolean;
  /** Whether a second set of weights reads the sequence backwards; the outputs of both directions are concatenated. */
  bidirectional?: boolean;
  /** Whether inputs and outputs are [batch, time, ...] (default) or [time, batch, ...], which saves two copies. */
  batchFirst?: boolean;
  backend?: Backend;
}

export const RECURRENT_RANGES = {
  ...MODULE_RANGES,
  layers: SIZE,
  bias: FLAG,
  dropout: BELOW_1,
  variational: FLAG,
  bidirectional: FLAG,
  batchFirst: FLAG,
};

export const RECURRENT_DEFAULTS = {
  layers: 1,
  bias: true,
  dropout: 0,
  variational: false,
  bidirectional: false,
  batchFirst: true,
};

export interface RecurrentForwardOptions {
  /** The initial state; absent parts are zero. */
  state?: RecurrentState | InitialState;
  /** Length of each sequence of the batch, in any order, 1 to T. Padding is never read; outputs there are 0. */
  lengths?: ArrayLike<number>;
  /** Generator of the dropout masks. */
  rng?: Rng;
  /** If false, nothing is dropped. Default true. */
  training?: boolean;
  /** The result of {@link RecurrentLayer.bind}: weights packed once for many calls without an update between them. */
  bound?: readonly BoundWeights[];
}

const FORWARD: Names<RecurrentForwardOptions & typeof CELL_FORWARD> = { ...CELL_FORWARD, bound: 0 };

/** Options without unknown names. */
function named<Options extends object>(where: string, known: object, options: Options): Options {
  refuseOthers(where, known, options);
  return options;
}

/**
 * The base class of RNN, LSTM and GRU: layers, directions, lengths, states and dropout, with the semantics and
 * parameter names of torch.nn. Parameters are `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, with the
 * suffix `_reverse` for the second direction. Initial values are uniform within 1 / sqrt(hidden).
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
  /** Size of the hidden state of one direction: that of the projection, if there is one. */
  readonly stateSize: number;
  /** Number of features of the output, for all directions together. */
  readonly outputSize: number;
  /** [gates * H, inputs] */
  declare readonly weight_ih_l0: Tensor;
  /** [gates * H, S] */
  declare readonly weight_hh_l0: Tensor;
  /** [gates * H] each; absent with `bias: false` */
  declare readonly bias_ih_l0?: Tensor;
  declare readonly bias_hh_l0?: Tensor;
  /** Parameters of higher layers, of the second direction (`_reverse`) and of a projection (`weight_hr_l0`). */
  readonly [name: WeightName]: Tensor;
  readonly [name: BiasName]: Tensor | undefined;
  private readonly _rng: Rng;
  /** Ordered by layer; in each layer forward first, then backward. */
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
   * A state of zeros; takes no memory.
   * @param batch number of sequences
   */
  zeroState(batch: number): RecurrentState {
    checkSize(`${this.cellName}.zeroState: batch`, batch);
    return new RecurrentState();
  }

  /** Packs the weights of every layer and direction in the layout of the kernels; valid until the weights change. */
  bind(): BoundWeights[] {
    return this._weights.map((weights) => new BoundWeights(this.kind, weights));
  }

  /** Like `bind`, for many frames of inference: outside all scopes, until each result is disposed of. */
  keepBound(idInput: boolean): BoundWeights[] {
    checkValue(`${this.cellName}.keepBound: idInput`, FLAG, idInput);
    return scope(
      () => this.bind().map((weights, index) => weights.keep(idInput && index < this.directions)),
      this._weights[0].weightIh.backend,
    );
  }

  /**
   * A stream of these layers and an optional linear layer after them, one step at a time, for values [I].
   * @throws InputError for a bidirectional layer, whose outputs depend on later inputs
   */
  stream(options: StreamOptions & Pick<StreamParts, "head"> = {}): Stream<ArrayLike<number>> {
    const { head, ...others } = named(`${this.cellName}.stream`, { ...STREAM_OPTIONS, head: 0 }, options);
    return this.streamOf({ head, ids: false }, others);
  }

  /** Like `stream`, for ids: one-hot, or through an embedding (a module or its matrix [symbols, I]). */
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
   * inputs [B, T, I] or ids [B, T] -> output [B, T, S * directions] of the top layer, and the state after the last step
   * of each sequence. With `batchFirst: false` the time axis comes first. Without a batch, inputs are [T, I] (or ids
   * [T]), output [T, ...] and states [layers * directions, S].
   * @throws ShapeError that names both shapes; InputError for ids outside [0, inputs) and for lengths outside [1, T]
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

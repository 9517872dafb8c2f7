import { requireTensors } from "../autograd/check.ts";
import { recurrent } from "../autograd/ops/recurrent.ts";
import { CELLS, type CellKind, type RecurrentWeights } from "../autograd/ops/recurrent-cells.ts";
import { BoundWeights } from "../autograd/ops/recurrent-weights.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import { currentTape, kernelsOf, type Tape } from "../autograd/tape.ts";
import type { Backend } from "../backend/backend.ts";
import { scope } from "../backend/scope.ts";
import { type Tensor, writesOf, zeros } from "../backend/tensor.ts";
import {
  checkValue,
  FLAG,
  GENERATOR,
  type Names,
  optional,
  refuseOthers,
  type Settled,
  settle,
} from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import type { Cell, StepContext } from "./cell.ts";
import { type GRUOptions, RESET_GATE } from "./gru.ts";
import { checkSize, MODULE_RANGES } from "./options.ts";
import { makeWeights } from "./recurrent-parameters.ts";
import { checkStateParts, checkStateShapes, RecurrentState } from "./recurrent-state.ts";
import { NONLINEARITY, type RNNOptions } from "./rnn.ts";

export interface CellOptions {
  rng: Rng;
  bias?: boolean;
  backend?: Backend;
}

type CellSettings = Settled<CellOptions, "backend">;

const RANGES = { ...MODULE_RANGES, bias: FLAG };
const DEFAULTS = { bias: true };

const BOUND = { text: "what bind() made", fits: (value: unknown) => value instanceof BoundWeights };
const CONTEXT: Names<FusedStepContext> = { rng: 0, bound: 0 };

interface KeptWeights {
  readonly bound: BoundWeights;
  readonly writes: number;
}

interface FusedStepContext extends StepContext {
  /** The result of `bind()`, for many steps outside a tape. */
  readonly bound?: BoundWeights;
}

/**
 * A cell that runs one step at a time, for models that feed their output back (decoders, attention, DRAW). Each step is
 * one node of the tape. Weights are packed once for all steps of a tape, and their gradients are one product over all
 * steps.
 */
class FusedCell implements Cell<RecurrentState> {
  readonly weight_ih: Tensor;
  readonly weight_hh: Tensor;
  readonly bias_ih?: Tensor;
  readonly bias_hh?: Tensor;
  private readonly _kind: CellKind;
  private readonly _where: string;
  private readonly _hidden: number;
  private readonly _weights: RecurrentWeights;
  private _bound: { tape: Tape; weights: BoundWeights } | undefined;
  /**
   * Packed weights for steps outside a tape, by kind of input, with the number of writes of the weights when they were
   * packed.
   */
  private readonly _kept: { ids?: KeptWeights; values?: KeptWeights } = {};

  constructor(kind: CellKind, where: string, inputs: number, hidden: number, settings: CellSettings) {
    checkSize(`${where}: inputs`, inputs);
    checkSize(`${where}: hidden`, hidden);
    const { rng, bias, backend } = settings;
    this._kind = kind;
    this._where = where;
    this._hidden = hidden;
    this._weights = makeWeights(CELLS[kind].gates, inputs, hidden, { projection: 0, bias, rng, backend });
    this.weight_ih = this._weights.weightIh;
    this.weight_hh = this._weights.weightHh;
    if (!bias) return;
    this.bias_ih = this._weights.biasIh;
    this.bias_hh = this._weights.biasHh;
  }

  /** @param batch number of sequences */
  zeroState(batch: number): RecurrentState {
    checkSize(`${this._where}.zeroState: batch`, batch);
    const make = () => zeros([batch, this._hidden], this.weight_hh.backend);
    return CELLS[this._kind].hasCell ? new RecurrentState(make(), make()) : new RecurrentState(make());
  }

  /**
   * x [B, I] or ids [B] -> output [B, H] and the next state.
   * @param state the state that the previous step returned; absent parts are zero
   * @throws InputError, ShapeError for an invalid state or other shapes
   */
  step(
    x: Tensor,
    state: RecurrentState,
    context: FusedStepContext = {},
  ): { output: Tensor; state: RecurrentState } {
    const where = `${this._where}.step`;
    requireTensors(where, { x });
    kernelsOf(where, x, this.weight_hh);
    if (state !== undefined) this.checkState(`${where}: state`, state, x);
    refuseOthers(where, CONTEXT, context);
    checkValue(`${where}: rng`, optional(GENERATOR), context.rng);
    checkValue(`${where}: bound`, optional(BOUND), context.bound);
    const bound = context.bound ?? this.boundNow(x.dtype === "i32");
    const run = recurrent(bound, reshape(x, [1, ...x.shape]), state);
    return { output: run.hidden, state: new RecurrentState(run.hidden, run.cell) };
  }

  /** Packs the weights in the layout of the kernels; valid until the weights change. */
  bind(): BoundWeights {
    return new BoundWeights(this._kind, this._weights);
  }

  private checkState(where: string, state: RecurrentState, x: Tensor): void {
    const { hasCell } = CELLS[this._kind];
    checkStateParts(where, state, hasCell);
    const widths = { hidden: this._hidden, cell: hasCell ? this._hidden : undefined };
    if (x.shape.length > 0) checkStateShapes(where, state, [["batch", x.shape[0]]], widths);
  }

  /**
   * On a tape, one binding serves all steps, because weights do not change. Without a tape it serves until they change.
   */
  private boundNow(hasIds: boolean): BoundWeights {
    const tape = currentTape();
    if (tape === undefined) return this.keptNow(hasIds);
    this.forgetKept();
    // The binding may have been made in a scope inside the tape's that has ended.
    if (this._bound?.tape !== tape || !this._bound.weights.live) this._bound = { tape, weights: this.bind() };
    return this._bound.weights;
  }

  private keptNow(hasIds: boolean): BoundWeights {
    const name = hasIds ? "ids" : "values";
    const writes = this.writes();
    const found = this._kept[name];
    if (found?.writes === writes) return found.bound;
    found?.bound.dispose();
    const bound = scope(() => this.bind().keep(hasIds), this.weight_hh.backend);
    this._kept[name] = { bound, writes };
    return bound;
  }

  /** Training changes the weights in any case, and needs the memory. */
  private forgetKept(): void {
    for (const name of ["ids", "values"] as const) {
      this._kept[name]?.bound.dispose();
      delete this._kept[name];
    }
  }

  /** Number of writes of the weights. @throws StaleTensorError for weights that were disposed of */
  private writes(): number {
    let writes = 0;
    for (const weight of Object.values<Tensor | undefined>({ ...this._weights })) {
      if (weight === undefined) continue;
      void weight.address;
      writes += writesOf(weight);
    }
    return writes;
  }
}

/** Like torch.nn.LSTMCell. */
export class LSTMCell extends FusedCell {
  constructor(inputs: number, hidden: number, options: CellOptions) {
    super("lstm", "LSTMCell", inputs, hidden, settle<CellSettings>("LSTMCell", RANGES, DEFAULTS, options));
  }
}

/** Like torch.nn.GRUCell; `resetGate` as in GRU. */
export class GRUCell extends FusedCell {
  constructor(inputs: number, hidden: number, options: CellOptions & Pick<GRUOptions, "resetGate">) {
    const { resetGate, ...settings } = settle<CellSettings & Required<Pick<GRUOptions, "resetGate">>>(
      "GRUCell",
      { ...RANGES, resetGate: RESET_GATE },
      { ...DEFAULTS, resetGate: "after" },
      options,
    );
    super(resetGate === "after" ? "gru" : "gru-before", "GRUCell", inputs, hidden, settings);
  }
}

/** Like torch.nn.RNNCell. */
export class RNNCell extends FusedCell {
  constructor(inputs: number, hidden: number, options: CellOptions & Pick<RNNOptions, "nonlinearity">) {
    const { nonlinearity, ...settings } = settle<CellSettings & Required<Pick<RNNOptions, "nonlinearity">>>(
      "RNNCell",
      { ...RANGES, nonlinearity: NONLINEARITY },
      { ...DEFAULTS, nonlinearity: "tanh" },
      options,
    );
    super(nonlinearity === "tanh" ? "rnn-tanh" : "rnn-relu", "RNNCell", inputs, hidden, settings);
  }
}

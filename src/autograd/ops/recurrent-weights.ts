import type { Kernels } from "../../backend/backend.ts";
import { requireScopeOn, withScratch } from "../../backend/scope.ts";
import { empty, isLive, type Tensor } from "../../backend/tensor.ts";
import { ScopeError } from "../../core/errors.ts";
import { isRecording, kernelsOf, record } from "../tape.ts";
import {
  CELLS,
  type CellKind,
  type CellTraits,
  type RecurrentSizes,
  type RecurrentWeights,
  sizesOf,
} from "./recurrent-cells.ts";

/** The number of sequences at each step: on the heap for the kernels, and a copy from when it was checked. */
export interface CheckedRows {
  readonly counts: Tensor;
  readonly values: Int32Array;
}

/** What one call of the layer saves for the weight gradients. */
export interface WeightShare {
  readonly x: Tensor;
  readonly output: Tensor;
  readonly cells: Tensor | undefined;
  readonly gates: Tensor | undefined;
  readonly dgates: Tensor;
  /** What the backward kernel stored of dgates for the weight gradients. */
  readonly parts: Tensor | undefined;
  readonly dprojected: Tensor | undefined;
  readonly h0: Tensor | undefined;
  readonly rows: CheckedRows | undefined;
  readonly T: number;
  readonly B: number;
  readonly n: number;
}

/**
 * The weights of one layer in one direction, in the layout of the kernels, packed once for all calls until the weights
 * change. For any number of calls (a decoder makes one per step), the weight gradients are one product over the rows of
 * all calls, computed when backward has passed the first call.
 */
export class BoundWeights {
  readonly kind: CellKind;
  readonly weights: RecurrentWeights;
  readonly traits: CellTraits;
  readonly sizes: RecurrentSizes;
  readonly kernels: Kernels;
  /** Represents the weights on the tape; undefined if none of them needs a gradient. */
  readonly token: Tensor | undefined;
  /** Number of calls of the layer with this binding. */
  private calls = 0;
  private packed: { ids?: Tensor; values?: Tensor; backward?: Tensor } = {};
  private readonly shares: WeightShare[] = [];

  /** @throws InputError, ShapeError for an unknown cell and for weights that do not fit it or each other */
  constructor(kind: CellKind, weights: RecurrentWeights) {
    this.sizes = sizesOf(kind, weights);
    const { weightIh, weightHh, biasIh, biasHh, weightHr } = weights;
    this.kind = kind;
    this.weights = weights;
    this.traits = CELLS[kind];
    const all = [weightIh, weightHh, biasIh, biasHh, weightHr];
    this.kernels = kernelsOf(kind, ...all);
    if (!isRecording(...all)) return;
    this.token = record(`${kind} weights`, all, empty([]), () => this.gradients());
  }

  /** The weights for the forward kernel, for an input of ids or of values. */
  forward(hasIds: boolean): Tensor {
    const name = hasIds ? "ids" : "values";
    const found = this.packed[name];
    if (found !== undefined) return found;
    this.requireScope();
    const { weightIh, weightHh, biasIh, biasHh, weightHr } = this.weights;
    const { inputs, hidden, projection } = this.sizes;
    const { number } = this.traits;
    const sizes = [inputs, hidden, projection, hasIds ? 1 : 0] as const;
    const packed = empty([this.kernels.recurrent_pack_size(number, ...sizes)]);
    this.kernels.recurrent_pack(
      ...([packed.address, number, weightIh.address, weightHh.address] as const),
      ...([at(biasIh), at(biasHh), at(weightHr)] as const),
      ...sizes,
    );
    this.packed[name] = packed;
    return packed;
  }

  /** The recurrent weights for the backward kernel. */
  backward(): Tensor {
    if (this.packed.backward !== undefined) return this.packed.backward;
    this.requireScope();
    const { hidden, projection } = this.sizes;
    const { number } = this.traits;
    const packed = empty([this.kernels.recurrent_pack_backward_size(number, hidden, projection)]);
    const { weightHh, weightHr } = this.weights;
    this.kernels.recurrent_pack_backward(
      ...([packed.address, number, weightHh.address, at(weightHr), hidden, projection] as const),
    );
    this.packed.backward = packed;
    return packed;
  }

  /** Weights are packed into memory of the open scope. */
  private requireScope(): void {
    requireScopeOn(`${this.kind}: its weights`, this.weights.weightIh.backend);
  }

  /** For inference over many frames: packs the weights for one kind of input, outside all scopes, until `dispose`. */
  keep(hasIds: boolean): BoundWeights {
    const packed = this.forward(hasIds).keep();
    const kept = new BoundWeights(this.kind, this.weights);
    kept.packed = hasIds ? { ids: packed } : { values: packed };
    return kept;
  }

  dispose(): void {
    this.packed.ids?.dispose();
    this.packed.values?.dispose();
  }

  /**
   * Whether further calls may use it: the scope in which it was made has not ended, and it has not been disposed of.
   */
  get live(): boolean {
    const { ids, values, backward } = this.packed;
    return [this.token, ids, values, backward].every((tensor) => tensor === undefined || isLive(tensor));
  }

  /** Each call of the layer reports its start here. */
  began(): void {
    this.calls++;
  }

  /**
   * Memory for the parts of dgates of a call with n rows (kernels/unrolled.h), if the kernels have parts and the weight
   * gradients will read them. The gradients of several calls are computed from their joined dgates instead.
   */
  roomForParts(n: number): Tensor | undefined {
    if (this.token === undefined || this.calls > 1) return undefined;
    const size = this.kernels.recurrent_parts_size(this.traits.number, n, this.sizes.hidden);
    return size === 0 ? undefined : empty([size]);
  }

  /**
   * Called by the backward of each call.
   * @returns the gradient of the token, which only makes the tape reach the weights; its value is never read
   */
  remember(share: WeightShare): Tensor | undefined {
    if (this.token === undefined) return undefined;
    this.shares.push(share);
    return this.shares.length === 1 ? empty([]) : undefined;
  }

  private gradients(): (Tensor | undefined)[] {
    const { kernels, traits, sizes } = this;
    const { weightIh, weightHh, biasIh, biasHh, weightHr } = this.weights;
    const { inputs: I, hidden: H, projection: P } = sizes;
    const share = this.shares.length === 1 ? this.shares[0] : this.joinShares();
    this.shares.length = 0;
    const { x, output, cells, gates, dgates, parts, dprojected, h0, rows, T, B, n } = share;
    const hasIds = x.dtype === "i32";
    const [dWeightIh, dWeightHh] = [empty(weightIh.shape), empty(weightHh.shape)];
    const [dBiasIh, dBiasHh, dWeightHr] = [biasIh, biasHh, weightHr].map(
      (tensor) => tensor && empty(tensor.shape),
    );
    const words = kernels.recurrent_weight_gradients_scratch(traits.number, n, I, H, P, hasIds ? 1 : 0);
    withScratch(words, (scratch) => {
      kernels.recurrent_weight_gradients(
        ...([traits.number, dWeightIh.address, dWeightHh.address, at(dBiasIh), at(dBiasHh)] as const),
        ...([at(dWeightHr), dgates.address, at(parts), at(dprojected)] as const),
        ...([output.address, at(cells), at(gates)] as const),
        ...([hasIds ? 0 : x.address, hasIds ? x.address : 0, at(rows?.counts), at(h0)] as const),
        ...([T, B, n, I, H, P, scratch] as const),
      );
    });
    return [dWeightIh, dWeightHh, dBiasIh, dBiasHh, dWeightHr];
  }

  /** Joins all calls into one step with many rows: the weight gradients depend only on the numbers of each row. */
  private joinShares(): WeightShare {
    const shares = this.shares;
    const { hidden: H, state: S, projection: P, inputs: I } = this.sizes;
    const n = shares.reduce((total, share) => total + share.n, 0);
    const join = (width: number, part: (share: WeightShare) => Tensor | undefined, dtype?: "i32") => {
      if (width === 0) return undefined;
      const all = empty([n, width], dtype);
      let row = 0;
      for (const share of shares) {
        this.kernels.copy(all.view([share.n, width], row * width).address, at(part(share)), share.n * width);
        row += share.n;
      }
      return all;
    };
    const ids = shares[0].x.dtype === "i32";
    if (shares.some(({ x }) => (x.dtype === "i32") !== ids)) {
      throw new ScopeError(`${this.kind}: one binding of the weights was given both ids and values`);
    }
    const { traits } = this;
    const before = join(S, (share) => this.statesBefore(share))!;
    // The weights of a projection need the cell states and gates; the weights of a GRU need the gates.
    const readsGates = P > 0 || traits.number >= CELLS.gru.number;
    return {
      x: join(ids ? 1 : I, ({ x }) => x, ids ? "i32" : undefined)!,
      // In a single step, every row continues from h0, and the output is not read.
      output: before,
      cells: join(P > 0 ? H : 0, ({ cells }) => cells),
      gates: join(readsGates ? traits.saved * H : 0, ({ gates }) => gates),
      dgates: join(traits.differences * H, ({ dgates }) => dgates)!,
      parts: undefined,
      dprojected: join(P, ({ dprojected }) => dprojected),
      h0: before,
      rows: undefined,
      T: 1,
      B: n,
      n,
    };
  }

  /** The previous hidden state of each row of a call, [n, S]. */
  private statesBefore({ h0, output, rows, T, B, n }: WeightShare): Tensor {
    const { state: S } = this.sizes;
    const before = empty([n, S]);
    if (h0 === undefined) this.kernels.fill(before.address, 0, B * S);
    else this.kernels.copy(before.address, h0.address, B * S);
    let [from, to] = [0, B];
    for (let step = 1; step < T; step++) {
      const count = rows === undefined ? B : rows.values[step];
      this.kernels.copy(
        before.view([count, S], to * S).address,
        output.view([count, S], from * S).address,
        count * S,
      );
      from = to;
      to += count;
    }
    return before;
  }
}

const at = (tensor: Tensor | undefined): number => tensor?.address ?? 0;

/**
 * One step of a cell for one sequence of the batch, in float64, one unit at a time, written to be compared with its
 * equations. `recurrent.ts` runs it over time and multiplies matrices.
 */
export interface ReferenceCell {
  /** Number of blocks of H rows in the weights. */
  readonly gates: number;
  /**
   * Number of values per unit that forward saves for backward, and number of gradients of sums that backward computes.
   */
  readonly saved: number;
  readonly differences: number;
  /** The block of the differences that belongs to gate k of weight_ih, and to gate k of weight_hh. */
  readonly inputBlock: readonly number[];
  readonly recurrentBlock: readonly number[];
  forward(step: ForwardStep): void;
  backward(step: BackwardStep): void;
  /**
   * A gate whose recurrent product uses another vector than h', and that vector. `backward` of the cell has already
   * propagated the gradient through this product.
   */
  readonly own?: { readonly gate: number; input(hBefore: Float64Array, saved: Float64Array): Float64Array };
}

export interface ForwardStep {
  readonly H: number;
  /** Sums of gate k from the input: W_ih[k] x + b_ih[k]. */
  input(gate: number): Float64Array;
  /** Sums of gate k from a state: W_hh[k] h + b_hh[k]. */
  recurrent(gate: number, h: Float64Array): Float64Array;
  readonly hBefore: Float64Array;
  readonly cBefore: Float64Array;
  /** Results: hidden and cell state [H], and what backward needs [saved * H]. */
  readonly h: Float64Array;
  readonly c: Float64Array;
  readonly saved: Float64Array;
}

export interface BackwardStep {
  readonly H: number;
  /** W_hh[k]^T d: back-propagation through the recurrent product. */
  transposed(gate: number, d: Float64Array): Float64Array;
  readonly hBefore: Float64Array;
  readonly cBefore: Float64Array;
  readonly h: Float64Array;
  readonly c: Float64Array;
  readonly saved: Float64Array;
  /** Gradient of h. */
  readonly dh: Float64Array;
  /** Gradient of c; on return, the gradient of the previous cell state. */
  readonly dc: Float64Array;
  /**
   * Results: gradients of the sums [differences * H], and the part of hBefore's gradient that does not pass a weight.
   */
  readonly d: Float64Array;
  readonly dhBefore: Float64Array;
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Block k of H values. */
export const block = (values: Float64Array, k: number, H: number): Float64Array =>
  values.subarray(k * H, (k + 1) * H);

/**
 * One step of a cell for one sequence of the batch, in float64 and one unit after another: written to be read beside
 * its equations. `recurrent.ts` runs it over time and multiplies matrices.
 */
export interface ReferenceCell {
  /** Blocks of H rows in the weights. */
  readonly gates: number;
  /** Values a unit that forward saves for backward, and gradients of sums that backward makes. */
  readonly saved: number;
  readonly differences: number;
  /** Which block of the differences belongs to gate k of weight_ih, and of weight_hh. */
  readonly inputBlock: readonly number[];
  readonly recurrentBlock: readonly number[];
  forward(step: ForwardStep): void;
  backward(step: BackwardStep): void;
  /** A gate whose recurrent product is with something else than h': what that was. Its `backward` has already taken
   * the way back through this product. */
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
  /** W_hh[k]^T d: the way back through the recurrent product. */
  transposed(gate: number, d: Float64Array): Float64Array;
  readonly hBefore: Float64Array;
  readonly cBefore: Float64Array;
  readonly h: Float64Array;
  readonly c: Float64Array;
  readonly saved: Float64Array;
  /** Gradient of h. */
  readonly dh: Float64Array;
  /** Gradient of c; afterwards that of the cell state before. */
  readonly dc: Float64Array;
  /** Results: gradients of the sums [differences * H], and the part of hBefore's gradient that passes no weight. */
  readonly d: Float64Array;
  readonly dhBefore: Float64Array;
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Block k of H values. */
export const block = (values: Float64Array, k: number, H: number): Float64Array =>
  values.subarray(k * H, (k + 1) * H);

/** The kernels of one step at a time: part of the table in backend.ts. `kernels/unrolled.h` says what arguments mean. */
import type { Address } from "./address.ts";

/** How streams hold their weights: as they are, in the upper half of float32, or in whole numbers with a scale a row. */
export const WEIGHT_FORMATS = { f32: 0, bf16: 1, int8: 2 } as const;

export type WeightFormat = keyof typeof WEIGHT_FORMATS;

/** The words of a plan, in their order. */
export interface StreamPlan {
  readonly format: number;
  readonly cell: number;
  readonly layers: number;
  readonly symbols: number;
  readonly inputs: number;
  readonly hidden: number;
  readonly projection: number;
  readonly outputs: number;
}

export const PLAN_WORDS = 8;

export interface StreamKernels {
  stream_size(plan: Address): number;
  stream_scratch(plan: Address): number;
  stream_pack_ends(
    packed: Address,
    plan: Address,
    embedding: Address,
    head: Address,
    headBias: Address,
  ): void;
  stream_pack_layer(
    packed: Address,
    plan: Address,
    layer: number,
    weightIh: Address,
    weightHh: Address,
    biasIh: Address,
    biasHh: Address,
    weightHr: Address,
    scratch: Address,
  ): void;
  stream_step(
    y: Address,
    state: Address,
    plan: Address,
    packed: Address,
    id: number,
    x: Address,
    scratch: Address,
  ): void;
}

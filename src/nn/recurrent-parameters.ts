import type { RecurrentWeights } from "../autograd/ops/recurrent-cells.ts";
import type { Backend } from "../backend/backend.ts";
import type { Rng } from "../core/rng.ts";
import { uniform } from "./init.ts";

interface WeightOptions {
  projection: number;
  bias: boolean;
  rng: Rng;
  backend?: Backend;
}

/** The matrices of one layer in one direction, uniform within 1 / sqrt(hidden) as torch.nn initialises them. */
export function makeWeights(
  gates: number,
  inputs: number,
  hidden: number,
  { projection, bias, rng, backend }: WeightOptions,
): RecurrentWeights {
  const bound = 1 / Math.sqrt(hidden);
  const make = (...shape: number[]) => uniform(shape, bound, rng, backend);
  const weightIh = make(gates * hidden, inputs);
  const weightHh = make(gates * hidden, projection || hidden);
  const biases = bias ? { biasIh: make(gates * hidden), biasHh: make(gates * hidden) } : {};
  return { weightIh, weightHh, ...biases, ...(projection > 0 && { weightHr: make(projection, hidden) }) };
}

type Place = `l${number}` | `l${number}_reverse`;

/** Of a layer's matrix, as torch.nn calls it: from the inputs, from the hidden state, and of the projection. */
export type WeightName = `weight_${"ih" | "hh" | "hr"}_${Place}`;

/** Of one of a layer's two bias vectors. */
export type BiasName = `bias_${"ih" | "hh"}_${Place}`;

/** `weightIh` of layer 1, backwards: `weight_ih_l1_reverse`. */
export function nameOf(weight: string, layer: number, direction: number): string {
  const [kind, suffix] = [weight.slice(0, -2), weight.slice(-2).toLowerCase()];
  return `${kind}_${suffix}_l${layer}${direction === 1 ? "_reverse" : ""}`;
}

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

/** The matrices of one layer in one direction, uniform within 1 / sqrt(hidden), like those of torch.nn. */
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

/** The name of a matrix of a layer, as in torch.nn: for the inputs, for the hidden state, and for the projection. */
export type WeightName = `weight_${"ih" | "hh" | "hr"}_${Place}`;

/** The name of one of the two bias vectors of a layer. */
export type BiasName = `bias_${"ih" | "hh"}_${Place}`;

/** Converts a field name: `weightIh` of layer 1, direction 1 is `weight_ih_l1_reverse`. */
export function nameOf(weight: string, layer: number, direction: number): string {
  const [kind, suffix] = [weight.slice(0, -2), weight.slice(-2).toLowerCase()];
  return `${kind}_${suffix}_l${layer}${direction === 1 ? "_reverse" : ""}`;
}

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

/** `weightIh` of layer 1, backwards: `weight_ih_l1_reverse`. */
export function nameOf(
  weight: string,
  layer: number,
  direction: number,
): `weight_${string}` | `bias_${string}` {
  const [, kind, suffix] = /^(weight|bias)(..)$/.exec(weight) ?? [];
  const name = `${suffix.toLowerCase()}_l${layer}${direction === 1 ? "_reverse" : ""}`;
  return kind === "weight" ? `weight_${name}` : `bias_${name}`;
}

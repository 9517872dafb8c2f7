import { readFileSync } from "node:fs";
import { parameter } from "../../src/autograd/parameter.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { readSafetensors } from "../../src/io/safetensors.ts";
import {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  type Optimizer,
  type PlateauOptions,
  rmsprop,
  sgd,
} from "../../src/optim/index.ts";

type Torch = Record<string, number | boolean | string | [number, number]>;

export interface OptimCase {
  readonly name: string;
  readonly kind: "sgd" | "rmsprop" | "adagrad" | "adam" | "adamw" | "adadelta" | "adamax" | "plateau";
  readonly clip: "none" | "norm" | "norm-1" | "norm-3" | "norm-infinity" | "value";
  readonly groups: Torch[] | null;
  /** Under torch's names. */
  readonly options: Torch;
}

const file = readSafetensors(
  readFileSync(new URL("../goldens/optim.safetensors", import.meta.url)),
  "optim.safetensors",
);

/** What test/goldens/make_optim_goldens.py computed with PyTorch. */
export const cases = JSON.parse(file.metadata.cases) as OptimCase[];
export const curves = cases.filter(({ kind }) => kind !== "plateau");

export function golden(name: string): { shape: readonly number[]; values: Float64Array } {
  const tensor = file.tensors.get(name);
  if (tensor?.dtype !== "F64") throw new Error(`no float64 golden ${name}`);
  return { shape: tensor.shape, values: tensor.data() };
}

/** Names under a prefix, without it. */
export function namesUnder(prefix: string): string[] {
  return [...file.tensors.keys()]
    .filter((name) => name.startsWith(`${prefix}.`))
    .map((name) => name.slice(prefix.length + 1));
}

const OURS: Record<string, string> = {
  weight_decay: "weightDecay",
  lr_decay: "lrDecay",
  initial_accumulator_value: "initialAccumulator",
  threshold_mode: "thresholdMode",
  min_lr: "floor",
};

/** The options that we have for torch's. */
export function translated(options: Torch): object {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      OURS[name] ?? name,
      value === "abs" ? "absolute" : value,
    ]),
  );
}

export function plateauOptions({ options }: OptimCase): PlateauOptions {
  return translated(options);
}

/** The optimizer of a case, its parameters at their start. */
export function build({ name, kind, groups, options }: OptimCase, backend: Backend): Optimizer {
  const parameters = ["weight", "bias"].map((key) => {
    const { values, shape } = golden(`${name}.start.${key}`);
    return { name: key, tensor: parameter(values, shape, backend) };
  });
  const make = { sgd, rmsprop, adagrad, adam, adamw, adadelta, adamax }[kind as "sgd"];
  const given = groups?.map((own, index) => ({ parameters: [parameters[index]], ...translated(own) }));
  return make(given ?? parameters, translated(options));
}

import { readFileSync } from "node:fs";
import { readSafetensors } from "../../src/io/safetensors.ts";

export type Case = {
  name: string;
  kind: string;
  T: number;
  B: number;
  I: number;
  H: number;
  V: number;
  E: number;
  layers: number;
  bias: boolean;
  batchFirst: boolean;
  n: number;
  steps: number;
  lr: number;
  betas?: [number, number];
  eps?: number;
  weight_decay?: number;
};

const file = readSafetensors(
  readFileSync(new URL("../goldens/lstm.safetensors", import.meta.url)),
  "lstm.safetensors",
);

/** What test/goldens/make_goldens.py computed with PyTorch. */
export const cases = (kind: string): Case[] =>
  (JSON.parse(file.metadata.cases) as Case[]).filter((one) => one.kind === kind);

export interface Golden {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

export function golden(name: string): Golden {
  const found = optionalGolden(name);
  if (found === undefined) throw new Error(`no golden ${name}`);
  return found;
}

export function optionalGolden(name: string): Golden | undefined {
  const tensor = file.tensors.get(name);
  if (tensor === undefined) return undefined;
  if (tensor.dtype !== "F64") throw new Error(`golden ${name} is ${tensor.dtype}`);
  return { shape: tensor.shape, values: tensor.data() };
}

/** All goldens under a prefix, by the rest of their name. */
export function goldensUnder(prefix: string): Map<string, Golden> {
  const found = new Map<string, Golden>();
  for (const name of file.tensors.keys()) {
    if (name.startsWith(`${prefix}.`)) found.set(name.slice(prefix.length + 1), golden(name));
  }
  return found;
}

import { readFileSync } from "node:fs";
import { readSafetensors } from "../../src/io/safetensors.ts";

export interface Golden {
  readonly shape: readonly number[];
  readonly values: Float64Array | Float32Array;
}

/** A file that one of the scripts in test/goldens computed with PyTorch; its metadata describes the cases. */
export class Goldens<Case extends { name: string; kind: string }> {
  private readonly file;
  private readonly all: Case[];

  constructor(name: string) {
    this.file = readSafetensors(readFileSync(new URL(`../goldens/${name}`, import.meta.url)), name);
    this.all = JSON.parse(this.file.metadata.cases) as Case[];
  }

  cases(kind: string): Case[] {
    return this.all.filter((one) => one.kind === kind);
  }

  get(name: string): Golden {
    const found = this.find(name);
    if (found === undefined) throw new Error(`no golden ${name}`);
    return found;
  }

  find(name: string): Golden | undefined {
    const tensor = this.file.tensors.get(name);
    if (tensor === undefined) return undefined;
    if (tensor.dtype !== "F64" && tensor.dtype !== "F32")
      throw new Error(`golden ${name} is ${tensor.dtype}`);
    return { shape: tensor.shape, values: tensor.data() };
  }

  /** All goldens under a prefix, by the rest of their name. */
  under(prefix: string): Map<string, Golden> {
    const found = new Map<string, Golden>();
    for (const name of this.file.tensors.keys()) {
      if (name.startsWith(`${prefix}.`)) found.set(name.slice(prefix.length + 1), this.get(name));
    }
    return found;
  }
}

export type Case = {
  name: string;
  kind: string;
  T: number;
  B: number;
  H: number;
  V: number;
  E: number;
  layers: number;
  n: number;
  steps: number;
  lr: number;
  betas?: [number, number];
  eps?: number;
  weight_decay?: number;
};

/** What test/goldens/make_goldens.py computed. */
const models = new Goldens<Case>("models.safetensors");
export const cases = (kind: string): Case[] => models.cases(kind);
export const golden = (name: string): Golden => models.get(name);
export const optionalGolden = (name: string): Golden | undefined => models.find(name);
export const goldensUnder = (prefix: string): Map<string, Golden> => models.under(prefix);

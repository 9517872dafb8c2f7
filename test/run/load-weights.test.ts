import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { FormatError, InputError } from "../../src/core/errors.ts";
import {
  encodeCheckpoint,
  readSafetensors,
  type TensorToStore,
  writeSafetensors,
} from "../../src/io/index.ts";
import { Embedding, freeze, Linear, LSTM, parameters, Rng } from "../../src/nn/index.ts";
import { loadWeights } from "../../src/run/index.ts";
import { backends } from "../support/backends.ts";

const backend = createReferenceBackend();
const make = (seed: number, on = backend) => ({
  rnn: new LSTM(2, 3, { rng: new Rng(seed), backend: on }),
  head: new Linear(3, 2, { rng: new Rng(seed), backend: on }),
});

type Tensors = Record<string, TensorToStore>;

async function valuesOf(model: object): Promise<Record<string, number[]>> {
  const read = parameters(model).map(async ({ name, tensor }) => [name, Array.from(await tensor.read())]);
  return Object.fromEntries(await Promise.all(read)) as Record<string, number[]>;
}

/** A model's parameters as a file would have them. */
async function tensorsOf(model: object): Promise<Tensors> {
  const read = parameters(model).map(async ({ name, tensor }) => {
    const data = Float64Array.from(await tensor.read());
    return [name, { dtype: "F64", shape: tensor.shape, data }] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}

const none = { missing: [], unexpected: [], misshaped: [] };
const number = (value: number): TensorToStore => ({ dtype: "F64", shape: [1], data: Float64Array.of(value) });

describe("weights of a file", () => {
  test.each(backends)("are a model's afterwards, on $name", async ({ backend: on }) => {
    const [one, other] = [make(1, on), make(2, on)];
    const bytes = writeSafetensors(await tensorsOf(one));
    expect(loadWeights(other, bytes)).toEqual(none);
    expect(await valuesOf(other)).toEqual(await valuesOf(one));
  });

  test("may come as bytes, as an ArrayBuffer or parsed, and go into a module or an array of them", async () => {
    const { head } = make(1);
    const bytes = writeSafetensors(await tensorsOf(head));
    for (const file of [bytes, bytes.buffer, readSafetensors(bytes, "file")]) {
      const other = make(2).head;
      loadWeights(other, file);
      expect(await valuesOf(other)).toEqual(await valuesOf(head));
    }
    const list = [make(2).head];
    loadWeights(list, writeSafetensors(await tensorsOf([head])));
    expect(await valuesOf(list)).toEqual(await valuesOf([head]));
  });

  test("may be F16, BF16 and F32 too, and go into frozen parameters", async () => {
    const head = new Linear(1, 1, { rng: new Rng(1), backend });
    freeze(head);
    const bias: TensorToStore = { dtype: "BF16", shape: [1], data: Uint16Array.of(0x3fc0) };
    const weight: TensorToStore = { dtype: "F16", shape: [1, 1], data: Uint16Array.of(0xc000) };
    loadWeights(head, writeSafetensors({ weight, bias }));
    expect(await valuesOf(head)).toEqual({ weight: [-2], bias: [1.5] });
    loadWeights(
      head,
      writeSafetensors({ weight, bias: { ...number(0), dtype: "F32", data: Float32Array.of(0.25) } }),
    );
    expect(await valuesOf(head)).toEqual({ weight: [-2], bias: [0.25] });
  });

  test("of a checkpoint are its parameters alone", async () => {
    const [one, other] = [make(1), make(2)];
    const more = { "optimizer.step.head.bias": number(1), "carried.hidden": number(2) };
    const bytes = await encodeCheckpoint({ ...(await tensorsOf(one)), ...more });
    expect(loadWeights(other, bytes)).toEqual(none);
    expect(await valuesOf(other)).toEqual(await valuesOf(one));
  });

  test("of tied parameters are found under each name, and refused when two names disagree", async () => {
    const makeTied = (seed: number) => {
      const embedding = new Embedding(3, 2, { rng: new Rng(seed), backend });
      return {
        embedding,
        head: new Linear(2, 3, { rng: new Rng(seed), backend, weight: embedding.weight, bias: false }),
      };
    };
    const tied = makeTied(1);
    const { "embedding.weight": table } = await tensorsOf(tied);
    for (const names of [["embedding.weight"], ["head.weight"], ["embedding.weight", "head.weight"]]) {
      const other = makeTied(2);
      const file = writeSafetensors(Object.fromEntries(names.map((name) => [name, table!])));
      expect(loadWeights(other, file)).toEqual(none);
      expect(await valuesOf(other)).toEqual(await valuesOf(tied));
    }
    const changed = { ...table!, data: Float64Array.from({ length: 6 }, (_, i) => i) };
    const file = writeSafetensors({ "embedding.weight": table!, "head.weight": changed });
    expect(() => loadWeights(makeTied(2), file, { strict: false })).toThrow(
      "weights: tensors embedding.weight and head.weight must be equal",
    );
  });
});

describe("weights that do not fit", () => {
  /** A file with all three faults. */
  async function faulty(): Promise<Uint8Array> {
    const { "rnn.bias_ih_l0": _, "head.bias": __, ...tensors } = await tensorsOf(make(1));
    return writeSafetensors({
      ...tensors,
      "head.weight": { dtype: "F64", shape: [3, 2], data: new Float64Array(6) },
      "rnn.weight_ih_l1": number(1),
      "mu\nsic": number(2),
    });
  }

  test("are refused in one line that names them all, and nothing is written", async () => {
    const model = make(2);
    const before = await valuesOf(model);
    const file = await faulty();
    expect(() => loadWeights(model, file, { where: "taught.safetensors" })).toThrow(
      expect.objectContaining({
        code: "FORMAT",
        problem:
          "taught.safetensors: has no tensor rnn.bias_ih_l0, head.bias; tensor head.weight must be [2, 3], got [3, 2]; " +
          "the model has no parameter mu\\nsic, rnn.weight_ih_l1",
        hint: expect.stringContaining("strict: false"),
      }),
    );
    expect(await valuesOf(model)).toEqual(before);
  });

  test("are reported with strict: false, and the others loaded", async () => {
    const model = make(2);
    const before = await valuesOf(model);
    expect(loadWeights(model, await faulty(), { strict: false })).toEqual({
      missing: ["rnn.bias_ih_l0", "head.bias"],
      unexpected: ["mu\nsic", "rnn.weight_ih_l1"],
      misshaped: [{ name: "head.weight", expected: [2, 3], found: [3, 2] }],
    });
    const [after, source] = [await valuesOf(model), await valuesOf(make(1))];
    for (const name of Object.keys(after)) {
      const isLoaded = !["rnn.bias_ih_l0", "head.bias", "head.weight"].includes(name);
      expect(after[name], name).toEqual((isLoaded ? source : before)[name]);
    }
  });

  test("because one holds integers leave the model as it was, strict or not", async () => {
    const tensors = await tensorsOf(make(1));
    const file = writeSafetensors({
      ...tensors,
      "head.bias": { dtype: "I32", shape: [2], data: Int32Array.of(1, 2) },
    });
    for (const strict of [true, false]) {
      const model = make(2);
      const before = await valuesOf(model);
      expect(() => loadWeights(model, file, { strict })).toThrow(FormatError);
      expect(await valuesOf(model)).toEqual(before);
    }
  });

  test("by any choice of names: every tensor is loaded, or reported once", async () => {
    const source = await tensorsOf(make(1));
    const names = Object.keys(source);
    const paths = fc.constantFrom(
      "rnn",
      "rnn.hidden",
      "rnn._rng",
      "head.weight.shape",
      "__proto__",
      "constructor.name",
    );
    await fc.assert(
      fc.asyncProperty(fc.subarray(names), fc.uniqueArray(paths), async (kept, others) => {
        const model = make(2);
        const file = new Map([
          ...kept.map((name) => [name, source[name]!] as const),
          ...others.map((name) => [name, number(1)] as const),
        ]);
        const { missing, unexpected, misshaped } = loadWeights(model, writeSafetensors(file), {
          strict: false,
        });
        expect(misshaped).toEqual([]);
        expect([...missing].sort()).toEqual(names.filter((name) => !kept.includes(name)).sort());
        expect([...unexpected].sort()).toEqual([...others].sort());
      }),
      { numRuns: 50 },
    );
  });

  test("because a file, a model or an option is of another kind are an InputError", async () => {
    const bytes = writeSafetensors(await tensorsOf(make(1)));
    for (const file of [
      "weights.safetensors",
      undefined,
      7,
      [1],
      { tensors: {} },
      { tensors: new Map([["head.bias", 1]]) },
    ]) {
      expect(() => loadWeights(make(1), file as unknown as Uint8Array), String(file)).toThrow(InputError);
    }
    for (const model of [undefined, null, 7, "rnn", {}, { weight: [1] }]) {
      expect(() => loadWeights(model as object, bytes), String(model)).toThrow(InputError);
    }
    for (const options of [{ strict: 1 }, { where: 2 }, { strickt: false }, null]) {
      expect(() => loadWeights(make(1), bytes, options as object)).toThrow(InputError);
    }
    expect(() => loadWeights(make(1), bytes.subarray(0, 40))).toThrow(FormatError);
  });
});

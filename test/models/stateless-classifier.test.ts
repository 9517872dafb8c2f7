/** Classifiers without a state (a bag of inputs, convolutions over time), on ids and on numbers. */
import { describe, expect, it } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import { SequenceClassifier, type SequenceClassifierSettings } from "../../src/models/index.ts";
import {
  classifierParameterCount,
  completeClassifierConfig,
  parseClassifierConfig,
} from "../../src/models/sequence-classifier-config.ts";
import { ids, parameters, Rng, scope, tensor } from "../../src/nn/index.ts";
import { backends, firstDifference } from "../support/backends.ts";

const reference = createReferenceBackend();
const [V, K, H, F, T] = [7, 3, 4, 2, 6];
const LENGTHS = [3, 6, 1, 4];
const rng = new Rng(8);
const IDS = LENGTHS.map((length) => Array.from({ length }, () => rng.integer(V)));
const FRAMES = LENGTHS.map((length) => Array.from({ length: length * F }, () => rng.normal()));
const LABELS = [0, 2, 1, 1];

const pad = (rows: readonly number[][], width: number, garbage: number) =>
  rows.flatMap((row) => [...row, ...new Array(T * width - row.length).fill(garbage)]);

/** @param garbage behind the end of each sequence: what is in no vocabulary, or no number */
function batchOf(
  { config: { features } }: SequenceClassifier,
  garbage = features > 0 ? Number.NaN : -1,
): Tensor {
  const rows = LENGTHS.length;
  return features > 0 ? tensor(pad(FRAMES, F, garbage), [rows, T, F]) : ids(pad(IDS, 1, garbage), [rows, T]);
}

const rowOf = ({ config: { features } }: SequenceClassifier, row: number, length = LENGTHS[row]): Tensor =>
  features > 0
    ? tensor(FRAMES[row].slice(0, length * F), [1, length, F])
    : ids(IDS[row].slice(0, length), [1, length]);

function make(settings: Partial<SequenceClassifierSettings>, backend: Backend): SequenceClassifier {
  const inputs = settings.features === undefined ? { vocabulary: V } : {};
  return new SequenceClassifier(
    { ...inputs, classes: K, hidden: H, ...settings },
    { rng: new Rng(3), backend },
  );
}

const CASES: readonly Partial<SequenceClassifierSettings>[] = [
  { cell: "none" },
  { cell: "none", layers: 2, embedding: 3, pooling: "attention" },
  { cell: "none", features: F, pooling: "max" },
  { cell: "none", features: F, layers: 3, pooling: "last" },
  { cell: "conv", widths: [1, 2] },
  { cell: "conv", layers: 2, embedding: 3, pooling: "mean" },
  { cell: "conv", features: F, layers: 2, widths: [4], pooling: "attention" },
  { cell: "lstm", features: F, layers: 2, bidirectional: true },
  { cell: "gru", features: F, pooling: "mean" },
  { cell: "rnn", features: F, pooling: "attention" },
];
const NAMED = CASES.map((settings) => ({ name: JSON.stringify(settings), settings }));

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  it.each(NAMED)(
    "a row gets in a batch what it gets alone, whatever is in the padding: $name",
    async (one) => {
      const model = make(one.settings, backend);
      const all = await scope(() => model.forward(batchOf(model), { lengths: LENGTHS }).read(), backend);
      for (const row of LENGTHS.keys()) {
        const alone = await scope(() => model.forward(rowOf(model, row)).read(), backend);
        expect(firstDifference(all.slice(row * K, (row + 1) * K), alone, tolerance)).toBeUndefined();
      }
    },
  );

  it.each(NAMED)("after each step stands what the beginning alone gets: $name", async (one) => {
    const model = make(one.settings, backend);
    const prefixes = await scope(() => model.prefixLogits(rowOf(model, 1)).read(), backend);
    expect(prefixes.length).toBe(T * K);
    for (let length = 1; length <= T; length++) {
      const alone = await scope(() => model.forward(rowOf(model, 1, length)).read(), backend);
      const own = prefixes.slice((length - 1) * K, length * K);
      expect(firstDifference(own, alone, tolerance), `${length} steps`).toBeUndefined();
    }
  });
});

it.each(["mean", "max", "attention"] as const)(
  "100,000 steps are pooled by %s after each",
  async (pooling) => {
    const [{ backend }] = backends.filter(({ name }) => name !== "reference");
    const settings = { features: 1, classes: 2, hidden: 1, cell: "none", pooling } as const;
    const model = new SequenceClassifier(settings, { rng: new Rng(3), backend });
    const steps = 100_000;
    const values = Float32Array.from({ length: steps }, (_, t) => (t % 7) - 3);
    const all = await scope(
      () => model.prefixLogits(tensor(values, [1, steps, 1], "f32", backend)).read(),
      backend,
    );
    for (const length of [512, 513, steps]) {
      const beginning = values.subarray(0, length);
      const alone = await scope(
        () => model.forward(tensor(beginning, [1, length, 1], "f32", backend)).read(),
        backend,
      );
      const own = all.slice((length - 1) * 2, length * 2);
      expect(
        firstDifference(own, alone, { absolute: 1e-4, relative: 1e-3 }),
        `${length} steps`,
      ).toBeUndefined();
    }
  },
);

it.each(NAMED)("gradients are those of central differences: $name", async ({ settings }) => {
  const model = make(settings, reference);
  const leaves = Object.fromEntries(parameters(model).map(({ name, tensor: each }) => [name, each]));
  const loss = () => model.loss(batchOf(model), ids(LABELS), { lengths: LENGTHS, reduction: "sum" }).loss;
  for (const { name, error } of await checkGradients(loss, leaves, { samples: 4 })) {
    expect(error, name).toBeLessThan(1e-7);
  }
});

const valuesOf = async (model: SequenceClassifier) =>
  new Map(
    await Promise.all(
      parameters(model).map(async ({ name, tensor: each }) => [name, await each.read()] as const),
    ),
  );

const relu = (x: number) => Math.max(0, x);

/** W x + b, of a matrix in rows. */
const linear = (w: ArrayLike<number>, b: ArrayLike<number>, x: readonly number[]) =>
  Array.from(b, (bias, row) => x.reduce((sum, value, at) => sum + w[row * x.length + at] * value, bias));

describe("values", () => {
  it("none is the mean of the vectors, layers of ReLU and the output layer", async () => {
    const model = make({ cell: "none", layers: 2, embedding: 3 }, reference);
    const value = await valuesOf(model);
    const table = value.get("embedding.weight")!;
    const expected = IDS.flatMap((sequence) => {
      let x = [0, 1, 2].map(
        (d) => sequence.reduce((sum, id) => sum + table[id * 3 + d], 0) / sequence.length,
      );
      for (const layer of [0, 1]) {
        x = linear(value.get(`dense.${layer}.weight`)!, value.get(`dense.${layer}.bias`)!, x).map(relu);
      }
      return linear(value.get("head.weight")!, value.get("head.bias")!, x);
    });
    const logits = await scope(() => model.forward(batchOf(model), { lengths: LENGTHS }).read(), reference);
    expect(firstDifference(logits, expected, { absolute: 1e-12, relative: 0 })).toBeUndefined();
  });

  it("conv is the largest of each filter over the steps, with zeros around the sequence", async () => {
    const widths = [2, 3];
    const model = make({ cell: "conv", features: F, widths }, reference);
    const value = await valuesOf(model);
    const expected = FRAMES.flatMap((frames, row) => {
      const found = widths.flatMap((width, index) => {
        const before = Math.floor((width - 1) / 2);
        const outputs = Array.from({ length: LENGTHS[row] }, (_, t) => {
          const x = Array.from({ length: width * F }, (__, at) => {
            const step = t - before + Math.floor(at / F);
            return step < 0 ? 0 : (frames[step * F + (at % F)] ?? 0);
          });
          const name = `convolutions.layers.0.${index}`;
          return linear(value.get(`${name}.weight`)!, value.get(`${name}.bias`)!, x).map(relu);
        });
        return Array.from({ length: H }, (_, h) => Math.max(...outputs.map((output) => output[h])));
      });
      return linear(value.get("head.weight")!, value.get("head.bias")!, found);
    });
    const logits = await scope(() => model.forward(batchOf(model), { lengths: LENGTHS }).read(), reference);
    expect(firstDifference(logits, expected, { absolute: 1e-12, relative: 0 })).toBeUndefined();
  });
});

describe("a config", () => {
  const least = { vocabulary: V, classes: K, hidden: H };

  it("counts the parameters of its model, and survives a file", () => {
    for (const settings of CASES) {
      const { config, ...model } = make(settings, reference);
      const count = parameters(model).reduce((sum, { tensor: each }) => sum + each.size, 0);
      expect(classifierParameterCount(config), JSON.stringify(settings)).toBe(count);
      expect(parseClassifierConfig(JSON.parse(JSON.stringify(config)), "file")).toEqual(config);
    }
  });

  it("has defaults, which depend on the cell", () => {
    const { embedding, pooling } = completeClassifierConfig({ ...least, cell: "none" });
    expect([embedding, pooling]).toEqual([H, "mean"]);
    expect(completeClassifierConfig({ ...least, cell: "conv" })).toMatchObject({
      widths: [3, 4, 5],
      pooling: "max",
    });
    const numbers = { cell: "none", features: 5, classes: 2, hidden: 3 } as const;
    expect(completeClassifierConfig(numbers).embedding).toBe(0);
  });

  it.each([
    [{ ...least, features: 2 }, "one of vocabulary (ids) and features (numbers) must be at least 1"],
    [{ classes: K, hidden: H }, "got vocabulary 0 and features 0"],
    [{ features: 2, classes: K, hidden: H, embedding: 3 }, "embedding is for ids, and features are numbers"],
    [
      { ...least, cell: "none", embedding: 0 },
      'cell "none" reads vectors: embedding must be at least 1, got 0',
    ],
    [{ ...least, cell: "conv", bidirectional: true }, 'cell "conv": bidirectional must be false'],
    [{ ...least, cell: "conv", widths: [] }, "conv needs the widths of its filters"],
    [{ ...least, widths: [3] }, 'widths are for cell "conv"'],
    [{ ...least, cell: "conv", widths: [0] }, "widths must be a list of at most 16 integers from 1 to 64"],
  ])("%j is refused", (settings, message) => {
    expect(() => completeClassifierConfig(settings as SequenceClassifierSettings)).toThrow(message);
  });
});

it("a frozen embedding gets no gradient", () => {
  const model = make({ cell: "none", embedding: 3, frozenEmbedding: true }, reference);
  expect(model.embedding!.weight.needsGradient).toBe(false);
  expect(model.head.weight.needsGradient).toBe(true);
});

it("numbers of another width are refused", () => {
  const model = make({ cell: "gru", features: F }, reference);
  const call = () => scope(() => model.forward(tensor([1, 2, 3], [1, 1, 3])), reference);
  expect(call).toThrow("sequenceClassifier.forward: inputs must be [batch, time, features=2], got [1, 1, 3]");
});

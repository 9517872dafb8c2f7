import { describe, expect, it } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import { SequenceClassifier, type SequenceClassifierSettings } from "../../src/models/index.ts";
import {
  type ClassifierCell,
  classifierParameterCount,
  classifierTrainingBytes,
  completeClassifierConfig,
  type Pooling,
  parseClassifierConfig,
} from "../../src/models/sequence-classifier-config.ts";
import { type CreateCell, ids, LSTMCell, parameters, Rng, scope, tensor } from "../../src/nn/index.ts";
import { backends, firstDifference } from "../support/backends.ts";
import { recorded } from "../support/recorded.ts";

const reference = createReferenceBackend();
const [V, K, H] = [7, 4, 5];
const LENGTHS = [3, 6, 1, 4, 6];
const T = 6;
const rng = new Rng(8);
const SEQUENCES = LENGTHS.map((length) => Array.from({ length }, () => rng.integer(V)));
const LABELS = LENGTHS.map(() => rng.integer(K));

const createCell: CreateCell<never> = (inputs, hidden, options) =>
  new LSTMCell(inputs, hidden, options) as never;

/** What is in no vocabulary stands behind the end of each sequence. */
const padded = (garbage: number) =>
  SEQUENCES.flatMap((sequence) => [...sequence, ...new Array(T - sequence.length).fill(garbage)]);

function make(settings: Partial<SequenceClassifierSettings>, backend: Backend): SequenceClassifier {
  const all = { vocabulary: V, classes: K, hidden: H, ...settings };
  return new SequenceClassifier(all, { rng: new Rng(3), backend, createCell });
}

const CELLS: readonly ClassifierCell[] = ["rnn", "lstm", "gru", "own"];
const POOLINGS: readonly Pooling[] = ["last", "mean", "max", "attention"];

const CASES = CELLS.flatMap((cell) =>
  POOLINGS.flatMap((pooling) =>
    [false, true]
      .filter((bidirectional) => cell !== "own" || !bidirectional)
      .map((bidirectional) => ({
        name: `${cell}, ${pooling}${bidirectional ? ", both directions" : ""}`,
        settings: {
          ...{ cell, pooling, bidirectional, layers: 2 },
          // One-hot, but for some.
          ...((pooling === "max" || cell === "own") && { embedding: 3 }),
        },
      })),
  ),
);

/** For what takes long: each cell, pooling and direction once or twice. */
const FEW = CASES.filter(({ name }) =>
  /rnn, last, both|rnn, mean$|lstm, last$|lstm, attention, both|gru, max, both|own, (last|attention)/.test(
    name,
  ),
);

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  it.each(CASES)(
    "a row gets in a batch what it gets alone, whatever is in the padding: $name",
    async (one) => {
      const model = make(one.settings, backend);
      for (const garbage of [-1, 2 ** 31 - 1]) {
        const all = await scope(
          () => model.forward(ids(padded(garbage), [LENGTHS.length, T]), { lengths: LENGTHS }).read(),
          backend,
        );
        for (const [row, sequence] of SEQUENCES.entries()) {
          const alone = await scope(() => model.forward(ids(sequence, [1, sequence.length])).read(), backend);
          const own = all.slice(row * K, (row + 1) * K);
          expect(firstDifference(own, alone, tolerance), `row ${row}`).toBeUndefined();
        }
      }
    },
  );

  it.each(FEW)("logits and all gradients are the reference's: $name", async (one) => {
    const run = (where: Backend) => {
      const model = make(one.settings, where);
      const named = Object.fromEntries(parameters(model).map(({ name, tensor }) => [name, tensor]));
      const reads = scope(
        () =>
          recorded(() => {
            const { loss, logits } = model.loss(ids(padded(-5), [LENGTHS.length, T]), ids(LABELS), {
              lengths: LENGTHS,
            });
            return { loss, outputs: { logits }, inputs: {} };
          }, named),
        where,
      );
      return Promise.all(reads.map(async ([name, values]) => [name, await values] as const));
    };
    const expected = new Map(await run(reference));
    for (const [name, values] of await run(backend)) {
      expect(firstDifference(values, expected.get(name)!, tolerance), name).toBeUndefined();
    }
  });
});

it.each(FEW)("gradients are those of central differences: $name", async ({ settings }) => {
  const model = make(settings, reference);
  const leaves = Object.fromEntries(parameters(model).map(({ name, tensor }) => [name, tensor]));
  const loss = () =>
    model.loss(ids(padded(-1), [LENGTHS.length, T]), ids(LABELS), { lengths: LENGTHS, reduction: "sum" })
      .loss;
  for (const { name, error } of await checkGradients(loss, leaves, { samples: 4 })) {
    expect(error, name).toBeLessThan(1e-7);
  }
});

describe("pooling", () => {
  const pooled = async (pooling: Pooling, bidirectional = false) => {
    const model = make({ pooling, bidirectional }, reference);
    const batch = () => ids(padded(0), [LENGTHS.length, T]);
    const logits = await scope(() => model.forward(batch(), { lengths: LENGTHS }).read(), reference);
    // The output layer undone: its weights become those of the identity.
    const output = await scope(
      () => model.rnn!.forward(swapped(batch()), { lengths: LENGTHS } as never).output.read(),
      reference,
    );
    const weight = await model.head.weight.read();
    const bias = await model.head.bias!.read();
    const D = bidirectional ? 2 * H : H;
    const at = (t: number, row: number, d: number) => output[(t * LENGTHS.length + row) * D + d];
    const headOf = (vectors: number[][]) =>
      vectors.flatMap((vector) =>
        Array.from({ length: K }, (_, k) =>
          vector.reduce((sum, x, d) => sum + x * weight[k * D + d], bias[k]),
        ),
      );
    const features = <Value>(of: (d: number) => Value) => Array.from({ length: D }, (_, d) => of(d));
    return { logits, at, headOf, features, model };
  };
  const swapped = (x: Tensor) => {
    const values = x.readIntsSync()!;
    const [b, t] = x.shape;
    return ids(
      Array.from({ length: b * t }, (_, at) => values[(at % b) * t + Math.floor(at / b)]),
      [t, b],
    );
  };
  const same = (actual: ArrayLike<number>, expected: ArrayLike<number>) =>
    expect(firstDifference(actual, expected, { absolute: 1e-12, relative: 0 })).toBeUndefined();

  it("last takes the output at the last step, of the second direction the one at the first step", async () => {
    for (const bidirectional of [false, true]) {
      const { logits, at, headOf, features } = await pooled("last", bidirectional);
      const vectors = LENGTHS.map((length, row) => features((d) => at(d < H ? length - 1 : 0, row, d)));
      same(logits, headOf(vectors));
    }
  });

  it("mean and max look at the steps of the sequence alone", async () => {
    const steps = (length: number) => Array.from({ length }, (_, t) => t);
    const mean = await pooled("mean");
    const means = LENGTHS.map((length, row) =>
      mean.features((d) => steps(length).reduce((sum, t) => sum + mean.at(t, row, d), 0) / length),
    );
    same(mean.logits, mean.headOf(means));
    const max = await pooled("max");
    const largest = LENGTHS.map((length, row) =>
      max.features((d) => Math.max(...steps(length).map((t) => max.at(t, row, d)))),
    );
    same(max.logits, max.headOf(largest));
  });

  it("attention is a mean with the weights of Yang et al.", async () => {
    const { logits, at, headOf, features, model } = await pooled("attention");
    const { project, score } = model.attention!;
    const [w, b, v] = await Promise.all([project.weight.read(), project.bias!.read(), score.weight.read()]);
    const vectors = LENGTHS.map((length, row) => {
      const scores = Array.from({ length }, (_, t) =>
        features((i) => {
          const u = features((j) => w[i * H + j] * at(t, row, j)).reduce((sum, x) => sum + x, b[i]);
          return v[i] * Math.tanh(u);
        }).reduce((sum, x) => sum + x, 0),
      );
      const total = scores.reduce((sum, x) => sum + Math.exp(x), 0);
      return features((d) => scores.reduce((sum, x, t) => sum + (Math.exp(x) / total) * at(t, row, d), 0));
    });
    same(logits, headOf(vectors));
  });
});

describe("the loss", () => {
  const model = make({}, reference);
  const batch = () => ids(padded(0), [LENGTHS.length, T]);
  const lossOf = async (options: object) => {
    const read = scope(
      () => model.loss(batch(), ids(LABELS), { lengths: LENGTHS, ...options }).loss.read(),
      reference,
    );
    return (await read)[0];
  };

  it("is the mean cross-entropy, or the sum, or weighted by classes", async () => {
    const logits = await scope(() => model.forward(batch(), { lengths: LENGTHS }).read(), reference);
    const losses = LABELS.map((label, row) => {
      const own = [...logits.slice(row * K, (row + 1) * K)];
      return Math.log(own.reduce((sum, x) => sum + Math.exp(x), 0)) - own[label];
    });
    const total = losses.reduce((sum, x) => sum + x, 0);
    expect(await lossOf({})).toBeCloseTo(total / LABELS.length, 12);
    expect(await lossOf({ reduction: "sum" })).toBeCloseTo(total, 12);
    const weights = [1, 2, 0, 4];
    const weighted = losses.reduce((sum, x, row) => sum + weights[LABELS[row]] * x, 0);
    const weight = LABELS.reduce((sum, label) => sum + weights[label], 0);
    const classWeights = tensor(weights, [K], "f32", reference);
    expect(await lossOf({ classWeights })).toBeCloseTo(weighted / weight, 12);
  });

  it("drops by its generator, and nothing without one", async () => {
    const dropping = make({ dropout: 0.5, layers: 2, embedding: 3, variational: true }, reference);
    const run = async (seed?: number) =>
      [
        ...(await scope(
          () =>
            dropping
              .forward(batch(), { lengths: LENGTHS, rng: seed === undefined ? undefined : new Rng(seed) })
              .read(),
          reference,
        )),
      ].join();
    expect(await run()).toBe(await run());
    expect(await run(1)).toBe(await run(1));
    expect(await run(1)).not.toBe(await run(2));
    expect(await run(1)).not.toBe(await run());
  });
});

describe("a config", () => {
  const least = { vocabulary: V, classes: K, hidden: H };

  it("counts the parameters of its model", () => {
    for (const { settings } of CASES) {
      const model = make(settings, reference);
      const isOfCell = (name: string) => settings.cell === "own" && name.startsWith("rnn.");
      const count = parameters(model)
        .filter(({ name }) => !isOfCell(name))
        .reduce((sum, { tensor }) => sum + tensor.size, 0);
      expect(classifierParameterCount(model.config)).toBe(count);
    }
  });

  it("has defaults, which depend on the cell", () => {
    expect(completeClassifierConfig(least)).toEqual({
      ...least,
      ...{ cell: "lstm", layers: 1, bidirectional: false, embedding: 0, pooling: "last" },
      ...{ features: 0, frozenEmbedding: false, widths: [] },
      ...{ dropout: 0, variational: false },
    });
    expect(completeClassifierConfig({ ...least, cell: "own" }).embedding).toBe(H);
  });

  it("needs more memory with more of anything", () => {
    const bytes = (settings: object, batch = 8, time = 10) =>
      classifierTrainingBytes(completeClassifierConfig({ ...least, ...settings }), batch, time);
    for (const more of [{ hidden: 6 }, { layers: 2 }, { bidirectional: true }, { pooling: "attention" }]) {
      expect(bytes(more)).toBeGreaterThan(bytes({}));
    }
    expect(bytes({}, 9)).toBeGreaterThan(bytes({}));
    expect(bytes({}, 8, 11)).toBeGreaterThan(bytes({}));
  });

  it("survives a file", () => {
    for (const { settings } of CASES) {
      const config = completeClassifierConfig({ ...least, ...settings });
      expect(parseClassifierConfig(JSON.parse(JSON.stringify(config)), "file")).toEqual(config);
    }
  });

  it("from a file of version 0.1.0 has what younger fields were then", () => {
    const { features: _, frozenEmbedding: __, widths: ___, ...old } = completeClassifierConfig(least);
    expect(parseClassifierConfig(old, "file")).toEqual(completeClassifierConfig(least));
  });

  const whole = completeClassifierConfig(least);
  it.each([
    [null, "file: model must be an object"],
    [[], "file: model must be an object"],
    [
      { ...whole, cell: "tree" },
      'model.cell must be "rnn", "lstm", "gru", "own", "none" or "conv", got "tree"',
    ],
    [{ ...whole, pooling: "toString" }, 'model.pooling must be "last", "mean", "max" or "attention"'],
    [{ ...whole, classes: 1 }, "model.classes must be an integer of at least 2, got 1"],
    [{ ...whole, hidden: "5" }, 'model.hidden must be an integer of at least 1, got "5"'],
    [{ ...whole, dropout: 1 }, "model.dropout must be at least 0 and below 1, got 1"],
    [{ ...whole, embedding: undefined }, "model.embedding must be an integer of at least 0, got undefined"],
    [{ ...whole, bidirectional: 0 }, "model.bidirectional must be true or false, got 0"],
    [{ ...whole, hidden: 1e6 }, "the model is larger than the heap of this program"],
    [{ ...whole, layers: 1e9 }, "the model is larger than the heap of this program"],
    [{ ...whole, cell: "own" }, "a cell of your own reads vectors: embedding must be at least 1, got 0"],
    [{ ...whole, cell: "own", embedding: 2, bidirectional: true }, "bidirectional must be false"],
  ])("from a file that is %j is refused", (value, message) => {
    expect(() => parseClassifierConfig(value, "file")).toThrow(message);
  });
});

describe("refuses", () => {
  const model = make({}, reference);
  const call = (work: () => unknown) => () => scope(work, reference);

  it.each([
    [
      "lengths beyond the end",
      call(() => model.forward(ids([1, 2], [1, 2]), { lengths: [3] })),
      "sequenceClassifier.forward: lengths must be integers from 1 to 2, got 3 at position 0",
    ],
    [
      "too few lengths",
      call(() => model.forward(ids([1, 2], [2, 1]), { lengths: [1] })),
      "sequenceClassifier.forward: lengths must be [batch=2], got [1]",
    ],
    [
      "an id that is no symbol",
      call(() => model.forward(ids([1, 7], [1, 2]))),
      "must be in [0, 7), got 7 at position 1",
    ],
    ["ids without a batch", call(() => model.forward(ids([1, 2]))), "ids must be [batch, time], got [2]"],
    [
      "a label that is no class",
      call(() => model.loss(ids([1, 2], [1, 2]), ids([4]))),
      "targets must be in [0, 4) or -100, got 4 at position 0",
    ],
    [
      "an unknown option",
      call(() => model.loss(ids([1], [1, 1]), ids([0]), { lenghts: [1] } as never)),
      "sequenceClassifier.loss: unknown option lenghts — did you mean lengths?",
    ],
    [
      "own cells without their maker",
      () =>
        new SequenceClassifier({ cell: "own", vocabulary: 2, classes: 2, hidden: 2 }, { rng: new Rng(1) }),
      'cell "own" needs createCell',
    ],
    [
      "one class",
      () => make({ classes: 1 }, reference),
      "SequenceClassifier settings: classes must be an integer of at least 2, got 1",
    ],
  ])("%s", (_, work, message) => {
    expect(work).toThrow(message);
  });
});

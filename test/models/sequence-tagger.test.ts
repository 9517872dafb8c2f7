import { describe, expect, it } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import { SequenceTagger, type SequenceTaggerSettings, type TaggerInput } from "../../src/models/index.ts";
import {
  completeTaggerConfig,
  parseTaggerConfig,
  stepSize,
  taggerParameterCount,
  taggerTrainingBytes,
} from "../../src/models/sequence-tagger-config.ts";
import { type CreateCell, ids, LSTMCell, parameters, Rng, scope, tensor } from "../../src/nn/index.ts";
import { backends, firstDifference } from "../support/backends.ts";

const reference = createReferenceBackend();
const [V, K, H] = [6, 3, 4];
const LENGTHS = [3, 5, 1, 5];
const [B, T] = [LENGTHS.length, 5];
const rng = new Rng(8);
const IDS = LENGTHS.map((length) => Array.from({ length }, () => rng.integer(V)));
/** Images of two channels, 4 x 4; the first numbers of each are those of a frame. */
const IMAGE = [2, 4, 4] as const;
const NUMBERS = LENGTHS.map((length) =>
  Array.from({ length }, () => Array.from({ length: 32 }, () => rng.normal())),
);
/** A third of the steps have no label. */
const LABELS = LENGTHS.map((length) => Array.from({ length }, () => rng.integer(K + 1) - 1));

const createCell: CreateCell<never> = (inputs, hidden, options) =>
  new LSTMCell(inputs, hidden, options) as never;

type Kind = "ids" | "frames" | "pixels";
const INPUTS: Readonly<Record<Kind, Partial<SequenceTaggerSettings>>> = {
  ids: { vocabulary: V },
  frames: { features: 3 },
  pixels: { image: IMAGE, filters: 2 },
};

interface Case {
  readonly name: string;
  readonly kind: Kind;
  readonly settings: Partial<SequenceTaggerSettings>;
}

const CASES: readonly Case[] = [
  { name: "rnn on one-hot ids", kind: "ids", settings: { cell: "rnn" } },
  { name: "lstm on one-hot ids, delayed by 2", kind: "ids", settings: { delay: 2 } },
  {
    name: "gru on vectors of ids, delayed by 3",
    kind: "ids",
    settings: { cell: "gru", delay: 3, embedding: 3 },
  },
  { name: "lstm on ids, both directions", kind: "ids", settings: { bidirectional: true, layers: 2 } },
  { name: "lstm on frames", kind: "frames", settings: { layers: 2 } },
  { name: "rnn on frames, delayed by 6", kind: "frames", settings: { cell: "rnn", delay: 6 } },
  { name: "gru on frames, both directions", kind: "frames", settings: { cell: "gru", bidirectional: true } },
  { name: "lstm on pixels, delayed by 1", kind: "pixels", settings: { delay: 1 } },
  { name: "gru on pixels, both directions", kind: "pixels", settings: { cell: "gru", bidirectional: true } },
  { name: "own cell on ids, delayed by 2", kind: "ids", settings: { cell: "own", delay: 2 } },
  { name: "own cell on frames", kind: "frames", settings: { cell: "own" } },
  { name: "own cell on pixels, delayed by 1", kind: "pixels", settings: { cell: "own", delay: 1 } },
];

function make({ kind, settings }: Case, backend: Backend): SequenceTagger {
  const all = { classes: K, hidden: H, ...INPUTS[kind], ...settings };
  return new SequenceTagger(all, { rng: new Rng(3), backend, createCell });
}

/** What stands in the steps of a row, and `garbage` behind its end. */
function inputOf(model: SequenceTagger, rows: readonly number[], steps: number, garbage: number): Tensor {
  const size = stepSize(model.config);
  const isIds = model.config.vocabulary > 0;
  const values = rows.flatMap((row) =>
    Array.from({ length: steps }, (_, t) => {
      if (t >= LENGTHS[row]) return new Array<number>(size).fill(garbage);
      return isIds ? [IDS[row][t]] : NUMBERS[row][t].slice(0, size);
    }).flat(),
  );
  return isIds ? ids(values, [rows.length, steps]) : tensor(values, [rows.length, steps, size]);
}

const ALL = LENGTHS.map((_, row) => row);
const whole = (model: SequenceTagger, garbage: number) => inputOf(model, ALL, T, garbage);
const labels = (garbage: number) =>
  ids(
    LABELS.flatMap((row) => [...row, ...new Array<number>(T - row.length).fill(garbage)]),
    [B, T],
  );

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  it.each(CASES)("a row has in a batch what it has alone, whatever the padding is: $name", async (one) => {
    const model = make(one, backend);
    for (const garbage of [-7, 1e9]) {
      const all = await scope(
        () => model.forward(whole(model, garbage), { lengths: LENGTHS }).read(),
        backend,
      );
      for (const [row, length] of LENGTHS.entries()) {
        const alone = await scope(() => model.forward(inputOf(model, [row], length, 0)).read(), backend);
        const own = all.slice(row * T * K, (row * T + length) * K);
        expect(firstDifference(own, alone, tolerance), `row ${row}`).toBeUndefined();
      }
    }
  });

  it.each(CASES.filter(({ settings }) => !settings.bidirectional))(
    "a stream gives the labels of forward, as early as it can: $name",
    async (one) => {
      const model = make(one, backend);
      const stream = model.stream();
      const size = stepSize(model.config);
      // Twice: finish begins a new sequence.
      for (const row of [0, 1, 2, 1]) {
        const expected = await scope(
          () => model.forward(inputOf(model, [row], LENGTHS[row], 0)).read(),
          backend,
        );
        const got: number[] = [];
        for (let t = 0; t < LENGTHS[row]; t++) {
          const input: TaggerInput = one.kind === "ids" ? IDS[row][t] : NUMBERS[row][t].slice(0, size);
          const logits = stream.step(input);
          expect(logits === undefined).toBe(t < model.config.delay);
          got.push(...(logits ?? []));
        }
        for (const logits of stream.finish()) got.push(...logits);
        expect(firstDifference(got, expected, tolerance), `row ${row}`).toBeUndefined();
      }
      stream.dispose();
      expect(() => stream.step(one.kind === "ids" ? 0 : NUMBERS[0][0].slice(0, size))).toThrow("disposed");
    },
  );
});

it.each(CASES)("gradients are those of central differences: $name", async (one) => {
  const model = make(one, reference);
  const leaves = Object.fromEntries(parameters(model).map(({ name, tensor }) => [name, tensor]));
  const loss = () => model.loss(whole(model, 5), labels(9), { lengths: LENGTHS, reduction: "sum" }).loss;
  for (const { name, error } of await checkGradients(loss, leaves, { samples: 3 })) {
    expect(error, name).toBeLessThan(1e-6);
  }
});

describe("the loss", () => {
  const one = CASES[0];
  const lossOf = async (model: SequenceTagger, options: object = {}, given = () => labels(9)) =>
    (
      await scope(
        () => model.loss(whole(model, 5), given(), { lengths: LENGTHS, ...options }).loss.read(),
        reference,
      )
    )[0];

  it("is the mean of -ln p over the labelled steps alone, or their sum, or weighted by class", async () => {
    const model = make(one, reference);
    const logits = await scope(() => model.forward(whole(model, 5), { lengths: LENGTHS }).read(), reference);
    const weights = [0.5, 2, 3];
    let [sum, count, weighted, weight] = [0, 0, 0, 0];
    for (const [row, own] of LABELS.entries()) {
      for (const [t, label] of own.entries()) {
        if (label < 0) continue;
        const at = Array.from(logits.slice((row * T + t) * K, (row * T + t + 1) * K));
        const loss = Math.log(at.reduce((total, x) => total + Math.exp(x), 0)) - at[label];
        [sum, count] = [sum + loss, count + 1];
        [weighted, weight] = [weighted + weights[label] * loss, weight + weights[label]];
      }
    }
    expect(await lossOf(model)).toBeCloseTo(sum / count, 12);
    expect(await lossOf(model, { reduction: "sum" })).toBeCloseTo(sum, 12);
    const read = scope(() => {
      const options = { lengths: LENGTHS, classWeights: tensor(weights, [K]) };
      return model.loss(whole(model, 5), labels(9), options).loss.read();
    }, reference);
    expect((await read)[0]).toBeCloseTo(weighted / weight, 12);
  });

  it("refuses a batch without a label, and labels that are none", async () => {
    const model = make(one, reference);
    const none = () => ids(new Array(B * T).fill(-1), [B, T]);
    await expect(lossOf(model, {}, none)).rejects.toThrow("at least one step must have a label");
    const wrong = () => ids(new Array(B * T).fill(K), [B, T]);
    await expect(lossOf(model, {}, wrong)).rejects.toThrow(`${K}`);
  });
});

it("drops nothing without a generator, and something with one", async () => {
  const model = make({ name: "", kind: "frames", settings: { dropout: 0.5, layers: 2 } }, reference);
  const run = (options: object) =>
    scope(() => model.forward(whole(model, 0), { lengths: LENGTHS, ...options }).read(), reference);
  const [plain, again, dropped] = [await run({}), await run({}), await run({ rng: new Rng(1) })];
  expect(firstDifference(plain, again, { absolute: 0, relative: 0 })).toBeUndefined();
  expect(firstDifference(plain, dropped, { absolute: 1e-3, relative: 0 })).toBeDefined();
});

describe("settings", () => {
  it("need exactly one kind of input, and refuse what makes no model", () => {
    const base = { classes: K, hidden: H };
    const refused: [object, string][] = [
      [base, "one of vocabulary, features and image must be given, got 0"],
      [{ ...base, vocabulary: 3, features: 2 }, "got 2"],
      [{ ...base, features: 2, embedding: 3 }, "embedding needs a vocabulary"],
      [{ ...base, features: 2, bidirectional: true, delay: 1 }, "delay must be 0"],
      [{ ...base, features: 2, bidirectional: true, cell: "own" }, "bidirectional must be false"],
      [{ ...base, image: [1, 1, 5] }, "image must be"],
      [{ ...base, vocabulary: 3, classes: 1 }, "classes must be"],
    ];
    for (const [settings, message] of refused) {
      expect(() => completeTaggerConfig(settings as never)).toThrow(message);
    }
  });

  it("count the parameters that a model has", () => {
    for (const one of CASES.filter(({ settings }) => settings.cell !== "own")) {
      const model = make(one, reference);
      const count = parameters(model).reduce((sum, { tensor }) => sum + tensor.size, 0);
      expect(taggerParameterCount(model.config), one.name).toBe(count);
      expect(taggerTrainingBytes(model.config, 2, 3)).toBeGreaterThan(4 * 4 * count);
    }
  });

  it("come back from a file, where they are checked", () => {
    const config = completeTaggerConfig({ image: [1, 16, 16], classes: 4, hidden: 8, delay: 2 });
    expect(parseTaggerConfig(JSON.parse(JSON.stringify(config)), "x")).toEqual(config);
    for (const broken of [
      null,
      [],
      { ...config, delay: -1 },
      { ...config, image: "x" },
      { ...config, hidden: 2 ** 40 },
    ]) {
      expect(() => parseTaggerConfig(broken, "file")).toThrow(/^file: /);
    }
  });
});

it("a stream refuses what is no step, and a bidirectional model has none", () => {
  const stream = make(CASES[1], reference).stream();
  for (const bad of [V, -1, 0.5, "0", [1], undefined])
    expect(() => stream.step(bad as never)).toThrow("ids must be");
  const frames = make(CASES[4], reference).stream();
  for (const bad of [1, [1, 2], [1, 2, "3"], null]) expect(() => frames.step(bad as never)).toThrow("frame");
  expect(() => make(CASES[3], reference).stream()).toThrow("reads a sequence from its end");
});

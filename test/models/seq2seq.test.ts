import { describe, expect, it } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import type { Backend, FloatArray } from "../../src/backend/backend.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import { Seq2Seq, type Seq2SeqLossOptions, type Seq2SeqSettings } from "../../src/models/index.ts";
import {
  completeSeq2SeqConfig,
  parseSeq2SeqConfig,
  seq2seqParameterCount,
  seq2seqTrainingBytes,
} from "../../src/models/seq2seq-config.ts";
import { ids, parameters, Rng, scope } from "../../src/nn/index.ts";
import { backends, firstDifference } from "../support/backends.ts";

const reference = createReferenceBackend();
const TIGHT = { absolute: 1e-12, relative: 0 };
const [SOURCES, TARGETS, H] = [7, 6, 4];
const SOURCE_LENGTHS = [3, 5, 1, 5, 2];
/** One target is empty: the model is to write END at once. */
const TARGET_LENGTHS = [2, 4, 3, 0, 4];
const ALL = [0, 1, 2, 3, 4];
const rng = new Rng(8);
const draw = (lengths: readonly number[], symbols: number) =>
  lengths.map((length) => Array.from({ length }, () => 2 + rng.integer(symbols - 2)));
const SOURCE = draw(SOURCE_LENGTHS, SOURCES);
const TARGET = draw(TARGET_LENGTHS, TARGETS);

interface Case {
  readonly name: string;
  readonly settings: Partial<Seq2SeqSettings>;
}

const CASES: readonly Case[] = [
  { name: "gru as in the lecture", settings: {} },
  { name: "lstm as in the lecture, two layers", settings: { cell: "lstm", layers: 2 } },
  { name: "rnn as in the lecture, both directions", settings: { cell: "rnn", bidirectional: true } },
  { name: "gru as in Cho et al.", settings: { contextToOutput: true, readout: 3 } },
  {
    name: "gru with additive attention, both directions",
    settings: { attention: "additive", bidirectional: true, embedding: 3 },
  },
  {
    name: "lstm with additive attention, two layers, tied weights",
    settings: { cell: "lstm", attention: "additive", layers: 2, tieWeights: true, attentionUnits: 5 },
  },
  {
    name: "gru with dot attention, tied everywhere",
    settings: {
      ...{ attention: "dot", tieEmbeddings: true, tieWeights: true, bidirectional: true },
      targetVocabulary: SOURCES,
    },
  },
  {
    name: "rnn with dot attention, c_t not in the output",
    settings: { cell: "rnn", attention: "dot", contextToOutput: false, layers: 2 },
  },
];

function make({ settings }: Case, backend: Backend): Seq2Seq {
  const all = { sourceVocabulary: SOURCES, targetVocabulary: TARGETS, hidden: H, ...settings };
  return new Seq2Seq(all, { rng: new Rng(3), backend });
}

/** Rows of ids, and `garbage` behind their ends. */
function padded(
  all: readonly (readonly number[])[],
  rows: readonly number[],
  width: number,
  garbage: number,
): Tensor {
  const values = rows.flatMap((row) => Array.from({ length: width }, (_, t) => all[row][t] ?? garbage));
  return ids(values, [rows.length, width]);
}

const lengthsOf = (all: readonly number[], rows: readonly number[]) => rows.map((row) => all[row]);

/** The loss of some rows, with so much padding. */
function lossOf(
  model: Seq2Seq,
  rows: readonly number[],
  options: Seq2SeqLossOptions = {},
  { extra = 0, garbage = -7 } = {},
): Tensor {
  const [sourceLengths, targetLengths] = [lengthsOf(SOURCE_LENGTHS, rows), lengthsOf(TARGET_LENGTHS, rows)];
  const source = padded(SOURCE, rows, Math.max(...sourceLengths) + extra, garbage);
  const target = padded(TARGET, rows, Math.max(1, ...targetLengths) + extra, garbage);
  return model.loss(source, target, { reduction: "sum", sourceLengths, targetLengths, ...options }).loss;
}

const read = async (model: Seq2Seq, work: () => Tensor): Promise<FloatArray> =>
  scope(() => work().read(), model.encoder.weight_ih_l0.backend);

/** Logits of every step of a greedy search of so many steps, for some sentences in one batch. */
function greedy(model: Seq2Seq, rows: readonly number[], steps: number, extra = 0) {
  const backend = model.encoder.weight_ih_l0.backend;
  const lengths = lengthsOf(SOURCE_LENGTHS, rows);
  const source = () => padded(SOURCE, rows, Math.max(...lengths) + extra, 1e9);
  const decoder = scope(() => model.decoder(model.encode(source(), { lengths })), backend);
  const { vocabulary } = decoder;
  const order = Int32Array.from(rows, (_, row) => row);
  const found = rows.map(() => ({
    symbols: [] as number[],
    logits: [] as number[],
    weights: [] as number[],
  }));
  let { state } = decoder.begin();
  let symbols = new Int32Array(rows.length).fill(1);
  for (let t = 0; t < steps; t++) {
    scope(() => {
      const next = decoder.step(symbols, order, state);
      state = next.state;
      const logits = backend.memory.readSync!(next.logits.address, next.logits.size);
      const places = (next.weights?.size ?? 0) / rows.length;
      const weights = next.weights && backend.memory.readSync!(next.weights.address, next.weights.size);
      symbols = Int32Array.from(rows, (_, row) => {
        const own = logits.slice(row * vocabulary, (row + 1) * vocabulary);
        found[row].logits.push(...own);
        found[row].weights.push(...(weights?.slice(row * places, row * places + lengths[row]) ?? []));
        found[row].symbols.push(own.indexOf(Math.max(...own)));
        return found[row].symbols[t];
      });
    }, backend);
  }
  state.dispose();
  decoder.close();
  return found;
}

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  it.each(CASES)("the loss does not depend on batch and padding: $name", async (one) => {
    const model = make(one, backend);
    const [together] = await read(model, () => lossOf(model, ALL));
    let sum = 0;
    for (const row of ALL) sum += (await read(model, () => lossOf(model, [row])))[0];
    expect(firstDifference([together], [sum], tolerance)).toBeUndefined();
    const paddings = [{ extra: 2 }, { extra: 7, garbage: 1e9 }];
    for (const padding of paddings) {
      const [found] = await read(model, () => lossOf(model, ALL, {}, padding));
      expect(firstDifference([found], [together], tolerance)).toBeUndefined();
    }
    const each = await read(model, () => lossOf(model, ALL, { reduction: "none" }, { extra: 1 }));
    expect(each.length).toBe(ALL.length * 6);
    expect(
      firstDifference([Array.from(each).reduce((total, x) => total + x, 0)], [together], tolerance),
    ).toBeUndefined();
    for (const row of ALL) {
      expect(each.slice(row * 6 + TARGET_LENGTHS[row] + 1, row * 6 + 6).every((x) => x === 0)).toBe(true);
    }
    const [mean] = await read(model, () => lossOf(model, ALL, { reduction: "mean" }));
    const count = TARGET_LENGTHS.reduce((total, length) => total + length + 1, 0);
    expect(firstDifference([mean * count], [together], tolerance)).toBeUndefined();
  });

  it.each(CASES)("a batch decodes to what each sentence gives alone, to the bit: $name", (one) => {
    const model = make(one, backend);
    const together = greedy(model, ALL, 6, 3);
    for (const row of ALL) expect(together[row]).toEqual(greedy(model, [row], 6)[0]);
  });

  it.each(CASES)("steps give the logits of the whole target: $name", async (one) => {
    const model = make(one, backend);
    const each = await read(model, () => lossOf(model, ALL, { reduction: "none" }));
    const decoder = scope(() => {
      const source = padded(SOURCE, ALL, 5, 0);
      return model.decoder(model.encode(source, { lengths: SOURCE_LENGTHS }));
    }, backend);
    let { state } = decoder.begin();
    let symbols = new Int32Array(ALL.length).fill(1);
    for (let t = 0; t < 5; t++) {
      const logits = scope(() => {
        const next = decoder.step(symbols, Int32Array.from(ALL), state);
        state = next.state;
        return backend.memory.readSync!(next.logits.address, next.logits.size);
      }, backend);
      symbols = Int32Array.from(ALL, (row) => TARGET[row][t] ?? 0);
      for (const row of ALL) {
        if (t > TARGET_LENGTHS[row]) continue;
        const own = logits.subarray(row * decoder.vocabulary, (row + 1) * decoder.vocabulary);
        const total = Math.log(Array.from(own).reduce((sum, x) => sum + Math.exp(x), 0));
        const expected = each[row * 5 + t];
        expect(
          firstDifference([total - own[symbols[row]]], [expected], tolerance),
          `${row}, ${t}`,
        ).toBeUndefined();
      }
    }
    state.dispose();
    decoder.close();
  });

  it("rows of beams continue from the rows that they name", () => {
    const model = make(CASES[4], backend);
    const decoder = scope(() => {
      return model.decoder(model.encode(padded(SOURCE, [0, 1], 5, 0), { lengths: [3, 5] }));
    }, backend);
    const step = (symbols: number[], rows: number[], state: Parameters<typeof decoder.step>[2]) =>
      scope(() => {
        const next = decoder.step(Int32Array.from(symbols), Int32Array.from(rows), state);
        return { state: next.state, logits: backend.memory.readSync!(next.logits.address, next.logits.size) };
      }, backend);
    // Two beams of the first sentence, one of the second; then they change places.
    const first = step([1, 1, 1], [0, 0, 1], decoder.begin().state);
    expect(Array.from(first.state.sentences)).toEqual([0, 0, 1]);
    const second = step([3, 4, 2, 4], [2, 1, 0, 1], first.state);
    expect(Array.from(second.state.sentences)).toEqual([1, 0, 0, 0]);
    for (const [row, [sentence, symbol]] of [
      [1, 3],
      [0, 4],
      [0, 2],
      [0, 4],
    ].entries()) {
      const alone = step([symbol], [0], step([1], [sentence], decoder.begin().state).state);
      expect(second.logits.slice(row * TARGETS, (row + 1) * TARGETS)).toEqual(alone.logits);
    }
    expect(() => step([1], [0], first.state)).toThrow("continued or disposed of");
    expect(() => step([1], [4], second.state)).toThrow("rows must be integers from 0 to 3");
    expect(() => step([TARGETS], [0], second.state)).toThrow("symbols must be integers");
    expect(() => step([1, 1], [0], second.state)).toThrow("one for each of 1 rows");
    decoder.close();
  });
});

it.each(CASES)("gradients are those of central differences: $name", async (one) => {
  const model = make(one, reference);
  const leaves = Object.fromEntries(parameters(model).map(({ name, tensor }) => [name, tensor]));
  const results = await checkGradients(() => lossOf(model, ALL), leaves, { samples: 3 });
  expect(results.length).toBe(parameters(model).length);
  for (const { name, error } of results) expect(error, name).toBeLessThan(1e-6);
});

it.each([CASES[0], CASES[5]])(
  "so are those of steps that read guesses, and with dropout: $name",
  async (one) => {
    const model = make({ ...one, settings: { ...one.settings, dropout: 0.3 } }, reference);
    const leaves = Object.fromEntries(parameters(model).map(({ name, tensor }) => [name, tensor]));
    const loss = () => lossOf(model, ALL, { teacherForcing: 0.4, rng: new Rng(5) });
    for (const { name, error } of await checkGradients(loss, leaves, { samples: 2 })) {
      expect(error, name).toBeLessThan(1e-6);
    }
  },
);

describe("the form of the lecture", () => {
  /** Rows of a matrix times x, plus b. */
  const affine = (w: FloatArray, x: readonly number[], b: FloatArray) =>
    Array.from(b, (bias, row) => x.reduce((sum, value, i) => sum + w[row * x.length + i] * value, bias));
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

  type Values = Map<string, FloatArray>;
  const valuesOf = async (model: Seq2Seq): Promise<Values> =>
    new Map(
      await Promise.all(
        parameters(model).map(async ({ name, tensor }) => [name, await tensor.read()] as const),
      ),
    );

  /** h_t of a GRU, with the reset gate after the product as in PyTorch. */
  function gru(values: Values, path: string, h: readonly number[], x: readonly number[]): number[] {
    const of = (name: string) => values.get(`${path}.${name}_l0`)!;
    const ofInput = affine(of("weight_ih"), x, of("bias_ih"));
    const ofState = affine(of("weight_hh"), h, of("bias_hh"));
    return h.map((before, i) => {
      const r = sigmoid(ofInput[i] + ofState[i]);
      const z = sigmoid(ofInput[H + i] + ofState[H + i]);
      const n = Math.tanh(ofInput[2 * H + i] + r * ofState[2 * H + i]);
      return (1 - z) * n + z * before;
    });
  }

  it("is a float64 composition of its equations: c in f_out at every step, and not in f_y", async () => {
    const model = make(CASES[0], reference);
    const values = await valuesOf(model);
    const vector = (path: string, id: number) => Array.from(values.get(path)!.slice(id * H, (id + 1) * H));
    let nats = 0;
    for (const row of ALL) {
      let h: number[] = new Array<number>(H).fill(0);
      for (const id of SOURCE[row]) h = gru(values, "encoder", h, vector("embedding.weight", id));
      const c = h;
      let state = affine(values.get("bridge.weight")!, c, values.get("bridge.bias")!).map(Math.tanh);
      let previous = 1;
      for (const symbol of [...TARGET[row], 0]) {
        const y = vector("sequenceDecoder.embedding.weight", previous);
        state = gru(values, "sequenceDecoder.rnn", state, [...y, ...c]);
        const weight = values.get("sequenceDecoder.head.weight")!;
        const logits = affine(weight, [...state, ...y], values.get("sequenceDecoder.head.bias")!);
        nats += Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - logits[symbol];
        previous = symbol;
      }
    }
    const [loss] = await read(model, () => lossOf(model, ALL));
    expect(firstDifference([loss], [nats], TIGHT)).toBeUndefined();
  });

  it("differs from attention to one place only in what f_y reads", async () => {
    // Over a source of one symbol c_t is the encoder's only output, which is c.
    const fixed = make({ name: "", settings: { contextToOutput: true } }, reference);
    const attentive = make({ name: "", settings: { attention: "additive" } }, reference);
    const values = await valuesOf(fixed);
    for (const { name, tensor } of parameters(attentive)) {
      const own = values.get(name);
      if (own !== undefined) tensor.write(own);
    }
    const [one] = await read(fixed, () => lossOf(fixed, [2]));
    const [other] = await read(attentive, () => lossOf(attentive, [2]));
    expect(firstDifference([other], [one], TIGHT)).toBeUndefined();
  });
});

describe("random numbers", () => {
  const CASE = { name: "", settings: { ...CASES[5].settings, dropout: 0.4 } };

  it.each([1, 0.5])(
    "are those of the rows: replicas draw what one does, with teacherForcing %d",
    async (teacherForcing) => {
      for (const attention of ["none", "additive"] as const) {
        const model = make(
          {
            name: "",
            settings: { ...CASE.settings, attention, attentionUnits: attention === "none" ? 0 : 4 },
          },
          reference,
        );
        const options = (rows: readonly number[]) => ({ teacherForcing, rng: new Rng(11).forRows(rows, 5) });
        const [whole] = await read(model, () => lossOf(model, ALL, options(ALL)));
        let sum = 0;
        for (const rows of [[3, 0], [1, 4], [2]]) {
          sum += (await read(model, () => lossOf(model, rows, options(rows))))[0];
        }
        expect(firstDifference([sum], [whole], TIGHT), attention).toBeUndefined();
        // A generator for all rows draws the same.
        const [plain] = await read(model, () => lossOf(model, ALL, { teacherForcing, rng: new Rng(11) }));
        expect(firstDifference([plain], [whole], TIGHT), attention).toBeUndefined();
      }
    },
  );

  it("move on with every loss, and change it", async () => {
    const model = make(CASE, reference);
    const own = new Rng(4);
    const losses = [];
    for (let i = 0; i < 3; i++) losses.push((await read(model, () => lossOf(model, ALL, { rng: own })))[0]);
    expect(new Set(losses).size).toBe(3);
    const [bare] = await read(model, () => lossOf(model, ALL));
    expect(losses).not.toContain(bare);
  });
});

it("a decoder that reads its guesses has the loss of those, with teacherForcing 0", async () => {
  for (const one of [CASES[0], CASES[4]]) {
    const model = make(one, reference);
    const found = greedy(model, ALL, 5);
    let nats = 0;
    for (const row of ALL) {
      for (const [t, symbol] of [...TARGET[row], 0].entries()) {
        const own = found[row].logits.slice(t * TARGETS, (t + 1) * TARGETS);
        nats += Math.log(own.reduce((sum, x) => sum + Math.exp(x), 0)) - own[symbol];
      }
    }
    const [loss] = await read(model, () => lossOf(model, ALL, { teacherForcing: 0, rng: new Rng(1) }));
    expect(firstDifference([loss], [nats], TIGHT)).toBeUndefined();
  }
});

it("align gives the weights of each step: sums of 1 over the source, and 0 behind ends", async () => {
  const model = make(CASES[4], reference);
  const weights = await read(model, () =>
    model.align(padded(SOURCE, ALL, 5, -1), padded(TARGET, ALL, 4, -1), {
      sourceLengths: SOURCE_LENGTHS,
      targetLengths: TARGET_LENGTHS,
    }),
  );
  expect(weights.length).toBe(5 * 5 * 5);
  for (const row of ALL) {
    for (let t = 0; t < 5; t++) {
      const own = Array.from(weights.slice((row * 5 + t) * 5, (row * 5 + t + 1) * 5));
      const sum = own.reduce((total, x) => total + x, 0);
      expect(sum).toBeCloseTo(t <= TARGET_LENGTHS[row] ? 1 : 0, 12);
      expect(own.slice(SOURCE_LENGTHS[row]).every((x) => x === 0)).toBe(true);
    }
  }
  const lecture = make(CASES[0], reference);
  const align = () => lecture.align(padded(SOURCE, ALL, 5, 0), padded(TARGET, ALL, 4, 0));
  expect(() => scope(() => align(), reference)).toThrow("no attention");
});

describe("the config", () => {
  const LEAST = { sourceVocabulary: 7, targetVocabulary: 6, hidden: 4 };

  it.each(CASES)("counts the parameters, and is read back from a file: $name", (one) => {
    const model = make(one, reference);
    const count = parameters(model).reduce((sum, { tensor }) => sum + tensor.size, 0);
    expect(seq2seqParameterCount(model.config)).toBe(count);
    expect(parseSeq2SeqConfig(JSON.parse(JSON.stringify(model.config)), "m")).toEqual(model.config);
  });

  it("refuses what makes no model", () => {
    const refused = (settings: object, message: string) =>
      expect(() => completeSeq2SeqConfig({ ...LEAST, ...settings })).toThrow(message);
    refused({ tieEmbeddings: true }, "tieEmbeddings needs one vocabulary, got 7 source and 6 target symbols");
    refused({ tieWeights: true, readout: 3 }, "readout must be embedding=4 with tied weights, got 3");
    refused({ attentionUnits: 3 }, "attentionUnits must be 0 without attention, got 3");
    refused(
      { attention: "dot", attentionUnits: 0 },
      "attentionUnits must be at least 1 with attention, got 0",
    );
    refused({ attention: "loud" }, 'attention must be "none", "additive" or "dot"');
    refused({ sourceVocabulary: 3 }, "sourceVocabulary must be an integer of at least 4");
    refused({ dropout: 1 }, "dropout must be at least 0 and below 1");
    refused({ cells: "gru" }, "did you mean cell?");
  });

  it("refuses hostile files by the field", () => {
    const good = completeSeq2SeqConfig(LEAST);
    const refused = (value: unknown, message: string) =>
      expect(() => parseSeq2SeqConfig(value, "model.json")).toThrow(message);
    refused(null, "model.json: model must be an object");
    refused([good], "model must be an object");
    refused({}, "model.cell must be");
    for (const name of Object.keys(good)) {
      for (const bad of [undefined, null, Number.NaN, -1, 1.5, {}, [], "1", "__proto__"]) {
        expect(() => parseSeq2SeqConfig({ ...good, [name]: bad }, "m"), `${name} ${bad}`).toThrow(
          `model.${name} must be`,
        );
      }
    }
    refused({ ...good, hidden: 1e6 }, "larger than the heap");
    refused({ ...good, targetVocabulary: 2 ** 40 }, "larger than the heap");
    refused({ ...good, attention: "dot" }, "attentionUnits must be at least 1");
    const inherited = Object.create(good) as object;
    refused(inherited, "model.cell must be");
    expect(parseSeq2SeqConfig({ ...good, extra: 1 }, "m")).toEqual(good);
  });

  it("takes more memory for more of everything", () => {
    const config = completeSeq2SeqConfig({ ...LEAST, attention: "additive" });
    const bytes = seq2seqTrainingBytes(config, 8, 10, 10);
    expect(seq2seqTrainingBytes(config, 16, 10, 10)).toBeGreaterThan(bytes);
    expect(seq2seqTrainingBytes(config, 8, 20, 10)).toBeGreaterThan(bytes);
    expect(seq2seqTrainingBytes(config, 8, 10, 20)).toBeGreaterThan(bytes);
  });
});

describe("bad input", () => {
  const model = make(CASES[4], reference);
  const refused = (work: () => unknown, message: string) =>
    expect(() => scope(() => void work(), reference)).toThrow(message);

  it("is refused by what is wrong with it", () => {
    const source = () => padded(SOURCE, ALL, 5, 0);
    const target = () => padded(TARGET, ALL, 4, 0);
    refused(
      () => model.encode(ids([SOURCES], [1, 1])),
      `ids must be integers from 0 to ${SOURCES - 1}, got ${SOURCES}`,
    );
    refused(() => model.encode(ids([], [0, 0])), "source is empty");
    refused(() => model.encode(source(), { lengths: [0, 1, 1, 1, 1] }), "from 1 to 5, got 0 at position 0");
    refused(() => model.loss(source(), ids([TARGETS, 2, 2, 2, 2], [5, 1])), "symbols must be integers");
    refused(() => model.loss(source(), ids([2], [1, 1])), "memory must be [batch=1");
    refused(() => model.loss(source(), ids([], [5, 0])), "targets are empty");
    refused(() => model.loss(source(), target(), { targetLengths: [5, 0, 0, 0, 0] }), "from 0 to 4, got 5");
    refused(() => model.loss(source(), target(), { teacherForcing: 0.5 }), "needs rng");
    refused(() => model.loss(source(), target(), { lengths: [1] } as object), "unknown option lengths");
    refused(() => model.decoder({}), "memory must be given");
  });
});

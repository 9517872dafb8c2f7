import { describe, expect, it } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import type { FloatArray } from "../../src/backend/backend.ts";
import type { Seq2Seq } from "../../src/models/index.ts";
import { parameters, Rng, scope } from "../../src/nn/index.ts";
import { backends, firstDifference } from "../support/backends.ts";

import {
  ALL,
  CASES,
  greedy,
  H,
  lossOf,
  make,
  padded,
  read,
  reference,
  SOURCE,
  SOURCE_LENGTHS,
  TARGET,
  TARGET_LENGTHS,
  TARGETS,
  TIGHT,
} from "./seq2seq-cases.ts";

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

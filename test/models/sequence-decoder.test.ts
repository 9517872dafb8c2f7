import { describe, expect, it } from "vitest";
import { checkGradients } from "../../src/autograd/gradcheck.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import {
  type DecoderInput,
  type DecoderLossOptions,
  SequenceDecoder,
  type SequenceDecoderSettings,
} from "../../src/models/index.ts";
import {
  completeDecoderConfig,
  decoderParameterCount,
  decoderPassBytes,
  parseDecoderConfig,
} from "../../src/models/sequence-decoder-config.ts";
import { DecoderDraws, decoderRows } from "../../src/models/sequence-decoder-rows.ts";
import { Embedding, ids, parameters, RecurrentState, Rng, scope, tensor } from "../../src/nn/index.ts";
import { backends, firstDifference } from "../support/backends.ts";

const reference = createReferenceBackend();
const [V, E, H, M, S] = [6, 3, 4, 5, 3];
const TARGETS = [[3, 4], [5], [2, 3, 4, 5], []];
const LENGTHS = TARGETS.map(({ length }) => length);
const PLACES = [2, 3, 1, 3];
const B = TARGETS.length;
const ALL = [0, 1, 2, 3];

type Part = "state0" | "context" | "memory" | "first";

interface Case {
  readonly name: string;
  readonly parts: readonly Part[];
  readonly settings: Partial<SequenceDecoderSettings>;
}

const CASES: readonly Case[] = [
  { name: "a state alone", parts: ["state0"], settings: {} },
  { name: "an image before START, as in Show and tell", parts: ["first"], settings: { cell: "lstm" } },
  { name: "c and a first input", parts: ["context", "first"], settings: { context: M, layers: 2 } },
  { name: "c alone, from zeros", parts: ["context"], settings: { context: M, cell: "rnn" } },
  {
    name: "c, which f_y reads",
    parts: ["state0", "context"],
    settings: { context: M, outputReads: { previous: false, context: true } },
  },
  { name: "a memory, as in Show, attend and tell", parts: ["memory"], settings: { memory: M, cell: "lstm" } },
  {
    name: "a memory and a state",
    parts: ["state0", "memory"],
    settings: { memory: M, attention: "dot", layers: 2 },
  },
  {
    name: "a memory and a first input",
    parts: ["state0", "memory", "first"],
    settings: { memory: M, readout: 2, outputReads: { previous: true, context: true } },
  },
];

function make({ settings }: Case, backend: Backend): SequenceDecoder {
  return new SequenceDecoder(
    { vocabulary: V, embedding: E, hidden: H, ...settings },
    { rng: new Rng(3), backend },
  );
}

/** Numbers of some rows that do not depend on which others there are. */
function numbers(rows: readonly number[], size: number, seed: number): number[] {
  return rows.flatMap((row) => {
    const own = new Rng(seed).fork(row);
    return Array.from({ length: size }, () => own.normal());
  });
}

/** @param padding what stands behind the places of a memory */
function inputOf(one: Case, rows: readonly number[], padding = Number.NaN, backend?: Backend): DecoderInput {
  const made = (values: number[], shape: number[]) => tensor(values, shape, "f32", backend);
  const n = rows.length;
  const { layers = 1 } = one.settings;
  const has = (part: Part) => one.parts.includes(part);
  const state = (seed: number) =>
    made(Array.from({ length: layers }, (_, layer) => numbers(rows, H, seed + 10 * layer)).flat(), [
      layers,
      n,
      H,
    ]);
  const memory = rows.flatMap((row) => {
    const own = numbers([row], S * M, 4);
    return own.map((x, i) => (Math.floor(i / M) < PLACES[row] ? x : padding));
  });
  return {
    ...(has("state0") && { state0: new RecurrentState(state(1)) }),
    ...(has("context") && { context: made(numbers(rows, M, 3), [n, M]) }),
    ...(has("memory") && {
      memory: made(memory, [n, S, M]),
      memoryLengths: rows.map((row) => PLACES[row]),
    }),
    ...(has("first") && { first: made(numbers(rows, E, 5), [n, E]) }),
  };
}

function lossOf(
  model: SequenceDecoder,
  one: Case,
  rows: readonly number[],
  options: DecoderLossOptions = {},
  width = 4,
): Tensor {
  const targets = rows.flatMap((row) => Array.from({ length: width }, (_, t) => TARGETS[row][t] ?? -9));
  const lengths = rows.map((row) => LENGTHS[row]);
  const given = { reduction: "sum", lengths, ...options } as const;
  return model.loss(inputOf(one, rows), ids(targets, [rows.length, width]), given).loss;
}

describe.each(backends)("on $name", ({ backend, tolerance }) => {
  const read = (work: () => Tensor) => scope(() => work().read(), backend);

  it.each(CASES)("the loss is that of each row alone, whatever padding holds: $name", async (one) => {
    const model = make(one, backend);
    const [together] = await read(() => lossOf(model, one, ALL));
    expect(Number.isFinite(together)).toBe(true);
    let sum = 0;
    for (const row of ALL) sum += (await read(() => lossOf(model, one, [row], {}, 4 + row)))[0];
    expect(firstDifference([sum], [together], tolerance)).toBeUndefined();
  });

  it.each(CASES)("all steps at once give what one step after the other gives: $name", async (one) => {
    const model = make(one, backend);
    const [whole] = await read(() => lossOf(model, one, ALL));
    // With so large a share every symbol is taught, but steps are computed one by one.
    const options = { teacherForcing: 1 - 2 ** -53, rng: new Rng(1) };
    const [steps] = await read(() => lossOf(model, one, ALL, options));
    expect(firstDifference([steps], [whole], tolerance)).toBeUndefined();
    let nats = 0;
    for (const row of ALL) {
      let state = scope(() => model.begin(inputOf(one, [row])), backend);
      let symbol = 1;
      for (const next of [...TARGETS[row], 0]) {
        const logits = scope(() => {
          const step = model.step(Int32Array.of(symbol), state);
          state = step.state;
          return backend.memory.readSync!(step.logits.address, V);
        }, backend);
        nats += Math.log(Array.from(logits).reduce((sum, x) => sum + Math.exp(x), 0)) - logits[next];
        symbol = next;
      }
      state.close();
    }
    expect(firstDifference([nats], [whole], tolerance)).toBeUndefined();
  });

  it("over a memory of zeros writes what it writes without attention", async () => {
    const attentive: Case = { name: "", parts: ["memory"], settings: { memory: M } };
    const plain: Case = {
      name: "",
      parts: ["context"],
      settings: { context: M, outputReads: { previous: true, context: true } },
    };
    const [one, other] = [make(attentive, backend), make(plain, backend)];
    const values = new Map(parameters(one).map(({ name, tensor }) => [name, tensor]));
    for (const { name, tensor } of parameters(other)) tensor.write(await values.get(name)!.read());
    const zeros = (...shape: number[]) => tensor(new Float32Array(shape.reduce((a, b) => a * b)), shape);
    const target = () => ids([3, 4, 5, 2], [2, 2]);
    const [a] = await read(() => one.loss({ memory: zeros(2, S, M) }, target()).loss);
    const [b] = await read(() => other.loss({ context: zeros(2, M) }, target()).loss);
    expect(firstDifference([a], [b], tolerance)).toBeUndefined();
  });
});

it.each(CASES)("gradients are those of central differences, those of the input too: $name", async (one) => {
  const model = make({ ...one, settings: { ...one.settings, dropout: 0.2 } }, reference);
  const leaves = Object.fromEntries(parameters(model).map(({ name, tensor }) => [name, tensor]));
  const made = inputOf(one, ALL, 0.5, reference);
  const { state0, context, memory, first } = made;
  for (const [name, leaf] of Object.entries({ hidden: state0?.hidden, context, memory, first })) {
    if (leaf !== undefined) leaves[name] = leaf;
  }
  const target = ids([3, 4, 2, 2, 5, 0, 0, 0, 2, 3, 4, 5, 0, 0, 0, 0], [B, 4], reference);
  for (const teacherForcing of [1, 0.5]) {
    const loss = () => model.loss(made, target, { lengths: LENGTHS, rng: new Rng(2), teacherForcing }).loss;
    for (const { name, error } of await checkGradients(loss, leaves, { samples: 3 })) {
      expect(error, `${name}, ${teacherForcing}`).toBeLessThan(1e-6);
    }
  }
});

it.each(CASES)("dropout is that of the rows: replicas drop what one does: $name", async (one) => {
  const model = make({ ...one, settings: { ...one.settings, dropout: 0.4 } }, reference);
  for (const teacherForcing of [1, 0.5]) {
    const options = (rows: readonly number[]) => ({ teacherForcing, rng: new Rng(7).forRows(rows, B) });
    const read = async (rows: readonly number[]) =>
      (await scope(() => lossOf(model, one, rows, options(rows)).read(), reference))[0];
    const parts = [await read([2, 0]), await read([3]), await read([1])];
    expect(Math.abs(parts[0] + parts[1] + parts[2] - (await read(ALL)))).toBeLessThan(1e-12);
  }
});

it("teaches the share of the symbols that is asked for, each row and step on its own", () => {
  const [rows, steps] = [40, 50];
  scope(() => {
    const pass = decoderRows(new Int32Array(rows * steps), steps, new Int32Array(rows).fill(steps), false);
    const draws = new DecoderDraws(new Rng(9), 0, pass);
    const taught = (share: number) =>
      Array.from({ length: rows }, (_, row) =>
        Array.from({ length: steps }, (_, step) => draws.isTaught(share, step, row)),
      );
    for (const share of [0, 0.1, 0.7]) {
      const found = taught(share).flat().filter(Boolean).length;
      // Four standard deviations.
      const most = 4 * Math.sqrt(rows * steps * share * (1 - share));
      expect(Math.abs(found - rows * steps * share)).toBeLessThanOrEqual(most);
    }
    const all = taught(0.5);
    expect(new Set(all.map((row) => row.join())).size).toBe(rows);
    expect(new Set(all[0].map((_, step) => all.map((row) => row[step]).join())).size).toBe(steps);
  });
});

describe("the config", () => {
  it.each(CASES)("counts the parameters, and is read back from a file: $name", (one) => {
    const model = make(one, reference);
    const count = parameters(model).reduce((sum, { tensor }) => sum + tensor.size, 0);
    expect(decoderParameterCount(model.config)).toBe(count);
    expect(parseDecoderConfig(JSON.parse(JSON.stringify(model.config)), "m")).toEqual(model.config);
    expect(decoderPassBytes(model.config, 2, 9, 5)).toBeGreaterThan(decoderPassBytes(model.config, 2, 8, 5));
  });

  it("refuses what makes no model", () => {
    const refused = (settings: object, message: string) =>
      expect(() => completeDecoderConfig({ vocabulary: V, hidden: H, ...settings })).toThrow(message);
    refused({ context: 2, memory: 2 }, "context and memory exclude each other");
    refused({ attention: "dot" }, 'attention must be "none" without a memory, got "dot"');
    refused(
      { memory: 2, attention: "none" },
      'attention must be "additive" or "dot" with a memory, got "none"',
    );
    refused({ outputReads: { previous: true, context: true } }, "outputReads.context must be false");
    refused({ outputReads: { previous: true } }, "outputReads must be { previous, context }");
    refused({ vocabulary: 3 }, "vocabulary must be an integer of at least 4");
  });

  it("refuses hostile files by the field", () => {
    const good = completeDecoderConfig({ vocabulary: V, hidden: H });
    for (const name of Object.keys(good)) {
      for (const bad of [undefined, null, Number.NaN, -1, 0.5 + 1, [], "1"]) {
        const parse = () => parseDecoderConfig({ ...good, [name]: bad }, "f", "model.writer");
        expect(parse, `${name} ${bad}`).toThrow(`f: model.writer.${name} must be`);
      }
    }
    expect(() => parseDecoderConfig({ ...good, vocabulary: 1e12 }, "f")).toThrow("larger than the heap");
    expect(() => parseDecoderConfig(7, "f")).toThrow("f: model.decoder must be an object");
  });
});

describe("bad input", () => {
  const refused = (work: () => unknown, message: string) =>
    expect(() => scope(() => void work(), reference)).toThrow(message);
  const target = () => ids([3, 3], [2, 1]);

  it("is refused by what is wrong with it", () => {
    const plain = make(CASES[0], reference);
    const attentive = make(CASES[6], reference);
    const input = () => inputOf(CASES[6], [0, 1]);
    refused(
      () => plain.loss(inputOf(CASES[3], [0, 1]), target()),
      "context must be left out for this decoder",
    );
    refused(() => attentive.loss({}, target()), "memory must be given to this decoder");
    refused(
      () => attentive.loss({ ...input(), memoryLengths: [1, 4] }, target()),
      "memoryLengths must be integers from 1 to 3",
    );
    refused(() => attentive.loss({ ...input(), keys: 1 } as object, target()), "unknown option keys");
    refused(() => attentive.loss(inputOf(CASES[0], [0, 1]), target()), "memory must be given");
    const cell = new RecurrentState(undefined, tensor([1, 1, 1, 1, 1, 1, 1, 1], [1, 2, 4], "f32", reference));
    refused(() => plain.loss({ state0: cell }, target()), "cell must be absent");
    refused(() => plain.begin({}), "input must have a state, a context, a memory or a first input");
    refused(() => plain.align(inputOf(CASES[0], [0, 1]), target()), "the decoder has no attention");
    const other = make(CASES[0], reference);
    const begun = scope(() => plain.begin(inputOf(CASES[0], [0])), reference);
    refused(() => other.step(Int32Array.of(1), begun), "the state is that of another decoder");
    begun.close();
    refused(() => plain.step(Int32Array.of(1), begun), "continued or disposed of");
    const vectors = new Embedding(V, E + 1, { rng: new Rng(1), backend: reference });
    const settings = { vocabulary: V, embedding: E, hidden: H };
    refused(
      () => new SequenceDecoder(settings, { rng: new Rng(1), backend: reference, vectors }),
      "SequenceDecoder: vectors",
    );
  });
});

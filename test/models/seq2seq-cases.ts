import type { Backend, FloatArray } from "../../src/backend/backend.ts";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import type { Tensor } from "../../src/backend/tensor.ts";
import { Seq2Seq, type Seq2SeqLossOptions, type Seq2SeqSettings } from "../../src/models/index.ts";
import { ids, Rng, scope } from "../../src/nn/index.ts";

export const reference = createReferenceBackend();
export const TIGHT = { absolute: 1e-12, relative: 0 };
export const [SOURCES, TARGETS, H] = [7, 6, 4];
export const SOURCE_LENGTHS = [3, 5, 1, 5, 2];
/** One target is empty: the model is to write END at once. */
export const TARGET_LENGTHS = [2, 4, 3, 0, 4];
export const ALL = [0, 1, 2, 3, 4];
const rng = new Rng(8);
const draw = (lengths: readonly number[], symbols: number) =>
  lengths.map((length) => Array.from({ length }, () => 2 + rng.integer(symbols - 2)));
export const SOURCE = draw(SOURCE_LENGTHS, SOURCES);
export const TARGET = draw(TARGET_LENGTHS, TARGETS);

export interface Case {
  readonly name: string;
  readonly settings: Partial<Seq2SeqSettings>;
}

export const CASES: readonly Case[] = [
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

export function make({ settings }: Case, backend: Backend): Seq2Seq {
  const all = { sourceVocabulary: SOURCES, targetVocabulary: TARGETS, hidden: H, ...settings };
  return new Seq2Seq(all, { rng: new Rng(3), backend });
}

/** Rows of ids, and `garbage` behind their ends. */
export function padded(
  all: readonly (readonly number[])[],
  rows: readonly number[],
  width: number,
  garbage: number,
): Tensor {
  const values = rows.flatMap((row) => Array.from({ length: width }, (_, t) => all[row][t] ?? garbage));
  return ids(values, [rows.length, width]);
}

export const lengthsOf = (all: readonly number[], rows: readonly number[]) => rows.map((row) => all[row]);

/** The loss of some rows, with so much padding. */
export function lossOf(
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

export const read = async (model: Seq2Seq, work: () => Tensor): Promise<FloatArray> =>
  scope(() => work().read(), model.encoder.weight_ih_l0.backend);

/** Logits of every step of a greedy search of so many steps, for some sentences in one batch. */
export function greedy(model: Seq2Seq, rows: readonly number[], steps: number, extra = 0) {
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

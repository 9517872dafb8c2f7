/** Small models for searches, and searches that are too simple to be wrong. */
import type { BeamModel } from "../../src/decode/index.ts";
import { type Backend, ids, type Tensor, tensor } from "../../src/index.ts";
import {
  Embedding,
  GRUCell,
  gatherRows,
  Linear,
  mul,
  RecurrentState,
  Rng,
  softmax,
} from "../../src/nn/index.ts";

/** A sentence: the logits of the next symbol after any symbols. */
export type Logits = (symbols: readonly number[]) => ArrayLike<number>;

/** The state: for each row its sentence and what it has read since START. */
export interface Rows {
  readonly sentences: readonly number[];
  readonly read: readonly (readonly number[])[];
}

/** A model whose sentences are given as functions. */
export function tableModel(vocabulary: number, sentences: readonly Logits[]): BeamModel<Rows> {
  return {
    vocabulary,
    begin: () => ({
      state: { sentences: sentences.map((_, at) => at), read: sentences.map(() => []) },
      rows: sentences.length,
    }),
    step(symbols, rows, before) {
      const state = {
        sentences: Array.from(rows, (row) => before.sentences[row]),
        read: Array.from(rows, (row, at) => [...before.read[row], symbols[at]]),
      };
      const logits = Float64Array.from(
        state.read.flatMap((read, at) => Array.from(sentences[state.sentences[at]](read.slice(1)))),
      );
      return { logits, state };
    },
  };
}

/** Logits that are a function of the seed and of all symbols so far; `spread` 0 makes all equal. */
export function randomLogits(vocabulary: number, seed: number, spread: number, endBias = 0): Logits {
  return (symbols) => {
    const rng = symbols.reduce((own, symbol) => own.fork(symbol), new Rng(seed).fork(symbols.length));
    return Float64Array.from(
      { length: vocabulary },
      (_, id) => spread * (rng.uniform() - 0.5) + (id === 0 ? endBias : 0),
    );
  };
}

export function logSoftmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const largest = Math.max(...values);
  const total = Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
  return values.map((value) => value - largest - total);
}

export interface Found {
  readonly symbols: number[];
  readonly logProbability: number;
  readonly score: number;
}

export interface Plain {
  readonly vocabulary: number;
  readonly maxLength: number;
  readonly lengthPenalty: number;
}

const scoreOf = (logProbability: number, steps: number, a: number) => logProbability / ((5 + steps) / 6) ** a;

/** Every sequence that ends within maxLength steps, the best first. END is 0. */
export function exhaustive(logits: Logits, { vocabulary, maxLength, lengthPenalty }: Plain): Found[] {
  const found: Found[] = [];
  const visit = (symbols: number[], before: number) => {
    const next = logSoftmax(logits(symbols));
    const steps = symbols.length + 1;
    for (let id = 0; id < vocabulary; id++) {
      const logProbability = before + next[id];
      if (id === 0) {
        found.push({ symbols, logProbability, score: scoreOf(logProbability, steps, lengthPenalty) });
      } else if (steps < maxLength) visit([...symbols, id], logProbability);
    }
  };
  visit([], 0);
  return found.sort((a, b) => b.score - a.score);
}

/** A beam search that runs to maxLength, gives nothing up and sorts everything. All that ended, the best first. */
export function plainBeam(logits: Logits, width: number, { maxLength, lengthPenalty }: Plain): Found[] {
  let live = [{ symbols: [] as number[], logProbability: 0 }];
  const found: Found[] = [];
  for (let steps = 1; steps <= maxLength; steps++) {
    const all = live.flatMap(({ symbols, logProbability }, row) =>
      logSoftmax(logits(symbols)).map((log, id) => ({ symbols, row, id, value: logProbability + log })),
    );
    all.sort((a, b) => b.value - a.value || a.row - b.row || a.id - b.id);
    live = [];
    for (const { symbols, id, value } of all.slice(0, width)) {
      if (id !== 0) live.push({ symbols: [...symbols, id], logProbability: value });
      else {
        found.push({ symbols, logProbability: value, score: scoreOf(value, steps, lengthPenalty) });
      }
    }
  }
  return found.sort((a, b) => b.score - a.score);
}

/** A GRU whose sentences begin with different states: logits, states and weights as tensors. */
export function gruModel(backend: Backend, seeds: readonly number[], vocabulary = 7): BeamModel<Tensor> {
  const made = { rng: new Rng(5), backend };
  const hidden = 6;
  const vectors = new Embedding(vocabulary, 4, made);
  const cell = new GRUCell(4, hidden, made);
  const head = new Linear(hidden, vocabulary, made);
  const firsts = seeds.flatMap((seed) => {
    const rng = new Rng(seed);
    return Array.from({ length: hidden }, () => 4 * rng.uniform() - 2);
  });
  return {
    vocabulary,
    backend,
    begin: () => ({ state: tensor(firsts, [seeds.length, hidden]).detach(), rows: seeds.length }),
    step(symbols, rows, before) {
      const h = gatherRows(before, ids(rows));
      const { output, state } = cell.step(vectors.forward(ids(symbols)), new RecurrentState(h));
      const logits = mul(head.forward(output), tensor(20));
      return { logits, state: state.hidden!.detach(), weights: softmax(output) };
    },
  };
}

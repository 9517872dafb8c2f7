import type { FloatArray } from "../backend/backend.ts";
import { Frames } from "../backend/scope.ts";
import { Tensor } from "../backend/tensor.ts";
import { InputError, ShapeError, UnrolledError } from "../core/errors.ts";
import { type StopSignal, Turns } from "../core/job.ts";
import { FLAG, LIST, listOfAny, optional, type Range, type Ranges, SIZE, settle } from "../core/options.ts";
import { END, START } from "../core/symbols.ts";
import { type BeamModel, checkBeamModel, checkStart, checkStep, checkSymbol } from "./beam-model.ts";
import { type BeamResult, BeamSentence, candidatesOf, stepValues } from "./beam-sentence.ts";
import { LogProbabilities } from "./log-probabilities.ts";

export interface GreedyOptions {
  /**
   * The largest number of steps, each of which makes one symbol; the end is one too. Sequences still open are cut there. A
   * number for all sentences, or a list with one for each. A limit that is near to what a sentence can need lets a search
   * with a length penalty stop sooner.
   */
  maxLength: number | ArrayLike<number>;
  /**
   * a in lp(n) = ((5 + n) / 6)^a (Wu et al. 2016, eq. 14). Hypotheses are ranked by log p / lp(n), where n counts the
   * steps, so that long ones are not at a disadvantage. From 0, which is log p itself, to 10. Default 0.
   */
  lengthPenalty?: number;
  /** What a model reads first, unless it begins with symbols of its own. Default 1, START. */
  start?: number;
  /** The symbol that ends a sequence. Default 0, END. */
  end?: number;
  /** Ids that are never chosen. Their probability is not divided among the others. Default: none. */
  forbidden?: ArrayLike<number>;
  /** Whether each result has the tree of what was considered. Default false. */
  trace?: boolean;
  /** Ends the search when it is aborted: the promise is rejected with its reason. */
  signal?: StopSignal;
}

export interface BeamOptions extends GreedyOptions {
  /** The number of hypotheses of each sentence that are kept at each step. Default 5. */
  width?: number;
  /** The number of hypotheses to return for each sentence, if as many are found. Default 1. */
  nBest?: number;
}

const PENALTY: Range = {
  text: "a number from 0 to 10",
  fits: (value) => typeof value === "number" && value >= 0 && value <= 10,
};
const SIGNAL: Range = {
  text: "an AbortSignal",
  fits: (value) => typeof (value as Partial<StopSignal> | null)?.throwIfAborted === "function",
};

type SettledGreedy = Required<Omit<GreedyOptions, "start" | "forbidden" | "signal">> &
  Pick<GreedyOptions, "start" | "forbidden" | "signal">;
type Settled = SettledGreedy & Required<Pick<BeamOptions, "width" | "nBest">>;

/** `start`, `end` and `forbidden` are compared with the vocabulary of the model. */
const ID: Range = { text: "an id", fits: (value) => Number.isInteger(value) && (value as number) >= 0 };
const isLimits = (value: unknown): boolean => listOfAny(SIZE, "").fits(value);
const GREEDY: Ranges<SettledGreedy> = {
  maxLength: {
    text: `${SIZE.text}, or a list of them`,
    fits: (value) => SIZE.fits(value) || isLimits(value),
  },
  lengthPenalty: PENALTY,
  start: optional(ID),
  end: ID,
  forbidden: optional({ text: "a list of ids", fits: LIST.fits }),
  trace: FLAG,
  signal: optional(SIGNAL),
};
const BEAM: Ranges<Settled> = { ...GREEDY, width: SIZE, nBest: SIZE };
const DEFAULTS = { lengthPenalty: 0, end: END, trace: false };

/**
 * Searches for the most probable sequences of a model, for all its sentences side by side (Sutskever et al. 2014;
 * Graves 2012, "Sequence transduction with recurrent neural networks"). Each step extends all live hypotheses of a
 * sentence by all symbols, and keeps the `width` most probable results. Those that end are finished, the others live on. A
 * sentence is done when no live hypothesis can come among its `nBest` finished ones any more, by a bound on what they can
 * reach, or after `maxLength` steps; if no hypothesis ended by then, the open ones are returned with `ended: false`.
 *
 * Finished sentences leave the batch. The result of a sentence does not depend on the others. Equally probable candidates
 * are ranked by their hypotheses, then by the lower id. CPU-only.
 * @returns a result for each sentence of the model
 * @throws InputError, ShapeError for an option that is out of range, a model that does not return what {@link BeamModel}
 * says, logits that are NaN or infinite, and if nothing can follow because all symbols are forbidden or impossible;
 * whatever the model throws; the reason of `signal`
 */
export async function beamSearch<State>(
  model: BeamModel<State>,
  options: BeamOptions,
): Promise<BeamResult[]> {
  const settings = settle<Settled>("beamSearch", BEAM, { ...DEFAULTS, width: 5, nBest: 1 }, options);
  return search("beamSearch", model, settings);
}

/**
 * Takes the most probable symbol at each step: {@link beamSearch} with a width of 1.
 * @returns a result with one hypothesis for each sentence of the model
 * @throws what {@link beamSearch} throws
 */
export async function greedySearch<State>(
  model: BeamModel<State>,
  options: GreedyOptions,
): Promise<BeamResult[]> {
  const settings = settle<SettledGreedy>("greedySearch", GREEDY, DEFAULTS, options);
  return search("greedySearch", model, { ...settings, width: 1, nBest: 1 });
}

async function search<State>(
  where: string,
  model: BeamModel<State>,
  settings: Settled,
): Promise<BeamResult[]> {
  checkBeamModel(where, model);
  const { vocabulary } = model;
  const { width, maxLength, trace, signal, end } = settings;
  checkSymbol(`${where}: end`, end, vocabulary);
  const forbidden = forbiddenOf(where, settings.forbidden, vocabulary);
  signal?.throwIfAborted();
  const turns = new Turns(signal);
  const frames = new Frames(model.backend);
  const logs = new LogProbabilities(where, vocabulary);
  const top = candidatesOf(width, trace);
  let state: { readonly value: State } | undefined;
  try {
    const begun = frames.run(() => model.begin());
    checkStart(where, begun, vocabulary);
    state = { value: begun.state };
    const firsts = firstSymbols(where, begun, settings.start, vocabulary);
    const limits = limitsOf(where, maxLength, firsts.length);
    const sentences = Array.from(
      firsts,
      (first, row) =>
        new BeamSentence({ ...settings, where, forbidden, maxLength: limits(row) }, first, row, trace),
    );
    let active = sentences;
    for (let step = 1; active.length > 0; step++) {
      signal?.throwIfAborted();
      if (turns.isDue) await turns.take();
      const reads = active.flatMap((sentence) => [...sentence.next()]);
      const symbols = Int32Array.from(reads, ([symbol]) => symbol);
      const rows = Int32Array.from(reads, ([, row]) => row);
      const before: State = state.value;
      frames.run(() => {
        const answer = model.step(symbols, rows, before);
        checkStep(where, answer, symbols.length, vocabulary);
        state = { value: answer.state };
        const weights = answer.weights === undefined ? undefined : valuesOf(answer.weights);
        const values = stepValues(logs, answer.logits, weights, symbols.length);
        let row = 0;
        for (const sentence of active) {
          row += located(`sentence ${sentence.index}, step ${step}`, () =>
            sentence.advance(values, row, top),
          );
        }
      });
      active = active.filter(({ isDone }) => !isDone);
    }
    return sentences.map((sentence) => sentence.result());
  } finally {
    if (state !== undefined) model.dispose?.(state.value);
    logs.dispose();
    frames.dispose();
  }
}

const valuesOf = (values: Tensor | FloatArray): FloatArray =>
  Tensor.isTensor(values) ? values.backend.memory.readSync!(values.address, values.size) : values;

/** What each sentence reads first. */
function firstSymbols(
  where: string,
  { rows, symbols }: { readonly rows: number; readonly symbols?: Int32Array | undefined },
  start: number | undefined,
  vocabulary: number,
): Int32Array {
  if (symbols === undefined) {
    checkSymbol(`${where}: start`, start ?? START, vocabulary);
    return new Int32Array(rows).fill(start ?? START);
  }
  if (start === undefined) return symbols;
  throw new InputError(`${where}: start cannot be used, because the model begins with symbols of its own`, {
    hint: "leave start out",
  });
}

/** The limit of each sentence. @throws ShapeError if there is not one for each */
function limitsOf(
  where: string,
  maxLength: number | ArrayLike<number>,
  sentences: number,
): (row: number) => number {
  if (typeof maxLength === "number") return () => maxLength;
  if (maxLength.length === sentences) return (row) => maxLength[row];
  throw new ShapeError(`${where}: maxLength`, `[${sentences}]`, `[${maxLength.length}]`);
}

/** [V]: 1 for each forbidden symbol. @throws InputError for other ids, and if none is left */
function forbiddenOf(
  where: string,
  ids: ArrayLike<number> | undefined,
  vocabulary: number,
): Uint8Array | undefined {
  if (ids === undefined || ids.length === 0) return undefined;
  const forbidden = new Uint8Array(vocabulary);
  for (let at = 0; at < ids.length; at++) {
    checkSymbol(`${where}: forbidden[${at}]`, ids[at], vocabulary);
    forbidden[ids[at]] = 1;
  }
  if (forbidden.includes(0)) return forbidden;
  throw new InputError(`${where}: forbidden leaves no symbol of ${vocabulary}`, {
    hint: "forbid fewer symbols",
  });
}

/** Adds to an error where it happened. */
function located<Result>(place: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof UnrolledError) error.inContext(place);
    throw error;
  }
}

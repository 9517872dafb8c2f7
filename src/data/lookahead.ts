import { InputError, Rng } from "../core/index.ts";
import { type Range, type Ranges, SIZE, settle } from "../core/options.ts";
import type { StepSequences } from "./step-sequences.ts";

export interface LookaheadOptions {
  /** Sequences, 1 to 100,000. Default 500. */
  readonly sequences?: number;
  /** Steps of a sequence, 1 to 100,000; without labels up to `ahead`. Default 24. */
  readonly length?: number;
  /** Different symbols, 2 to 26. Default 8. */
  readonly symbols?: number;
  /** How far the label lies ahead. Default 3. */
  readonly ahead?: number;
  /** Chooses the symbols, an integer. Default 0. */
  readonly seed?: number;
}

/** Sequences of symbols, with a label for each step. */
export interface LookaheadSequences {
  /** The names of the symbols, which are also the labels. */
  readonly names: readonly string[];
  /** `[sequences][length]` places in `names`, independent and each equally likely. */
  readonly symbols: readonly Int32Array[];
  /** `[sequences][length]`: the symbol `ahead` steps later; -1 for the last steps, which have none. */
  readonly labels: readonly Int32Array[];
}

const UP_TO_100_000: Range = {
  text: "an integer from 1 to 100000",
  fits: (value) => SIZE.fits(value) && (value as number) <= 100_000,
};

const RANGES: Ranges<LookaheadOptions> = {
  sequences: UP_TO_100_000,
  length: UP_TO_100_000,
  symbols: {
    text: "an integer from 2 to 26",
    fits: (value) => SIZE.fits(value) && (value as number) >= 2 && (value as number) <= 26,
  } satisfies Range,
  ahead: SIZE,
  seed: { text: "an integer", fits: Number.isSafeInteger },
};

const MOST_STEPS = 1e8;

const DEFAULTS = { sequences: 500, length: 24, symbols: 8, ahead: 3, seed: 0 };

/**
 * The label of a step is the symbol some steps later: y_t = x_{t+3}. Symbols are independent, so what has been read until
 * a step says nothing about its label, and a network that reads from left to right can only guess: it is right in
 * 1 / symbols of the cases. One that reads in both directions, or that may answer 3 steps later, knows all labels.
 */
export function lookaheadSequences(options: LookaheadOptions = {}): LookaheadSequences {
  const settings = settle<Required<LookaheadOptions>>("lookaheadSequences", RANGES, DEFAULTS, options);
  const { sequences, length, symbols: count, ahead, seed } = settings;
  if (sequences * length > MOST_STEPS) {
    throw new InputError(
      `lookaheadSequences: at most ${MOST_STEPS} steps in all, got ${sequences} x ${length}`,
    );
  }
  if (ahead >= length) {
    throw new InputError(`lookaheadSequences: ahead must be less than length, got ${ahead} and ${length}`);
  }
  const rng = new Rng(seed);
  const symbols = Array.from({ length: sequences }, () =>
    Int32Array.from({ length }, () => rng.integer(count)),
  );
  return {
    names: Array.from({ length: count }, (_, index) => String.fromCharCode(97 + index)),
    symbols,
    labels: symbols.map((own) => own.map((_, t) => (t + ahead < length ? own[t + ahead] : -1))),
  };
}

/** The same as sequences of words. */
export function lookaheadSteps(options: LookaheadOptions = {}): StepSequences {
  const { names, symbols, labels } = lookaheadSequences(options);
  const named = (lists: readonly Int32Array[]) =>
    lists.flatMap((list) => Array.from(list, (place) => names[place] ?? ""));
  return {
    steps: { kind: "words", words: named(symbols) },
    lengths: Int32Array.from(symbols, ({ length }) => length),
    names: symbols.map((_, index) => `sequence ${index + 1}`),
    labels: named(labels),
    groups: undefined,
  };
}

import { InputError, ShapeError } from "../core/errors.ts";
import { type Job, runJob } from "../core/index.ts";
import { COUNT, checkValue, FUNCTION, LIST, listOfAny, OBJECT, SIZE, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { type Fit, FLOATS, fitUnit, type SortedUnit, scoreFit, sortUnit, unitOf } from "./follow.ts";
import type { Signal } from "./signals.ts";
import type { LayerTrace } from "./trace.ts";

/** A unit that follows a signal. */
export interface FoundCell {
  readonly layer: number;
  readonly unit: number;
  readonly signal: string;
  /** How it follows the signal, in words: `above 0.31`, `rises with it`. */
  readonly detects: string;
  /** The score on the half of the text on which the unit was chosen: 0 is chance, 1 is perfect. */
  readonly score: number;
  /** The score on the other half. */
  readonly heldOutScore: number;
  /** The direction and the threshold. */
  readonly fit: Fit;
}

export interface SearchResult {
  /** The best units of each signal, by their score on the half on which they were chosen. */
  readonly cells: readonly FoundCell[];
  /** Signals that occur too rarely in the text. */
  readonly absent: readonly string[];
}

/** A signal must hold for at least this many symbols of each half, and not hold for as many. */
const LEAST_SYMBOLS = 20;

/** A signal and its value after each symbol of a text. */
export interface SignalValues {
  readonly signal: Signal;
  readonly values: Float32Array;
}

/**
 * Computes the values of all signals after each symbol of a text.
 * @param characters the code points of the text
 * @param ends the number of characters up to the end of each symbol; default: each symbol is a character
 */
export function valuesOf(
  signals: readonly Signal[],
  characters: readonly string[],
  ends?: ArrayLike<number>,
): SignalValues[] {
  return runJob(valuesOfJob(signals, characters, ends));
}

/** {@link valuesOf} as a job. */
export function* valuesOfJob(
  signals: readonly Signal[],
  characters: readonly string[],
  ends?: ArrayLike<number>,
): Job<SignalValues[]> {
  checkValue("valuesOf: signals", SIGNAL_LIST, signals);
  checkValue("valuesOf: characters", TEXTS, characters);
  if (ends !== undefined) checkEnds(ends, characters.length);
  const found: SignalValues[] = [];
  for (const signal of signals) {
    const all = signal.of(characters);
    const values = ends && Float32Array.from(ends, (end) => all[Math.max(0, end - 1)]);
    found.push({ signal, values: values ?? all });
    yield;
  }
  return found;
}

/**
 * Finds the units that follow each signal best. Units, directions and thresholds are chosen on the first half of the
 * text and scored on the second, because the best of many units always has a good score where it was chosen.
 * @param layers traces of the text; of an LSTM the cell states are used
 * @param all the signals of the text
 * @param best the number of units to return for each signal
 */
export function searchUnits(
  layers: readonly LayerTrace[],
  all: readonly SignalValues[],
  best = 3,
): SearchResult {
  return runJob(searchUnitsJob(layers, all, best));
}

/** {@link searchUnits} as a job. */
export function* searchUnitsJob(
  layers: readonly LayerTrace[],
  all: readonly SignalValues[],
  best = 3,
): Job<SearchResult> {
  checkSearch(layers, all, best);
  const symbols = all[0]?.values.length ?? 0;
  const half = Math.floor(symbols / 2);
  const usable = all.filter(({ signal, values }) =>
    [values.subarray(0, half), values.subarray(half)].every((part) => isEnough(part, signal.kind)),
  );
  const found = usable.map(() => [] as { layer: number; unit: number; fitted: Fit }[]);
  for (const [layer, { width, hidden, cell }] of layers.entries()) {
    for (let unit = 0; unit < width; unit++) {
      const sorted: SortedUnit = sortUnit(unitOf(cell ?? hidden, width, unit, 0, half));
      for (const [index, { signal, values }] of usable.entries()) {
        const fitted = fitUnit(sorted, values.subarray(0, half), signal.kind);
        found[index].push({ layer, unit, fitted });
        yield;
      }
    }
  }
  const cells = usable.flatMap(({ signal, values }, index) => {
    const chosen = found[index].sort((a, b) => b.fitted.score - a.fitted.score).slice(0, best);
    return chosen.map(({ layer, unit, fitted }): FoundCell => {
      const { width, hidden, cell } = layers[layer];
      const rest = unitOf(cell ?? hidden, width, unit, half, symbols);
      return {
        layer,
        unit,
        signal: signal.name,
        detects: describe(fitted, signal.kind),
        score: fitted.score,
        heldOutScore: scoreFit(fitted, rest, values.subarray(half), signal.kind),
        fit: fitted,
      };
    });
  });
  const absent = all.filter((one) => !usable.includes(one)).map(({ signal }) => signal.name);
  return { cells: cells.sort((a, b) => b.heldOutScore - a.heldOutScore), absent };
}

const TEXTS = listOfAny(TEXT, "a list of the text's characters");

const SIGNAL_LIST = listOfAny(
  {
    text: "a signal",
    fits: (value) => OBJECT.fits(value) && FUNCTION.fits((value as Partial<Signal>).of),
  },
  "a list of signals, as SIGNALS",
);

function checkEnds(ends: ArrayLike<number>, characters: number): void {
  checkValue("valuesOf: ends", LIST, ends);
  if (characters === 0 && ends.length > 0) {
    throw new InputError(`valuesOf: a text without characters has no values for ${ends.length} ends`);
  }
  for (let at = 0; at < ends.length; at++) {
    if (COUNT.fits(ends[at]) && ends[at] <= characters) continue;
    const expected = `integers from 0 to ${characters}`;
    throw new InputError(`valuesOf: ends must be ${expected}, got ${showValue(ends[at])} at position ${at}`);
  }
}

/** Checks that traces and signals are of one text: each has a value for every symbol. */
function checkSearch(layers: readonly LayerTrace[], all: readonly SignalValues[], best: number): void {
  checkValue("searchUnits: best", SIZE, best);
  checkValue("searchUnits: layers", listOfAny(OBJECT, "a list of traces of layers"), layers);
  checkValue("searchUnits: all", listOfAny(OBJECT, "a list of signals with their values"), all);
  for (const [index, { signal, values }] of all.entries()) {
    checkValue(`searchUnits: all[${index}].signal`, { text: "a signal", fits: OBJECT.fits }, signal);
    checkValue(`searchUnits: all[${index}].values`, FLOATS, values);
    if (values.length !== all[0].values.length) {
      throw new ShapeError(
        `searchUnits: all[${index}].values`,
        `[${all[0].values.length}]`,
        `[${values.length}]`,
      );
    }
  }
  const symbols = all[0]?.values.length;
  for (const [index, { width, hidden, cell }] of layers.entries()) {
    checkValue(`searchUnits: layers[${index}].width`, SIZE, width);
    for (const [name, values] of Object.entries({ hidden, cell: cell === undefined ? hidden : cell })) {
      const where = `searchUnits: layers[${index}].${name}`;
      checkValue(where, FLOATS, values);
      if (symbols === undefined || values.length === symbols * width) continue;
      throw new ShapeError(where, `[symbols=${symbols}, width=${width}]`, `[${values.length}]`);
    }
  }
}

function isEnough(values: Float32Array, kind: Signal["kind"]): boolean {
  if (kind === "amount") return new Set(values).size > 1;
  const positives = values.reduce((sum, value) => sum + value, 0);
  return Math.min(positives, values.length - positives) >= LEAST_SYMBOLS;
}

function describe({ direction, threshold }: Fit, kind: Signal["kind"]): string {
  if (kind === "amount") return direction === 1 ? "rises with it" : "falls with it";
  return `${direction === 1 ? "above" : "below"} ${threshold.toFixed(2)}`;
}

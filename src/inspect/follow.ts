/** How well one unit follows one signal: fitted on one half of a text, scored on the other. */
import { InputError, ShapeError } from "../core/errors.ts";
import { COUNT, checkValue, type Range, SIZE } from "../core/options.ts";
import type { Signal } from "./signals.ts";

/** How a unit follows a signal, fitted on the first half of a text. */
export interface Fit {
  /** 1 if the unit is high where the signal is high, -1 if it is low there. */
  readonly direction: 1 | -1;
  /** For a signal of kind `share`, the threshold between low and high. */
  readonly threshold: number;
  /** 0 is chance, 1 is perfect. */
  readonly score: number;
}

/** The values of one unit, sorted, with their positions. */
export interface SortedUnit {
  readonly values: Float32Array;
  /** Positions in the text, in the order of rising values. */
  readonly order: Int32Array;
}

export const FLOATS: Range = {
  text: "a Float32Array",
  fits: (value) => Object.prototype.toString.call(value) === "[object Float32Array]",
};

/**
 * The values of one unit after each symbol of a part of a text.
 * @param all values of all units of a layer, [symbols, width]
 * @param width how many units the layer has
 * @param unit below `width`
 * @param from the first symbol
 * @param to the symbol behind the last
 * @returns [to - from]
 * @throws InputError, ShapeError for a unit or a symbol that does not exist
 */
export function unitOf(
  all: Float32Array,
  width: number,
  unit: number,
  from: number,
  to: number,
): Float32Array {
  checkValue("unitOf: all", FLOATS, all);
  for (const [name, range, value] of [
    ["width", SIZE, width],
    ["unit", COUNT, unit],
    ["from", COUNT, from],
    ["to", COUNT, to],
  ] as const) {
    checkValue(`unitOf: ${name}`, range, value);
  }
  if (all.length % width !== 0)
    throw new ShapeError("unitOf: all", `[symbols, width=${width}]`, `[${all.length}]`);
  if (unit >= width) throw new InputError(`unitOf: unit must be below width=${width}, got ${unit}`);
  const symbols = all.length / width;
  if (from > to || to > symbols) {
    throw new InputError(
      `unitOf: from and to must be symbols in order, from 0 to ${symbols}, got ${from} and ${to}`,
    );
  }
  return Float32Array.from({ length: to - from }, (_, t) => all[(from + t) * width + unit]);
}

export function sortUnit(values: Float32Array): SortedUnit {
  const order = Int32Array.from({ length: values.length }, (_, at) => at).sort(
    (a, b) => values[a] - values[b] || a - b,
  );
  return { values, order };
}

/**
 * Fits a unit to a signal. For a share, finds the threshold with the highest informedness (Youden's J: true positive
 * rate + true negative rate - 1, which is twice the balanced accuracy minus 1); for an amount, computes the correlation.
 */
export function fitUnit(unit: SortedUnit, signal: Float32Array, kind: Signal["kind"]): Fit {
  if (kind === "amount") {
    const r = correlation(unit.values, signal);
    return { direction: r < 0 ? -1 : 1, threshold: 0, score: Math.abs(r) };
  }
  const { values, order } = unit;
  const positives = signal.reduce((sum, value) => sum + value, 0);
  const negatives = signal.length - positives;
  let best: Fit = { direction: 1, threshold: 0, score: 0 };
  let [positivesBelow, negativesBelow] = [0, 0];
  for (let rank = 0; rank + 1 < order.length; rank++) {
    const at = order[rank];
    if (signal[at] > 0) positivesBelow++;
    else negativesBelow++;
    const next = values[order[rank + 1]];
    // A threshold is between two different values.
    if (next === values[at]) continue;
    const j = negativesBelow / negatives - positivesBelow / positives;
    if (Math.abs(j) <= best.score) continue;
    best = { direction: j < 0 ? -1 : 1, threshold: (values[at] + next) / 2, score: Math.abs(j) };
  }
  return best;
}

/** The score of a fit on another text. It is below 0 if the unit does the opposite there. */
export function scoreFit(
  { direction, threshold }: Fit,
  values: Float32Array,
  signal: Float32Array,
  kind: Signal["kind"],
): number {
  if (kind === "amount") return direction * correlation(values, signal);
  let [positives, truePositives, trueNegatives] = [0, 0, 0];
  for (let at = 0; at < signal.length; at++) {
    const high = values[at] > threshold === (direction === 1);
    if (signal[at] > 0) {
      positives++;
      if (high) truePositives++;
    } else if (!high) trueNegatives++;
  }
  return truePositives / positives + trueNegatives / (signal.length - positives) - 1;
}

/** Pearson's correlation; 0 if one of the two is constant. */
function correlation(a: Float32Array, b: Float32Array): number {
  const n = a.length;
  let [sumA, sumB] = [0, 0];
  for (let at = 0; at < n; at++) {
    sumA += a[at];
    sumB += b[at];
  }
  const [meanA, meanB] = [sumA / n, sumB / n];
  let [product, squareA, squareB] = [0, 0, 0];
  for (let at = 0; at < n; at++) {
    const [x, y] = [a[at] - meanA, b[at] - meanB];
    product += x * y;
    squareA += x * x;
    squareB += y * y;
  }
  return squareA === 0 || squareB === 0 ? 0 : product / Math.sqrt(squareA * squareB);
}

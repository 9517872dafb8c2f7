/** A stretch of text with the values of one unit: which stretch, and on which scale. */
import { type Fit, unitOf } from "./follow.ts";
import { type FoundCell, type SignalValues, searchUnits } from "./search.ts";
import type { LayerTrace } from "./trace.ts";

/** A text with the value of one unit after each symbol. */
export interface ShownText {
  /** What each symbol adds to the text. */
  readonly pieces: readonly string[];
  /**
   * After each symbol, in [-1, 1]. Where the unit follows a signal: how far it is beyond its threshold, above 0 on the
   * side on which it says that the signal holds. Else the activation itself.
   */
  readonly values: Float32Array;
  /** For each character of the text whether the signal holds; undefined where it has no such thing to mark. */
  readonly holds: readonly boolean[] | undefined;
  readonly layer: number;
  readonly unit: number;
  readonly signal: string | undefined;
  /** Whether `values` are relative to a threshold, or to the mean of an amount, or the activations. */
  readonly scale: "threshold" | "mean" | "activation";
  /** Where the unit says that the signal holds: `below 0.50`, `rises with it`. */
  readonly detects: string | undefined;
  /** How well it follows it, on the half of the text on which it was not chosen. */
  readonly score: number | undefined;
}

/** Symbols of the second half of the text, when no text was given to be shown. */
const EXCERPT = 480;

/** Longer words may be cut at the end of an excerpt. */
const LONGEST_WORD = 40;

/** Both sides of a threshold end where this share of the values lies within. */
const WITHIN = 0.9;

/** A text that was read: its symbols and the signals of its characters. */
export interface ReadText {
  readonly pieces: readonly string[];
  /** How many characters there are up to the end of each symbol. */
  readonly ends: readonly number[];
  readonly layers: readonly LayerTrace[];
  /** One value for each character. */
  readonly signals: readonly SignalValues[];
}

/** A unit, and the signal by which it is shown. */
export interface ChosenUnit {
  readonly layer: number;
  readonly unit: number;
  readonly follows: Followed | undefined;
}

/** A signal of a text, and what one unit makes of it. */
export type Followed = Omit<FoundCell, "layer" | "unit">;

/** How well one unit follows each signal of a text. @param signals one value for each symbol */
export function followedBy(
  { width, hidden, cell }: LayerTrace,
  unit: number,
  signals: readonly SignalValues[],
): readonly Followed[] {
  const values = unitOf(cell ?? hidden, width, unit, 0, hidden.length / width);
  return searchUnits([{ width: 1, hidden: values, cell: undefined }], signals, 1).cells;
}

/**
 * A text by one unit.
 * @param scored the text on which the unit was scored: the scale comes from it
 * @param own the text to show; undefined: an excerpt of the half of `scored` on which nothing was chosen
 */
export function showUnit(chosen: ChosenUnit, scored: ReadText, own: ReadText | undefined): ShownText {
  const { layer, unit, follows } = chosen;
  const text = own ?? scored;
  const signal = text.signals.find((one) => one.signal.name === follows?.signal);
  const isShare = signal?.signal.kind === "share";
  const [from, to] =
    own === undefined ? excerptOf(scored, isShare ? signal?.values : undefined) : [0, own.pieces.length];
  const scale =
    follows === undefined
      ? activationScale(scored.layers[layer])
      : fitScale(chosen, follows.fit, scored, isShare);
  const { width, hidden, cell } = text.layers[layer];
  const values = unitOf(cell ?? hidden, width, unit, from, to).map((value) =>
    Math.max(-1, Math.min(1, scale(value))),
  );
  const [first, end] = [from === 0 ? 0 : text.ends[from - 1], text.ends[to - 1] ?? 0];
  return {
    signal: follows?.signal,
    detects: follows?.detects,
    score: follows?.heldOutScore,
    layer,
    unit,
    values,
    pieces: text.pieces.slice(from, to),
    holds: isShare ? Array.from(signal!.values.subarray(first, end), (value) => value > 0) : undefined,
    scale: follows === undefined ? "activation" : isShare ? "threshold" : "mean",
  };
}

/** A cell state as its output gate sees it; a hidden state as it is. */
function activationScale({ cell }: LayerTrace): (value: number) => number {
  return cell === undefined ? (value) => value : Math.tanh;
}

/** 0 at the threshold (of an amount: at the mean), 1 and -1 where nine in ten of the values on that side lie below. */
function fitScale(
  { layer, unit }: ChosenUnit,
  { direction, threshold }: Fit,
  { layers }: ReadText,
  isShare: boolean,
) {
  const { width, hidden, cell } = layers[layer];
  const all = unitOf(cell ?? hidden, width, unit, 0, hidden.length / width);
  const middle = isShare ? threshold : all.reduce((sum, value) => sum + value, 0) / all.length;
  const distances = all.map((value) => direction * (value - middle)).sort();
  const [below, above] = [
    distances.filter((value) => value < 0).reverse(),
    distances.filter((value) => value > 0),
  ];
  const reach = (side: Float32Array) => Math.abs(side[Math.floor(WITHIN * (side.length - 1))] ?? 1) || 1;
  const [reachBelow, reachAbove] = [reach(below), reach(above)];
  return (value: number) => {
    const distance = direction * (value - middle);
    return distance / (distance < 0 ? reachBelow : reachAbove);
  };
}

/**
 * Where an excerpt of the second half begins and ends: at the first line from which on a signal holds for a quarter
 * of the characters and does not hold for another quarter, or the line that comes closest to that.
 * @param holds one value for each character; undefined: the first line
 */
function excerptOf({ pieces, ends }: ReadText, holds: Float32Array | undefined): [from: number, to: number] {
  const half = pieces.length >> 1;
  const starts = linesFrom(pieces, half);
  if (holds === undefined) return [starts[0], wordEnd(pieces, starts[0])];
  const before = new Uint32Array(holds.length + 1);
  for (const [at, value] of holds.entries()) before[at + 1] = before[at] + (value > 0 ? 1 : 0);
  let best: { from: number; share: number } | undefined;
  for (const from of starts) {
    const to = Math.min(pieces.length, from + EXCERPT);
    const [first, end] = [from === 0 ? 0 : ends[from - 1], ends[to - 1]];
    const on = before[end] - before[first];
    // An excerpt that the end of the text cuts short is not better for being short.
    const share = Math.min(on, end - first - on) / Math.max(end - first, EXCERPT);
    if (best === undefined || share > best.share) best = { from, share };
    if (share >= 1 / 4) break;
  }
  const from = best?.from ?? half;
  return [from, wordEnd(pieces, from)];
}

/** Where an excerpt from a place on ends: behind a space or a line end, where there is one near. */
function wordEnd(pieces: readonly string[], from: number): number {
  const last = Math.min(pieces.length, from + EXCERPT);
  for (let to = last; to > last - LONGEST_WORD && to > from; to--) if (/\s$/.test(pieces[to - 1])) return to;
  return last;
}

/** Symbols after a line end, from a place on; the place itself where there is none. */
function linesFrom(pieces: readonly string[], half: number): number[] {
  const starts: number[] = [];
  for (let at = half + 1; at < pieces.length; at++) if (pieces[at - 1].endsWith("\n")) starts.push(at);
  return starts.length === 0 ? [half] : starts;
}

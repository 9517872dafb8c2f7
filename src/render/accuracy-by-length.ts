import { InputError } from "../core/errors.ts";
import type { SeriesPanel, SeriesValues } from "./svg-series.ts";

/** What one model made of sequences of several lengths. */
export interface AccuracyCurve {
  /** Its name in the legend. */
  readonly name: string;
  readonly items: readonly { readonly length: number; readonly right: boolean }[];
}

export interface AccuracyOptions {
  readonly title: string;
  /** Lengths that are counted together: 5 makes 0 to 4, 5 to 9, and so on. Default 1. */
  readonly bin?: number;
}

/** More lengths would be less than a dot each. */
const MOST_BINS = 10_000;

/**
 * The share of right sequences over their length, in per cent, as a chart for `svgSeries` and `terminalSeries`. Lengths
 * without sequences are gaps.
 * @param curves one to three models, the most important first
 * @throws InputError for another number of curves, lengths that are no whole numbers of at least 0, and none at all
 */
export function accuracyByLength(curves: readonly AccuracyCurve[], options: AccuracyOptions): SeriesPanel {
  const { title, bin = 1 } = options;
  if (!(Number.isSafeInteger(bin) && bin >= 1)) {
    throw new InputError(`accuracyByLength: bin must be an integer of at least 1, got ${bin}`);
  }
  if (curves.length < 1 || curves.length > 3) {
    throw new InputError(`accuracyByLength: a chart has one to three curves, got ${curves.length}`);
  }
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { length } of curves.flatMap(({ items }) => items)) {
    if (!(Number.isSafeInteger(length) && length >= 0)) {
      throw new InputError(`accuracyByLength: a length must be an integer of at least 0, got ${length}`);
    }
    least = Math.min(least, Math.floor(length / bin));
    most = Math.max(most, Math.floor(length / bin));
  }
  const count = most - least + 1;
  if (!(count >= 1 && count <= MOST_BINS)) {
    const got = count >= 1 ? `${count} different ones` : "none";
    throw new InputError(`accuracyByLength: 1 to ${MOST_BINS} lengths can be drawn, got ${got}`);
  }
  const values = curves.map(({ items }) => shares(items, least, count, bin));
  const [forecast, naive, truth] = values;
  const [{ name }, second, third] = curves;
  return {
    title,
    steps: Array.from({ length: count }, (_, at) => binName(bin * (least + at), bin)),
    ...{ forecast, naive: naive ?? [], truth: truth ?? [], fromZero: true },
    names: { forecast: name, naive: second?.name ?? "", truth: third?.name ?? "" },
  };
}

const binName = (from: number, bin: number): string => (bin === 1 ? `${from}` : `${from}–${from + bin - 1}`);

function shares(items: AccuracyCurve["items"], first: number, count: number, bin: number): SeriesValues {
  const all = new Float64Array(count);
  const right = new Float64Array(count);
  for (const item of items) {
    const at = Math.floor(item.length / bin) - first;
    all[at]++;
    if (item.right) right[at]++;
  }
  return Array.from(all, (total, at) => (total === 0 ? null : (100 * right[at]) / total));
}

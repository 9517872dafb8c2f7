/** What a model attended to while it wrote: a weight for each symbol that it wrote and each one that it read. */

export interface Alignment {
  /** Symbols that were read, in their order. */
  readonly source: readonly string[];
  /** Symbols that were written; one more row of weights may follow, of the end. */
  readonly target: readonly string[];
  /** [target or target + 1, source], each row from 0 to 1 and together 1. */
  readonly weights: readonly ArrayLike<number>[];
}

/** How the end of a target is shown. */
export const END_MARK = "(end)";

/** The names of the rows. */
export function rowsOf({ target, weights }: Alignment): string[] {
  return weights.map((_, row) => target[row] ?? END_MARK);
}

/** A symbol as it is shown: spaces are visible. */
export const visible = (symbol: string): string => symbol.replaceAll(" ", "␣");

/** The place of the largest weight of each row. */
export function strongestOf({ source, weights }: Alignment): number[] {
  return weights.map((row) => {
    let best = 0;
    for (let at = 1; at < source.length; at++) if (row[at] > row[best]) best = at;
    return best;
  });
}

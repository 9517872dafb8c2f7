/** What a decoder attended to while it wrote, whatever it is drawn with. */
import { escapeControl, InputError } from "../core/errors.ts";

export interface AttentionMatrix {
  /** The pieces that were read: the columns. */
  readonly source: readonly string[];
  /** The pieces that were written: the rows. The end may be the last. */
  readonly target: readonly string[];
  /** For each piece of the target how much of its attention each piece of the source had: [target][source or longer]. */
  readonly weights: readonly ArrayLike<number>[];
}

/** A part of a matrix that has room in a picture, with names that can be shown. */
export interface AttentionPicture {
  readonly source: readonly string[];
  readonly target: readonly string[];
  readonly weights: readonly (readonly number[])[];
  /** What was left out, in words. Undefined: nothing. */
  readonly cut: string | undefined;
}

/**
 * The first pieces of both sides. Weights beyond the source, which are those of padding, are passed over.
 * @param mostSource pieces of the source that there is room for
 * @param mostTarget pieces of the target
 * @throws InputError for weights that are no shares, and unless each piece of the target has one for each of the source
 */
export function attentionPicture(
  { source, target, weights }: AttentionMatrix,
  mostSource: number,
  mostTarget: number,
): AttentionPicture {
  if (weights.length !== target.length) {
    throw new InputError(
      `an attention matrix of ${target.length} written pieces has as many rows, got ${weights.length}`,
    );
  }
  for (const [at, row] of weights.entries()) checkRow(row, at, source.length);
  const columns = Math.min(source.length, mostSource);
  const rows = Math.min(target.length, mostTarget);
  const parts = [
    ...(columns < source.length ? [`the first ${columns} of ${source.length} pieces read`] : []),
    ...(rows < target.length ? [`the first ${rows} of ${target.length} pieces written`] : []),
  ];
  return {
    source: source.slice(0, columns).map(pieceText),
    target: target.slice(0, rows).map(pieceText),
    weights: weights.slice(0, rows).map((row) => Array.from({ length: columns }, (_, at) => row[at])),
    cut: parts.length === 0 ? undefined : `shown: ${parts.join(", ")}`,
  };
}

function checkRow(row: ArrayLike<number>, at: number, places: number): void {
  if (row.length < places) {
    throw new InputError(
      `row ${at} of an attention matrix of ${places} read pieces has as many weights, got ${row.length}`,
    );
  }
  for (let place = 0; place < places; place++) {
    // A sum of rounded shares may exceed 1 by a little.
    if (row[place] >= 0 && row[place] <= 1.001) continue;
    throw new InputError(`weights of attention are from 0 to 1, got ${row[place]} in row ${at}`);
  }
}

/** A piece of text as a name: spaces and control characters can be seen. */
export function pieceText(piece: string): string {
  return piece === "" ? "∅" : escapeControl(piece.replace(/^ +| +$/g, (spaces) => "␣".repeat(spaces.length)));
}

import { axesOf } from "../core/broadcast.ts";
import { ShapeError } from "../core/errors.ts";
import { LIST } from "../core/options.ts";
import type { BatchRows, Rng } from "../core/rng.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import { showValue } from "../core/show-value.ts";

/** A run of consecutive elements of a tensor that are also consecutive in the draw for the whole batch. */
export interface DrawnRun {
  /** Index of the first element in the tensor, and in the draw. */
  readonly at: number;
  readonly start: number;
  readonly count: number;
}

/**
 * Determines which elements of the whole batch's draw a tensor gets: all of them as one run, unless the generator is
 * for some rows of a batch.
 * @param where the op and its argument, such as `dropout: x`
 * @param shape shape of what is drawn
 * @param axis the batch axis of the shape; null if there is none, so that all replicas draw the same numbers
 * @throws ShapeError if the size of the axis is not the number of rows of the generator
 */
export function drawnRuns(where: string, shape: Shape, axis: number | null, rng: Rng): readonly DrawnRun[] {
  const { batchRows } = rng;
  const size = sizeOf(shape);
  if (batchRows === undefined || axis === null) return [{ at: 0, start: 0, count: size }];
  checkRows(where, shape, axis, batchRows);
  const { rows, batch } = batchRows;
  const inner = sizeOf(shape.slice(axis + 1));
  const runs: { at: number; start: number; count: number }[] = [];
  for (let outer = 0; outer < sizeOf(shape.slice(0, axis)); outer++) {
    for (let row = 0; row < rows.length; row++) {
      const start = (outer * batch + rows[row]) * inner;
      const last = runs.at(-1);
      if (last !== undefined && last.start + last.count === start) last.count += inner;
      else runs.push({ at: (outer * rows.length + row) * inner, start, count: inner });
    }
  }
  return runs;
}

/** The batch axis that an op was given; 0 by default. @throws ShapeError if it is not an axis of the shape */
export function batchAxisOf(op: string, axis: number | null | undefined, shape: Shape): number | null {
  if (axis === null) return null;
  if (axis === undefined) return 0;
  return axesOf(op, [axis], shape)[0];
}

function checkRows(where: string, shape: Shape, axis: number, { rows, batch }: BatchRows): void {
  // The generator may be a user's own implementation.
  if (LIST.fits(rows) && Number.isSafeInteger(batch) && shape[axis] === rows.length) return;
  const expected = LIST.fits(rows) ? `${rows.length} rows along axis ${axis}` : "rows of a batch";
  throw new ShapeError(where, `the generator's ${expected}`, showValue(shape[axis]), {
    hint: "say which axis is the batch, { batchAxis: 1 }, or that none is, { batchAxis: null }",
  });
}

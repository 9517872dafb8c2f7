import { axesOf } from "../core/broadcast.ts";
import { ShapeError } from "../core/errors.ts";
import { LIST } from "../core/options.ts";
import type { BatchRows, Rng } from "../core/rng.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import { showValue } from "../core/show-value.ts";

/** Elements of a tensor that lie one after another in what is drawn for the whole batch, too. */
export interface DrawnRun {
  /** The first of them in the tensor, and in the draw. */
  readonly at: number;
  readonly start: number;
  readonly count: number;
}

/**
 * Which elements of the whole batch's draw a tensor gets: one run of all, unless the generator is one for some rows of a
 * batch.
 * @param where the op and its argument, as `dropout: x`
 * @param shape of what is drawn
 * @param axis of the batch in the shape; null where there is none, so that all replicas draw the same
 * @throws ShapeError where the axis has not as many rows as the generator is for
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

/** The axis of the batch that an op is given, 0 if it is given none. @throws ShapeError for what is no axis of the shape */
export function batchAxisOf(op: string, axis: number | null | undefined, shape: Shape): number | null {
  if (axis === null) return null;
  if (axis === undefined) return 0;
  return axesOf(op, [axis], shape)[0];
}

function checkRows(where: string, shape: Shape, axis: number, { rows, batch }: BatchRows): void {
  // A generator may be one of somebody's own.
  if (LIST.fits(rows) && Number.isSafeInteger(batch) && shape[axis] === rows.length) return;
  const expected = LIST.fits(rows) ? `${rows.length} rows along axis ${axis}` : "rows of a batch";
  throw new ShapeError(where, `the generator's ${expected}`, showValue(shape[axis]), {
    hint: "say which axis is the batch, { batchAxis: 1 }, or that none is, { batchAxis: null }",
  });
}

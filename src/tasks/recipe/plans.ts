/** Batches of the short trainings of `unrolled check`, made of those of a task's plan. */
import type { BatchPlan } from "../task.ts";

/** Some rows of a step that are only measured on. */
export interface HeldRows {
  readonly step: number;
  readonly from: number;
  readonly to: number;
  /** What they count together. */
  readonly weight: number;
}

/** Steps of the first pass: some to train on, over and over, the others to measure on. */
export interface HeldOutPlan {
  readonly train: BatchPlan<unknown>;
  readonly held: readonly HeldRows[];
}

/** Share of the steps of a pass that are held out, and how many at most: more would take longer than the training. */
const HELD_SHARE = 0.2;
const MOST_HELD = 8;

/** Pieces whose losses are compared one by one; fewer say little about how far their mean is to be trusted. */
const PIECES = 16;

/**
 * Divide the first pass over the data by its steps, the rows of the only step where a pass has no more. No item is on both
 * sides, since a pass has every item once.
 */
export function holdOut(plan: BatchPlan<unknown>): HeldOutPlan {
  const { stepsPerEpoch, rows } = plan;
  if (stepsPerEpoch === 1) {
    const cut = Math.max(1, Math.ceil((1 - HELD_SHARE) * rowsIn(plan, 0)));
    return { train: firstRows(plan, cut), held: piecesOf(plan, 0, cut, PIECES) };
  }
  const held = Math.min(MOST_HELD, Math.max(1, Math.floor(HELD_SHARE * stepsPerEpoch)));
  const steps = stepsPerEpoch - held;
  const pieces = Array.from({ length: held }, (_, index) =>
    piecesOf(plan, steps + index, 0, Math.ceil(PIECES / held)),
  );
  return { train: { ...cycle(plan, steps), rows }, held: pieces.flat() };
}

/** Rows of a step up to the last that counts. */
export function rowsIn(plan: BatchPlan<unknown>, step: number): number {
  const weights = plan.weights(step);
  let rows = plan.rows;
  while (rows > 0 && !(weights[rows - 1] > 0)) rows--;
  return rows;
}

/** The first rows of the first step, at every step. */
export function firstRows(plan: BatchPlan<unknown>, rows: number): BatchPlan<unknown> {
  return {
    stepsPerEpoch: 1,
    rows,
    weights: () => Float64Array.from({ length: rows }, (_, row) => plan.weights(0)[row]),
    batch: (_, from, to) => plan.batch(0, from, to),
  };
}

/** The same plan with batches that are changed. */
export function changeBatches(
  plan: BatchPlan<unknown>,
  change: (batch: unknown) => unknown,
): BatchPlan<unknown> {
  return {
    stepsPerEpoch: plan.stepsPerEpoch,
    rows: plan.rows,
    weights: (step) => plan.weights(step),
    batch: (step, from, to) => change(plan.batch(step, from, to)),
  };
}

/** The first steps over and over. A carried state is not handed on: the steps are not those that follow each other. */
function cycle(plan: BatchPlan<unknown>, steps: number): BatchPlan<unknown> {
  return {
    stepsPerEpoch: steps,
    rows: plan.rows,
    weights: (step) => plan.weights(step % steps),
    batch: (step, from, to) => plan.batch(step % steps, from, to),
  };
}

/** The rows of a step from one on, in so many pieces or fewer, those that count nothing left out. */
function piecesOf(plan: BatchPlan<unknown>, step: number, first: number, pieces: number): HeldRows[] {
  const weights = plan.weights(step);
  const end = rowsIn(plan, step);
  const size = Math.max(1, Math.ceil((end - first) / pieces));
  const found: HeldRows[] = [];
  for (let from = first; from < end; from += size) {
    const to = Math.min(end, from + size);
    let weight = 0;
    for (let row = from; row < to; row++) weight += weights[row];
    if (weight > 0) found.push({ step, from, to, weight });
  }
  return found;
}

import type { Rng } from "../core/rng.ts";

/** The same stream, whose draws for a row of a batch depend neither on the other rows nor on padding. */
export function drawByRow(rng: Rng, batch: number): Rng {
  if (rng.batchRows !== undefined) return rng;
  return rng.forRows(
    Array.from({ length: batch }, (_, row) => row),
    batch,
  );
}

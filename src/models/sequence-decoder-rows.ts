/** The rows of a pass over known targets, and the random numbers of each. */
import { dropout } from "../autograd/ops/dropout.ts";
import type { Tensor } from "../backend/tensor.ts";
import type { Rng } from "../core/rng.ts";
import { END, START } from "../core/symbols.ts";
import { packedTimeline, type Timeline } from "../nn/timeline.ts";
import { drawByRow } from "./draw-by-row.ts";

/** The rows of a pass. Row r of a step is sequence `time.order[r]` of the batch; longer sequences come first. */
export interface DecoderRows {
  readonly time: Timeline;
  readonly batch: number;
  readonly steps: number;
  /** Sequences at each step, and the index of the first row of each step; the last entry is the number of rows. */
  readonly counts: readonly number[];
  readonly starts: readonly number[];
  /** Rows of a step before START: `batch` where the decoder is given a first input, else 0. */
  readonly before: number;
  /** y_{t-1} and y_t of all rows behind those. */
  readonly previous: Int32Array;
  readonly targets: Int32Array;
}

/**
 * @param targets [batch, width] symbols without START and END
 * @param lengths how many of them each sequence has, from 0 to `width`
 * @param hasFirst whether an input comes before START
 */
export function decoderRows(
  targets: Int32Array,
  width: number,
  lengths: ArrayLike<number>,
  hasFirst: boolean,
): DecoderRows {
  const batch = lengths.length;
  const offset = hasFirst ? 1 : 0;
  const all = Array.from(lengths, (length) => length + 1 + offset);
  const steps = Math.max(...all);
  const time = packedTimeline(false, [steps, batch], all, "decoder");
  const counts = Array.from({ length: steps }, (_, t) => all.filter((length) => length > t).length);
  const starts = [0];
  for (const count of counts) starts.push(starts[starts.length - 1] + count);
  const before = offset * batch;
  const total = starts[steps] - before;
  const rows = { previous: new Int32Array(total), targets: new Int32Array(total) };
  for (let t = offset; t < steps; t++) {
    for (let r = 0; r < counts[t]; r++) {
      const b = time.order[r];
      const at = t - offset;
      const row = starts[t] + r - before;
      rows.previous[row] = at === 0 ? START : targets[b * width + at - 1];
      rows.targets[row] = at < lengths[b] ? targets[b * width + at] : END;
    }
  }
  return { time, batch, steps, counts, starts, before, ...rows };
}

/** Names of the streams of random numbers of a pass. */
const VECTORS = 0;
const LAYERS = 1;
const OUTPUT = 2;
const SAMPLING = 3;

/** Dropout and sampling of a pass. What is drawn for a sequence does not depend on the others or on padding. */
export class DecoderDraws {
  private readonly rng: Rng | undefined;
  private readonly p: number;
  private readonly rows: DecoderRows;
  /** The rows of the whole batch, of which a replica may have some. */
  private readonly sequences: readonly number[];
  private readonly whole: number;
  private places: readonly number[] | undefined;

  /** @param rng takes one draw; undefined: nothing is dropped */
  constructor(rng: Rng | undefined, p: number, rows: DecoderRows) {
    this.rng = rng && drawByRow(rng, rows.batch).fork(rng.words()[0]);
    this.p = p;
    this.rows = rows;
    const { order } = rows.time;
    const own = this.rng?.batchRows;
    this.sequences = own === undefined ? order : order.map((b) => own.rows[b]);
    this.whole = own?.batch ?? rows.batch;
  }

  /** On rows [from, from + x.shape[0]) of the pass. */
  vectors(x: Tensor, from: number): Tensor {
    return this.drop(x, from, VECTORS, 0);
  }

  /** On what `layer` reads of the layer below. */
  layer(x: Tensor, from: number, layer: number): Tensor {
    return this.drop(x, from, LAYERS, layer);
  }

  output(x: Tensor, from: number): Tensor {
    return this.drop(x, from, OUTPUT, 0);
  }

  /** Whether sequence `rank` reads its true symbol at a step. */
  isTaught(share: number, step: number, rank: number): boolean {
    return (this.rng?.fork(SAMPLING, this.sequences[rank], step).uniform() ?? 0) < share;
  }

  private drop(x: Tensor, from: number, name: number, layer: number): Tensor {
    if (this.rng === undefined || this.p === 0) return x;
    const places = this.allPlaces().slice(from, from + x.shape[0]);
    const { steps } = this.rows;
    return dropout(x, this.p, this.rng.fork(name, layer).forRows(places, steps * this.whole));
  }

  /** Where each row stands in the dense batch, [steps, whole]. */
  private allPlaces(): readonly number[] {
    const { counts } = this.rows;
    this.places ??= counts.flatMap((count, t) =>
      this.sequences.slice(0, count).map((sequence) => t * this.whole + sequence),
    );
    return this.places;
  }
}

/** Where each symbol of a dense batch [batch, width + 1] stands among the rows behind START; -1 behind its END. */
export function placesOf({ counts, starts, time, before, batch }: DecoderRows, width: number): Int32Array {
  const places = new Int32Array(batch * (width + 1)).fill(-1);
  const offset = before > 0 ? 1 : 0;
  for (let t = offset; t < counts.length; t++) {
    for (let r = 0; r < counts[t]; r++)
      places[time.order[r] * (width + 1) + t - offset] = starts[t] + r - before;
  }
  return places;
}

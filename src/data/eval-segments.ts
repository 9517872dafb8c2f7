import { InputError } from "../core/index.ts";
import { COUNT, checkValue, SIZE, settle } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import type { CharacterIds } from "./id-store.ts";
import { IDS } from "./ranges.ts";

export interface EvalSegmentOptions {
  /** Predictions scored in one segment; 4096 by default. */
  scored?: number;
  /** Characters that the model reads before them to fill its state, without a score; at most 256 by default. */
  context?: number;
  /** Scores only this many segments, spread evenly over the range, to estimate the loss of long texts. Default: all. */
  maxSegments?: number;
}

const DEFAULTS = { scored: 4096, context: 256, maxSegments: Number.POSITIVE_INFINITY };

const RANGES = {
  scored: SIZE,
  context: COUNT,
  maxSegments: {
    text: "an integer of at least 1, or infinity",
    fits: (value: unknown) => value === Number.POSITIVE_INFINITY || SIZE.fits(value),
  },
};

/** A part of the range: inputs `start`..`start + lead + scored`, of which the first `lead` are not scored. */
export interface EvalSegment {
  start: number;
  lead: number;
  scored: number;
}

/** Columns `from`..`to` of a batch, each array `[rows, to - from]`, row by row. */
export interface EvalWindow {
  inputs: Int32Array;
  /** The character after each input; 0 in the padding. */
  targets: Int32Array;
  /** 1 where the prediction counts, 0 in the context and in the padding at the end of a row. */
  weights: Float32Array;
}

/** A batch with one segment per row. Every row starts from a zero state; short rows are padded at the end. */
export interface EvalBatch {
  rows: number;
  /** The number of columns: inputs of the longest row. */
  time: number;
  /** The number of predictions that are scored: the sum of all weights. */
  scored: number;
  /** The number of inputs of each row. */
  lengths: Int32Array;
  /** The columns `from`..`to`: a long batch can be evaluated in pieces that pass on the state. */
  window(from: number, to: number): EvalWindow;
}

/**
 * A text, cut into segments for evaluation. The cut depends on the text only and not on the batch size or the sequence
 * length of training, so that a model has one loss.
 *
 * Each prediction is scored in exactly one segment. The first character has none before it and is not predicted.
 */
export class EvalSegments {
  readonly segments: readonly EvalSegment[];
  /** The number of predictions that are scored in all segments. */
  readonly scored: number;
  private readonly ids: CharacterIds;

  /** @throws InputError for a range of fewer than two ids, and for options that are out of range */
  constructor(ids: CharacterIds, options: EvalSegmentOptions = {}) {
    const { scored, context, maxSegments } = settle("EvalSegments", RANGES, DEFAULTS, options);
    checkValue("EvalSegments: ids", IDS, ids);
    if (ids.length < 2) {
      throw new InputError(`a text to evaluate needs at least 2 ids, got ${ids.length}`);
    }
    const predictions = ids.length - 1;
    const available = Math.ceil(predictions / scored);
    const count = Math.min(available, maxSegments);
    this.ids = ids;
    this.segments = Array.from({ length: count }, (_, index) => {
      const first = Math.floor((index * available) / count) * scored;
      const lead = Math.min(context, first);
      return { start: first - lead, lead, scored: Math.min(scored, predictions - first) };
    });
    this.scored = this.segments.reduce((sum, segment) => sum + segment.scored, 0);
  }

  /** All segments in order, in batches of `rows` segments; the last batch may have fewer. */
  batches(rows: number): EvalBatch[] {
    checkValue("EvalSegments.batches: rows", SIZE, rows);
    const batches: EvalBatch[] = [];
    for (let first = 0; first < this.segments.length; first += rows) {
      batches.push(this.batch(this.segments.slice(first, first + rows)));
    }
    return batches;
  }

  private batch(segments: readonly EvalSegment[]): EvalBatch {
    const lengths = Int32Array.from(segments, (segment) => segment.lead + segment.scored);
    return {
      rows: segments.length,
      time: Math.max(...lengths),
      scored: segments.reduce((sum, segment) => sum + segment.scored, 0),
      lengths,
      window: (from, to) => this.window(segments, from, to),
    };
  }

  private window(segments: readonly EvalSegment[], from: number, to: number): EvalWindow {
    const time = Math.max(...segments.map(({ lead, scored }) => lead + scored));
    if (!(COUNT.fits(from) && COUNT.fits(to) && from <= to && to <= time)) {
      const got = `${showValue(from)} to ${showValue(to)}`;
      throw new InputError(`window: columns must be a stretch of 0 to ${time}, got ${got}`);
    }
    const width = to - from;
    const inputs = new Int32Array(segments.length * width);
    const targets = new Int32Array(segments.length * width);
    const weights = new Float32Array(segments.length * width);
    segments.forEach(({ start, lead, scored }, row) => {
      const end = Math.min(to, lead + scored);
      for (let t = from; t < end; t++) {
        const out = row * width + t - from;
        inputs[out] = this.ids[start + t];
        targets[out] = this.ids[start + t + 1];
        weights[out] = t >= lead ? 1 : 0;
      }
    });
    return { inputs, targets, weights };
  }
}

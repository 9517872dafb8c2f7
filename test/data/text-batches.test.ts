import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/index.ts";
import { EvalSegments, TextStreams } from "../../src/data/index.ts";

/** A text whose every character tells its position. */
const positions = (length: number): Uint16Array => Uint16Array.from({ length }, (_, k) => k);

function fill(streams: TextStreams, step: number, from = 0, to = streams.batchSize) {
  const inputs = new Int32Array((to - from) * streams.sequenceLength);
  const targets = new Int32Array(inputs.length);
  streams.fill(step, from, to, inputs, targets);
  return { inputs: [...inputs], targets: [...targets] };
}

describe("TextStreams", () => {
  const sizes = fc.record({
    length: fc.integer({ min: 2, max: 400 }),
    batchSize: fc.integer({ min: 1, max: 7 }),
    sequenceLength: fc.integer({ min: 1, max: 9 }),
    seed: fc.integer({ min: 0, max: 99 }),
  });

  it("reads each character once a pass, in streams that carry on, in any pass", () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 5 }), ({ length, ...options }, epoch) => {
        const { batchSize: B, sequenceLength: T } = options;
        fc.pre(length > B * T);
        const streams = new TextStreams(positions(length), options);
        const seen: number[][] = Array.from({ length: B }, () => []);
        for (let chunk = 0; chunk < streams.chunksPerEpoch; chunk++) {
          const step = epoch * streams.chunksPerEpoch + chunk;
          expect(streams.epoch(step)).toBe(epoch);
          expect(streams.startsPass(step)).toBe(chunk === 0);
          const { inputs, targets } = fill(streams, step);
          expect(targets).toEqual(inputs.map((position) => position + 1));
          for (let b = 0; b < B; b++) seen[b].push(...inputs.slice(b * T, (b + 1) * T));
        }
        for (const stream of seen) expect(stream).toEqual(stream.map((_, k) => stream[0] + k));
        const all = seen.flat();
        expect(new Set(all).size).toBe(all.length);
        expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...all)).toBeLessThan(length - 1);
        // What a pass leaves out is less than a chunk of each stream, and less than one character a stream.
        expect(all.length).toBeGreaterThan(length - 1 - B * T - B);
        if (epoch === 0) expect(all[0]).toBe(0);
      }),
    );
  });

  it("tiles a text that divides evenly without a gap", () => {
    const streams = new TextStreams(positions(61), { batchSize: 3, sequenceLength: 5 });
    expect(streams.chunksPerEpoch).toBe(4);
    const all = [0, 1, 2, 3].flatMap((step) => fill(streams, step).inputs);
    expect(all.sort((a, b) => a - b)).toEqual([...positions(60)]);
  });

  it("gives replicas their rows of the same batch", () => {
    const streams = new TextStreams(positions(200), { batchSize: 6, sequenceLength: 7, seed: 3 });
    for (const step of [0, 3, 11, 1000]) {
      const whole = fill(streams, step);
      const parts = [fill(streams, step, 0, 2), fill(streams, step, 2, 3), fill(streams, step, 3, 6)];
      expect(parts.flatMap((part) => part.inputs)).toEqual(whole.inputs);
      expect(parts.flatMap((part) => part.targets)).toEqual(whole.targets);
    }
  });

  it("meets the remainder of the streams in later passes", () => {
    const streams = new TextStreams(positions(30), { batchSize: 1, sequenceLength: 10 });
    const met = new Set<number>();
    for (let step = 0; step < 100; step++)
      for (const position of fill(streams, step).inputs) met.add(position);
    expect(met.size).toBe(29);
  });

  it.each([
    [
      100,
      32,
      64,
      "100 ids; 32 streams of 64 need at least 2049",
      "at most 1 streams, or sequences of at most 3, or a longer text",
    ],
    [10, 32, 64, "10 ids", "1 stream with sequences of at most 9"],
    [0, 1, 1, "0 ids; 1 streams of 1 need at least 2", "use a longer text"],
    [10, 0, 1, "--batch-size must be a whole number", undefined],
    [10, 1, 1.5, "--seq-length must be a whole number from 1 on, got 1.5", undefined],
  ])("refuses %i ids in %d x %d", (length, batchSize, sequenceLength, message, hint) => {
    try {
      new TextStreams(positions(length), { batchSize, sequenceLength });
      expect.fail("nothing thrown");
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message).toContain(message);
      if (hint !== undefined) expect((error as InputError).hint).toContain(hint);
    }
  });

  it("refuses rows, steps and arrays that do not fit", () => {
    const streams = new TextStreams(positions(50), { batchSize: 2, sequenceLength: 4 });
    const ids = new Int32Array(8);
    expect(() => streams.fill(0, 0, 3, ids, ids)).toThrow("rows 0..3");
    expect(() => streams.fill(-1, 0, 2, ids, ids)).toThrow("step");
    expect(() => streams.fill(0, 0, 1, ids, ids)).toThrow("1 x 4 ids, got 8 and 8");
  });
});

describe("EvalSegments", () => {
  const options = fc.record({
    length: fc.integer({ min: 2, max: 300 }),
    scored: fc.integer({ min: 1, max: 40 }),
    context: fc.integer({ min: 0, max: 50 }),
    rows: fc.integer({ min: 1, max: 6 }),
    width: fc.integer({ min: 1, max: 50 }),
  });

  it("scores each prediction once, with the right neighbours, for any batch and window", () => {
    fc.assert(
      fc.property(options, ({ length, scored, context, rows, width }) => {
        const evaluation = new EvalSegments(positions(length), { scored, context });
        expect(evaluation.scored).toBe(length - 1);
        const found: number[] = [];
        for (const batch of evaluation.batches(rows)) {
          const histories: number[][] = Array.from({ length: batch.rows }, () => []);
          let sum = 0;
          for (let from = 0; from < batch.time; from += width) {
            const to = Math.min(batch.time, from + width);
            const { inputs, targets, weights } = batch.window(from, to);
            for (let row = 0; row < batch.rows; row++) {
              for (let t = from; t < to; t++) {
                const at = row * (to - from) + t - from;
                if (t >= batch.lengths[row]) {
                  expect(weights[at]).toBe(0);
                  continue;
                }
                expect(targets[at]).toBe(inputs[at] + 1);
                histories[row].push(inputs[at]);
                if (weights[at] === 0) continue;
                sum++;
                found.push(targets[at]);
                expect(histories[row].length).toBeGreaterThanOrEqual(Math.min(context, targets[at] - 1) + 1);
              }
            }
          }
          for (const history of histories) expect(history).toEqual(history.map((_, k) => history[0] + k));
          expect(sum).toBe(batch.scored);
        }
        expect(found.sort((a, b) => a - b)).toEqual([...positions(length)].slice(1));
      }),
    );
  });

  it("has segments of 4096 after 256 by default", () => {
    const { segments } = new EvalSegments(positions(10_000));
    expect(segments).toEqual([
      { start: 0, lead: 0, scored: 4096 },
      { start: 3840, lead: 256, scored: 4096 },
      { start: 7936, lead: 256, scored: 1807 },
    ]);
  });

  it("spreads a limited number of segments over the range", () => {
    const evaluation = new EvalSegments(positions(1001), { scored: 10, context: 0, maxSegments: 4 });
    expect(evaluation.segments.map((segment) => segment.start)).toEqual([0, 250, 500, 750]);
    expect(evaluation.scored).toBe(40);
  });

  it("refuses a range with nothing to predict", () => {
    expect(() => new EvalSegments(positions(1))).toThrow(InputError);
  });
});

import { describe, expect, it } from "vitest";
import { IdStream } from "../../bench/ids.ts";
import { LengthStream } from "../../bench/pair-lengths.ts";
import { showContestants, showTable } from "../../bench/report.ts";
import { isOwn, shareOfPeak, speedOf, timesAsFast } from "../../bench/results.ts";
import { LIMITS, measured, table } from "./fake-results.ts";

describe("the report of a comparison", () => {
  const ours = measured("unrolled", [[10, 11, 12]], { instructions: "avx2" });
  const theirs = measured("theirs", [[220, 220, 230]]);
  const broken = measured("broken", [[5, 5.5, 6]], { losses: [4.2, 4.2, 4.2, 4.2] });

  it("says of each row of ours how many times as fast as each peer it is", () => {
    const text = showTable(table([theirs, ours, broken]), LIMITS);
    expect(text).toMatch(/^ {2}times as fast as +theirs +broken$/m);
    expect(text).toMatch(/^ {2}unrolled +20\.0 +0\.50$/m);
    const { rows } = table([theirs, ours]);
    expect(rows.map(isOwn)).toEqual([false, true]);
    expect(timesAsFast(rows[1], rows[0])).toBe(20);
  });

  it("shows the times alone where there is no peer", () => {
    expect(showTable(table([ours]), LIMITS)).not.toContain("times as fast as");
  });

  it("shows the speed of every row, and of ours the share of the peak of its instructions and threads", () => {
    const two = measured("unrolled-2", [[5.5]], { instructions: "avx2", threads: 2 });
    // 0.55 GFLOP in 11 ms are 50 GFLOP/s, half of the 100 that this core can do.
    const it = table([ours, two, theirs], { flops: 0.55e9 });
    expect(it.rows.map((row) => speedOf(it, row))).toEqual([50, 100, 2.5]);
    expect(it.rows.map((row) => shareOfPeak(it, row, LIMITS))).toEqual([0.5, 0.5, undefined]);
    expect(showTable(it, LIMITS)).toMatch(/^ {2}unrolled +11\.0 .* 50\.0 +50% /m);
    expect(showTable(it, LIMITS)).toMatch(/^ {2}theirs +220 .* 2\.5 +4\.20/m);
  });

  it("shows what a step reads a second", () => {
    const reader = measured("unrolled", [[2]], { bytes: 4e7 });
    expect(showTable(table([reader]), LIMITS)).toMatch(/GB\/s.*\n +unrolled .* 20\.0 /);
  });

  it("flags a row whose loss did not fall", () => {
    const text = showTable(table([ours, broken]), LIMITS);
    expect(text).toMatch(/^ {2}unrolled .*4\.20 -> 4\.00$/m);
    expect(text).toMatch(/^ {2}broken .*4\.20 -> 4\.20 NOT LEARNING$/m);
  });

  it("names who is skipped and who failed, also when nobody was measured", () => {
    const absences = [
      { contestant: "peer", kind: "missing" as const, reason: "not installed: do this" },
      { contestant: "other", kind: "failed" as const, reason: "ended (SIGSEGV)" },
    ];
    const text = showTable(table([], { absences }), LIMITS);
    expect(text).toContain("skipped peer: not installed: do this");
    expect(text).toContain("FAILED other: ended (SIGSEGV)");
  });

  it("fits 100 columns", () => {
    const long = { contestant: "unlucky", kind: "failed" as const, reason: "because of this ".repeat(30) };
    const unbroken = { contestant: "odd", kind: "failed" as const, reason: "/path".repeat(100) };
    const slow = measured("a-contestant-2", [[123456.7, 223456.7]]);
    const full = table([ours, slow], { absences: [long, unbroken] });
    const text = `${showTable(full, LIMITS)}\n${showContestants(full.rows)}`;
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});

describe("the generated text", () => {
  it("is the same for the same seed and another for another", () => {
    const batch = (seed: number) => new IdStream(65, seed).nextBatch(4, 16);
    expect(batch(1)).toEqual(batch(1));
    expect(batch(1)).not.toEqual(batch(2));
  });

  it("holds ids below the vocabulary, and as targets the ids that follow", () => {
    const { inputs, targets } = new IdStream(65, 1).nextBatch(32, 64);
    for (let i = 0; i < inputs.length; i++) {
      expect(inputs[i]).toBeGreaterThanOrEqual(0);
      expect(inputs[i]).toBeLessThan(65);
      if (i % 64 !== 63) expect(targets[i]).toBe(inputs[i + 1]);
    }
  });

  it("begins as its Python twin does", () => {
    // print(IdStream(65, 1).next_batch(1, 12)[0][0]) with the class of bench/peers/pytorch_char_lm.py
    const { inputs } = new IdStream(65, 1).nextBatch(1, 12);
    expect([...inputs]).toEqual([0, 32, 36, 33, 30, 24, 21, 17, 41, 0, 37, 42]);
  });

  it("draws the lengths of pairs that the Python peer draws", () => {
    // stream = LengthStream(1), and print(stream.next(...)) of bench/peers/pair_lengths.py
    const stream = new LengthStream(1);
    const next = (batch: number, most: number) =>
      Object.values(stream.next(batch, most)).map((side: Int32Array) => Array.from(side));
    expect(next(4, 26)).toEqual([
      [8, 9, 8, 9],
      [5, 8, 4, 8],
    ]);
    expect(next(4, 26)).toEqual([
      [16, 15, 16, 15],
      [16, 17, 17, 17],
    ]);
    for (let batch = 0; batch < 5; batch++) next(4, 26);
    expect(next(6, 22)).toEqual([
      [21, 20, 21, 20, 21, 21],
      [22, 18, 18, 21, 22, 20],
    ]);
  });
});

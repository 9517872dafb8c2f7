import { describe, expect, it } from "vitest";
import { IdStream } from "../../bench/ids.ts";
import type { Measurement } from "../../bench/interleave.ts";
import { makeTable, showContestants, showTable } from "../../bench/report.ts";

const WORKLOAD = { vocab: 65, time: 64, batch: 32, hidden: 128, learningRate: 2e-3, clip: 5, seed: 1 };

function measured(contestant: string, ms: number[], losses: number[]): Measurement {
  const settings = "a long story of how the library was used, which formulation, SIMD, threads, precision";
  return { contestant, threads: 1, library: "a library", version: "1.2.3", settings, ms, losses };
}

describe("the report of a comparison", () => {
  const ours = measured("ours", [10, 11, 12], [4.2, 4.1, 4.0, 3.9]);
  const theirs = measured("theirs", [220, 220, 230], [4.2, 4.1, 4.0, 3.9]);
  const broken = measured("broken", [5, 5.5, 6], [4.2, 4.2, 4.2, 4.2]);

  it("gives ratios to the baseline's median, wherever the baseline stands", () => {
    const { rows } = makeTable(WORKLOAD, [theirs, ours, broken], [], "ours");
    expect(rows.map(({ ratio }) => ratio)).toEqual([20, 1, 0.5]);
  });

  it("takes the first contestant when the baseline was not measured", () => {
    const { baseline, rows } = makeTable(WORKLOAD, [theirs, broken], [], "ours");
    expect(baseline).toBe("theirs");
    expect(rows[1].ratio).toBe(5.5 / 220);
  });

  it("flags a row whose loss did not fall", () => {
    const text = showTable(makeTable(WORKLOAD, [ours, broken], [], "ours"));
    expect(text).toMatch(/^ {2}ours .*4\.20 -> 4\.00$/m);
    expect(text).toMatch(/^ {2}broken .*4\.20 -> 4\.20 NOT LEARNING$/m);
  });

  it("names who is skipped and who failed, also when nobody was measured", () => {
    const text = showTable(
      makeTable(
        WORKLOAD,
        [],
        [
          { contestant: "peer", kind: "missing", reason: "not installed: do this" },
          { contestant: "other", kind: "failed", reason: "ended (SIGSEGV)" },
        ],
        "ours",
      ),
    );
    expect(text).toContain("skipped peer: not installed: do this");
    expect(text).toContain("FAILED other: ended (SIGSEGV)");
  });

  it("fits 100 columns", () => {
    const long = { contestant: "unlucky", kind: "failed" as const, reason: "because of this ".repeat(30) };
    const unbroken = { contestant: "odd", kind: "failed" as const, reason: "/path".repeat(100) };
    const slow = measured("a-contestant-2", [123456.7, 223456.7], [4.2, 4.2]);
    const text = `${showTable(makeTable(WORKLOAD, [ours, slow], [long, unbroken], "ours"))}\n${showContestants([ours, slow])}`;
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
});

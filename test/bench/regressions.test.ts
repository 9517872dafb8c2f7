import { describe, expect, it } from "vitest";
import { compareResults, lostRows, RATIO_THRESHOLD, TIME_THRESHOLD } from "../../bench/regressions.ts";
import { showComparison } from "../../bench/regressions-report.ts";
import { measured, results, table, WORKLOAD } from "./fake-results.ts";

/** A run in which ours and a peer took so many milliseconds, in each of three rounds. */
function run(ours: number[], peer?: number[], facts = {}) {
  const rows = [
    measured(
      "unrolled",
      ours.map((ms) => [ms]),
    ),
  ];
  if (peer !== undefined) {
    rows.push(
      measured(
        "peer",
        peer.map((ms) => [ms]),
        facts,
      ),
    );
  }
  return results([table(rows)]);
}

describe("comparing two runs", () => {
  it("sees nothing in a machine that has become slower for all", () => {
    const [one] = compareResults(run([10, 10, 10], [20, 20, 20]), run([15, 15, 15], [30, 30, 30]));
    expect(one).toMatchObject({ contestant: "unrolled", peer: "peer", change: 1, regressed: false });
  });

  it("finds a ratio that has fallen by more than the threshold, and not one that has by less", () => {
    const before = run([10, 10, 10], [20, 20, 20]);
    const slower = (by: number) => run([10 * by, 10 * by, 10 * by], [20, 20, 20]);
    expect(compareResults(before, slower(1 / (1 - RATIO_THRESHOLD) + 0.01))[0].regressed).toBe(true);
    expect(compareResults(before, slower(1 / (1 - RATIO_THRESHOLD) - 0.01))[0].regressed).toBe(false);
  });

  it("does not call it a regression when the rounds differ by as much", () => {
    const [one] = compareResults(run([10, 10, 10], [20, 20, 20]), run([9, 12, 15], [20, 20, 20]));
    expect(one.change).toBeLessThan(1 - RATIO_THRESHOLD);
    expect(one.threshold).toBeCloseTo((20 / 9 - 20 / 15) / (20 / 9 + 20 / 15), 12);
    expect(one.regressed).toBe(false);
  });

  it("judges by time where no peer is in both runs in one version, with a wider threshold", () => {
    const before = run([10, 10, 10], [20, 20, 20]);
    const [one] = compareResults(before, run([13, 13, 13], [20, 20, 20], { version: "2.0.0" }));
    expect(one).toMatchObject({ peer: null, threshold: TIME_THRESHOLD, regressed: false });
    expect(compareResults(run([10]), run([14]))[0]).toMatchObject({ peer: null, regressed: true });
  });

  it("prefers a peer on as many threads, and of those the fastest", () => {
    const rows = (own: number) => [
      measured("unrolled-2", [[own]], { threads: 2 }),
      measured("fast", [[5]]),
      measured("slow-2", [[30]], { threads: 2 }),
      measured("mid-2", [[20]], { threads: 2 }),
    ];
    const [one] = compareResults(results([table(rows(10))]), results([table(rows(11))]));
    expect(one.peer).toBe("mid-2");
  });

  it("compares the same workload alone", () => {
    const other = results([table([measured("unrolled", [[99]])], { workload: { ...WORKLOAD, batch: 1 } })]);
    expect(compareResults(run([10]), other)).toEqual([]);
    expect(compareResults(run([10]), results([table([measured("unrolled", [[99]])])], "layers"))).toEqual([]);
  });

  it("names a row that is gone", () => {
    const both = results([table([measured("unrolled", [[1]]), measured("unrolled-native", [[1]])])]);
    expect(lostRows(both, run([1]))).toEqual(["char-lm H=128 unrolled-native"]);
    expect(lostRows(run([1]), both)).toEqual([]);
  });

  it("tells all of it, the slowest first", () => {
    const tables = (slow: number) => [
      table([measured("unrolled", [[10]])], { name: "steady" }),
      table([measured("unrolled", [[slow]])], { name: "slow" }),
    ];
    const [before, after] = [results(tables(10)), results(tables(20))];
    const text = showComparison(compareResults(before, after), ["char-lm H=9 unrolled"], before, after);
    expect(text).toMatch(/SLOWER 0\.50 {2}char-lm slow unrolled: 10\.0 .* -> 20\.0 .*\n.*same {3}1\.00/);
    expect(text).toContain("LOST        char-lm H=9 unrolled");
    expect(text).toMatch(/^1 of 2 slower/m);
  });
});

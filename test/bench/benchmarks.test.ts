import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BENCHMARKS } from "../../bench/benchmarks.ts";
import { alongAxis, growth } from "../../bench/growth.ts";
import { layers } from "../../bench/layers.ts";
import { readResults, writeResults } from "../../bench/results.ts";
import { failuresOf } from "../../bench/suite.ts";
import { measured, results, table } from "./fake-results.ts";

describe("the registry of benchmarks", () => {
  it("has every name once, and workloads for each, of which the quick ones are some", () => {
    expect(new Set(BENCHMARKS.map(({ name }) => name)).size).toBe(BENCHMARKS.length);
    for (const benchmark of BENCHMARKS) {
      const usual = benchmark.workloads({}, false);
      const quick = benchmark.workloads({}, true);
      expect(Object.keys(quick).length).toBeGreaterThan(0);
      for (const [name, workload] of Object.entries(quick)) expect(usual[name]).toEqual(workload);
      for (const workload of Object.values(usual)) {
        expect(benchmark.title(workload)).not.toBe("");
        expect(benchmark.flops?.(workload) ?? 1).toBeGreaterThan(0);
      }
    }
  });

  it("has contestants with a name each, and skips by name those whose program is missing", () => {
    for (const benchmark of BENCHMARKS) {
      const contestants = benchmark.contestants(undefined);
      expect(new Set(contestants.map(({ name }) => name)).size).toBe(contestants.length);
      for (const { command, install } of contestants) {
        if (command.length === 0) expect(install).toBeDefined();
      }
    }
  });

  it("takes sizes instead of a benchmark's own: every combination", () => {
    const chosen = layers.workloads({ cell: ["gru"], batch: [1, 2], hidden: [8] }, false);
    expect(Object.keys(chosen)).toEqual(["gru train B=1 H=8", "gru train B=2 H=8"]);
  });
});

describe("growth", () => {
  it("finds each line's points among all that were measured, smallest first", () => {
    const points = Object.values(growth.workloads({}, false)).map((workload) => ({ workload }));
    expect(alongAxis(points, "time").map(({ workload }) => workload.time)).toEqual([16, 32, 64, 128, 256]);
    expect(alongAxis(points, "batch").map(({ workload }) => workload.batch)).toEqual([
      1, 2, 4, 8, 16, 32, 64,
    ]);
    expect(alongAxis(points, "hidden").at(-1)?.workload.hidden).toBe(1024);
  });
});

describe("results", () => {
  it("are read as they were written", () => {
    const folder = mkdtempSync(join(tmpdir(), "unrolled-results-"));
    try {
      const path = join(folder, "results.json");
      const some = results([table([measured("unrolled", [[1 / 3, 2], [4]])])]);
      writeResults(path, some);
      const read = readResults(path);
      expect(read.benchmarks[0].tables[0].rows[0].rounds).toEqual([1.16667, 4]);
      writeResults(path, read);
      expect(readResults(path)).toEqual(read);
      writeFileSync(path, "{}");
      expect(() => readResults(path)).toThrow(/holds no results/);
      writeFileSync(path, "{");
      expect(() => readResults(path)).toThrow(/is no JSON/);
      expect(() => readResults(join(folder, "none"))).toThrow(/cannot read/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("name what failed, and what does not learn where it should", () => {
    const stuck = measured("peer", [[1]], { losses: [4, 4, 4] });
    const absences = [
      { contestant: "gone", kind: "failed" as const, reason: "crash" },
      { contestant: "absent", kind: "missing" as const, reason: "not here" },
    ];
    const some = results([table([stuck], { absences })]);
    expect(failuresOf(some, BENCHMARKS)).toEqual([
      "char-lm H=128: gone failed",
      "char-lm H=128: peer does not learn",
    ]);
    expect(failuresOf(results([table([stuck])], "layers"), BENCHMARKS)).toEqual([]);
  });
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BENCHMARKS } from "../../bench/benchmarks.ts";
import { GOALS, type Goal, outcomeOf, showMeasured, verdictOf } from "../../bench/page/goals.ts";
import { growthPlot, spread, ticksOf } from "../../bench/page/growth-plot.ts";
import { performancePage } from "../../bench/page/page.ts";
import { ratioPlot } from "../../bench/page/ratio-plot.ts";
import { readResults } from "../../bench/results.ts";
import { measured, results, table } from "./fake-results.ts";

const ROOT = join(import.meta.dirname, "../..");

describe("docs/performance.md", () => {
  const page = readFileSync(join(ROOT, "docs/performance.md"), "utf8");
  const source = /--report (\S+) -->/.exec(page)?.[1] ?? "";

  it("is what the generator makes of the results that it names, and so are its plots", () => {
    const files = performancePage(readResults(join(ROOT, source)), source);
    const plots = readdirSync(join(ROOT, "docs/performance")).map((name) => `performance/${name}`);
    expect(["performance.md", ...plots].toSorted()).toEqual([...files.keys()].toSorted());
    for (const [name, content] of files) expect(readFileSync(join(ROOT, "docs", name), "utf8")).toBe(content);
  });

  it("is made of results that are kept beside the benchmarks", () => {
    expect(source).toMatch(/^bench\/results\/[\w.-]+\.json$/);
  });
});

describe("the page of a run", () => {
  const ours = (ms: number) => measured("unrolled-native", [[ms]], { instructions: "avx2" });

  it("has each benchmark's ratios, rows and absences, and every setting", () => {
    const absences = [{ contestant: "gone", kind: "missing" as const, reason: "no <such> program | here" }];
    const some = results([table([ours(10), measured("pytorch", [[13.1]])], { absences, flops: 5e8 })]);
    const page = performancePage(some, "bench/results/x.json").get("performance.md") ?? "";
    expect(page).toMatch(/\| H=128 \| unrolled-native +\| +1\.31 \|/);
    expect(page).toMatch(/\| H=128 \| unrolled-native \| +10\.0 \| 10\.0 to 10\.0 \| +50\.0 \| +50% \|/);
    expect(page).toContain("- Skipped: gone, no <such> program | here");
    expect(page).toMatch(/\| char-lm \| pytorch +\| a library 1\.2\.3 \|/);
  });

  it("plots growth along each axis that was measured at several sizes", () => {
    const point = (hidden: number) =>
      table([ours(hidden), measured("pytorch", [[2 * hidden]])], {
        name: `H=${hidden}`,
        workload: { ...table([]).workload, hidden },
      });
    const files = performancePage(results([point(128), point(512)], "growth"), "x");
    expect([...files.keys()]).toEqual(["performance.md", "performance/growth-hidden.svg"]);
    const svg = files.get("performance/growth-hidden.svg") ?? "";
    expect(svg.match(/<polyline/g)).toHaveLength(2);
    expect(svg).toContain(">128<");
    expect(svg).toContain(">512<");
  });
});

describe("what was to be reached", () => {
  const goal: Goal = {
    ...{ what: "a model", precision: "highest", benchmark: "char-lm", tables: ["a", "b"] },
    ...{ own: "unrolled", peers: ["peer", "slow"], required: [2, 2] },
  };
  const at = (name: string, ms: number) =>
    table([measured("unrolled", [[ms]]), measured("peer", [[20]]), measured("slow", [[90]])], { name });

  it("is said for each workload: a ratio just below is not reached", () => {
    const outcome = outcomeOf(goal, results([at("a", 10), at("b", 10.01)]));
    expect(outcome.measured[0]).toBe(2);
    expect(verdictOf(outcome)).toBe("yes, no");
    expect(showMeasured(outcome)).toBe("2.00, 2.00");
    expect(verdictOf(outcomeOf(goal, results([at("a", 10), at("b", 9)])))).toBe("yes");
  });

  it("is skipped with the reason where the machine cannot run it, and never estimated", () => {
    const absences = [{ contestant: "unrolled", kind: "missing" as const, reason: "no such processor" }];
    const without = (name: string) => table([measured("peer", [[20]])], { name, absences });
    const outcome = outcomeOf(goal, results([without("a"), without("b")]));
    expect(showMeasured(outcome)).toBe("-, -");
    expect(verdictOf(outcome)).toBe("skipped: unrolled: no such processor");
    expect(verdictOf(outcomeOf(goal, results([])))).toBe("skipped: not in this run");
  });

  it("names benchmarks, workloads and contestants that exist", () => {
    for (const { benchmark, tables, own, peers, required } of GOALS) {
      const found = BENCHMARKS.find(({ name }) => name === benchmark);
      expect(Object.keys(found?.workloads({}, false) ?? {})).toEqual(expect.arrayContaining([...tables]));
      const names = found?.contestants("python3").map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining([own, ...peers]));
      expect(required).toHaveLength(tables.length);
    }
  });
});

describe("the plots", () => {
  const positive = fc.double({ min: 1e-3, max: 1e5, noNaN: true });

  it("stay within their frame whatever the numbers are", () => {
    const series = fc.array(
      fc.record({
        name: fc.string(),
        points: fc.array(fc.record({ x: positive, y: positive }), { minLength: 1 }),
      }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(series, (all) => {
        const svg = growthPlot("a < b", "x", "y", all);
        expect(svg).toContain("a &lt; b");
        for (const [, x, y] of svg.matchAll(/c[xy]="(\S+)" cy="(\S+)"/g)) {
          expect(Number(x)).toBeGreaterThan(0);
          expect(Number(x)).toBeLessThan(440);
          expect(Number(y)).toBeGreaterThan(0);
          expect(Number(y)).toBeLessThan(300);
        }
        expect(svg).not.toMatch(/NaN|Infinity/);
      }),
    );
    expect(ratioPlot("t", [{ name: "a", ratio: 0.4 }])).not.toMatch(/NaN|Infinity/);
  });

  it("has ticks within the range, few of them over a long one", () => {
    expect(ticksOf(0.8, 60)).toEqual([1, 2, 5, 10, 20, 50]);
    expect(ticksOf(0.3, 900)).toEqual([1, 10, 100]);
  });

  it("moves labels apart and leaves the others", () => {
    expect(spread([10, 100])).toEqual([10, 100]);
    expect(spread([50, 50])).toEqual([42.5, 57.5]);
    const [first, second, third] = spread([60, 50, 55]);
    expect(third - second).toBeGreaterThan(14);
    expect(first - third).toBeGreaterThan(14);
  });
});

/** docs/performance.md from the results of a run: the same bytes from the same results. */

import { BENCHMARKS } from "../benchmarks.ts";
import { AXES, alongAxis } from "../growth.ts";
import { showMachine, showMeasure, showWork } from "../report.ts";
import {
  type BenchmarkResult,
  bandwidthOf,
  isOwn,
  type Results,
  type Row,
  shareOfPeak,
  speedOf,
  type Table,
  timesAsFast,
} from "../results.ts";
import { showTimes } from "../stats.ts";
import { GOALS, outcomeOf, showMeasured, verdictOf } from "./goals.ts";
import { growthPlot } from "./growth-plot.ts";
import { ratioPlot } from "./ratio-plot.ts";

/** Names of the axes for people. */
const AXIS_NAMES = { time: "steps in time, T", batch: "rows of the batch, B", hidden: "units, H" } as const;

/**
 * Contents by path below docs/: the page, and its plots as SVG.
 * @param source where the results lie, relative to the repository
 */
export function performancePage(results: Results, source: string): Map<string, string> {
  const plots = new Map<string, string>();
  const sections = results.benchmarks.map((result) => sectionOf(result, results, plots));
  const page = [...headOf(results, source), ...goalsOf(results), ...sections.flat(), ...settingsOf(results)];
  return new Map([["performance.md", `${page.join("\n")}\n`], ...plots]);
}

function headOf({ date, unrolled, machine, limits }: Results, source: string): string[] {
  const rates = Object.entries(limits.gflops).map(([set, rate]) => `${set} ${rate.toFixed(0)}`);
  const reads = Object.entries(limits.gbps ?? {}).map(([size, rate]) => `${size} ${rate.toFixed(0)}`);
  return [
    "# Performance",
    "",
    `<!-- Written by: npm run bench -- --report ${source} -->`,
    "",
    "How fast this package is beside what one would take instead, and where that ends. Every table is one run:",
    "contestants take turns on the same workload, and ratios are of medians. How it is measured, and how fairly:",
    "[bench/README.md](../bench/README.md); where the time goes, and what was tried:",
    "[performance-notes.md](performance-notes.md). On another machine, `npm run bench` measures all of it again.",
    "",
    `- Version ${unrolled}, ${date.slice(0, 10)}; results with their spread: [${source}](../${source})`,
    `- ${showMachine(machine)}`,
    `- One core at most (${limits.method}), GFLOP/s: ${rates.join(", ")}`,
    ...(reads.length === 0
      ? []
      : [`- One core reads at most, GB/s from a buffer of that size: ${reads.join(", ")}`]),
    "",
  ];
}

function goalsOf(results: Results): string[] {
  const rows = GOALS.map((goal) => {
    const outcome = outcomeOf(goal, results);
    const required = goal.required.map((ratio) => ratio.toFixed(2)).join(", ");
    return [goal.what, goal.precision, required, showMeasured(outcome), verdictOf(outcome)];
  });
  return [
    "## What was to be reached",
    "",
    "Times as fast as the peer, PyTorch where nothing else is said; of memory, times as little. Precision highest is",
    "f32, high allows products of numbers split into bf16 parts, which take AMX.",
    "",
    ...markdown(["", "precision", "at least", "measured", "reached"], rows, [0, 1, 4]),
    "",
  ];
}

function sectionOf(result: BenchmarkResult, results: Results, plots: Map<string, string>): string[] {
  const what = BENCHMARKS.find(({ name }) => name === result.benchmark)?.what ?? "";
  return [
    `## ${result.benchmark}: ${what}`,
    "",
    ...(result.benchmark === "growth" ? growthOf(result.tables, plots) : ratiosPlotted(result, plots)),
    ...ratiosOf(result.tables),
    "<details><summary>All rows</summary>",
    "",
    ...rowsOf(result.tables, results),
    "",
    "</details>",
    "",
    ...absencesOf(result.tables),
  ];
}

/** A plot of the fastest row of ours on one thread beside PyTorch on one, where both were measured at several sizes. */
function ratiosPlotted({ benchmark, tables }: BenchmarkResult, plots: Map<string, string>): string[] {
  const bars = tables.flatMap((table) => {
    const own = table.rows.find(({ contestant }) => contestant === "unrolled-native");
    const peer = table.rows.find(({ contestant }) => contestant === "pytorch");
    return own && peer ? [{ name: table.name, ratio: timesAsFast(own, peer) }] : [];
  });
  if (bars.length < 2) return [];
  const unit = tables[0].unit !== "MiB" ? "Times as fast as" : "Times as little as";
  const title = `${unit} PyTorch, native kernels, 1 thread`;
  plots.set(`performance/${benchmark}.svg`, ratioPlot(title, bars));
  return [`![${title}: ${benchmark}](performance/${benchmark}.svg)`, ""];
}

function growthOf(tables: readonly Table[], plots: Map<string, string>): string[] {
  return AXES.flatMap((axis) => {
    const line = alongAxis(tables, axis);
    if (line.length < 2) return [];
    const names = [...new Set(line.flatMap(({ rows }) => rows.map(({ contestant }) => contestant)))];
    const series = names.map((name) => ({
      name,
      points: line.flatMap(({ workload, rows }) => {
        const row = rows.find(({ contestant }) => contestant === name);
        return row === undefined ? [] : [{ x: workload[axis], y: row.summary.median }];
      }),
    }));
    const { time, batch, hidden } = line[0].workload;
    const fixed = {
      time: `B=${batch} H=${hidden}`,
      batch: `T=${time} H=${hidden}`,
      hidden: `T=${time} B=${batch}`,
    };
    const title = `LSTM, forward and backward, ${fixed[axis]}`;
    const svg = growthPlot(title, AXIS_NAMES[axis], "milliseconds, 1 thread", series);
    plots.set(`performance/growth-${axis}.svg`, svg);
    return [`![${title}: milliseconds over ${AXIS_NAMES[axis]}](performance/growth-${axis}.svg)`, ""];
  });
}

/** Each row of ours beside each peer. */
function ratiosOf(tables: readonly Table[]): string[] {
  const peers = [...new Set(tables.flatMap(({ rows }) => rows.filter((row) => !isOwn(row)).map(nameOf)))];
  if (peers.length === 0) return [];
  const rows = tables.flatMap((table) =>
    table.rows.filter(isOwn).map((row) => {
      const cells = peers.map((name) => {
        const peer = table.rows.find(({ contestant }) => contestant === name);
        return peer === undefined ? "" : showTimes(timesAsFast(row, peer));
      });
      return [table.name, row.contestant, ...cells];
    }),
  );
  const head = tables[0].unit !== "MiB" ? "times as fast as" : "times as little as";
  return [...markdown(["", head, ...peers], rows, [0, 1]), ""];
}

function rowsOf(tables: readonly Table[], { limits }: Results): string[] {
  const unit = tables[0]?.unit ?? "ms";
  const head = ["", "", `median ${unit}`, "p10 to p90", "GFLOP/s", "of peak", "GB/s", "n"];
  const rows = tables.flatMap((table) =>
    table.rows.map((row) => {
      const { summary } = row;
      const share = isOwn(row) ? shareOfPeak(table, row, limits) : undefined;
      return [
        table.name,
        row.contestant,
        showMeasure(summary.median),
        `${showMeasure(summary.p10)} to ${showMeasure(summary.p90)}`,
        speedOf(table, row)?.toFixed(1) ?? "",
        share === undefined ? "" : `${Math.round(100 * share)}%`,
        bandwidthOf(row)?.toFixed(1) ?? "",
        String(summary.count),
      ];
    }),
  );
  const isFilled = head.map((_, column) => column < 2 || rows.some((row) => row[column] !== ""));
  const keep = (row: readonly string[]) => row.filter((_, column) => isFilled[column]);
  const works = tables.flatMap(({ name, flops }) =>
    flops === undefined ? [] : [`${name} ${showWork(flops)}`],
  );
  const work = works.length === 0 ? [] : ["", `Matrix products alone: ${works.join(", ")}.`];
  return [...markdown(keep(head), rows.map(keep), [0, 1]), ...work];
}

function absencesOf(tables: readonly Table[]): string[] {
  const said = new Map<string, string[]>();
  for (const { name, absences } of tables) {
    for (const { contestant, kind, reason } of absences) {
      const line = `${kind === "missing" ? "Skipped" : "Failed"}: ${contestant}, ${reason}`;
      said.set(line, [...(said.get(line) ?? []), name]);
    }
  }
  if (said.size === 0) return [];
  const all = tables.length;
  const lines = [...said].map(
    ([line, names]) => `- ${line}${names.length === all ? "" : ` (${names.join(", ")})`}`,
  );
  return [...lines, ""];
}

function settingsOf({ benchmarks }: Results): string[] {
  const rows = benchmarks.flatMap(({ benchmark, tables }) => {
    const named = new Map<string, Row>();
    for (const row of tables.flatMap((table) => table.rows)) named.set(row.contestant, row);
    return [...named.values()].map((row) => [
      benchmark,
      row.contestant,
      `${row.library} ${row.version}`,
      row.settings,
    ]);
  });
  return ["## Settings", "", ...markdown(["", "", "library", "how"], rows, [0, 1, 2, 3])];
}

/** @param left columns of words; the others are numbers and stand at the right */
function markdown(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  left: readonly number[],
): string[] {
  const safe = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|").replaceAll("<", "&lt;")));
  const widths = head.map((cell, column) =>
    Math.max(3, cell.length, ...safe.map((row) => row[column].length)),
  );
  const isLeft = (column: number) => left.includes(column);
  const show = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (isLeft(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(" | ")} |`;
  const rule = widths.map((width, column) =>
    isLeft(column) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [show(head), show(rule), ...safe.map(show)];
}

function nameOf({ contestant }: Row): string {
  return contestant;
}

/** Tables and JSON of a comparison. Ratios come first: absolute times do not travel between machines. */

import type { Absence, Measurement } from "./interleave.ts";
import type { Machine } from "./machine.ts";
import type { Workload } from "./protocol.ts";
import { type Learning, learning, type Summary, showRatio, summarize } from "./stats.ts";

export interface Row extends Measurement {
  summary: Summary;
  /** Median step of this contestant / of the baseline; `null` without a baseline. */
  ratio: number | null;
  learning: Learning;
}

export interface Table {
  workload: Workload;
  baseline: string | null;
  rows: Row[];
  absences: Absence[];
}

/** @param baseline name of the contestant that ratios refer to; the first one when it has no measurement */
export function makeTable(
  workload: Workload,
  measurements: readonly Measurement[],
  absences: readonly Absence[],
  baseline: string,
): Table {
  const base = measurements.find(({ contestant }) => contestant === baseline) ?? measurements[0];
  const baseMedian = base === undefined ? null : summarize(base.ms).median;
  const rows = measurements.map((measurement) => {
    const summary = summarize(measurement.ms);
    const ratio = baseMedian === null ? null : summary.median / baseMedian;
    return { ...measurement, summary, ratio, learning: learning(measurement.losses) };
  });
  return { workload, baseline: base?.contestant ?? null, rows, absences: [...absences] };
}

export function showMachine(machine: Machine): string {
  const { cpu, cores, instructions, node, platform, loadAverage } = machine;
  const widest = ["amx_tile", "avx512f", "avx2", "asimd", "sse4_2"].find((set) =>
    instructions?.includes(set),
  );
  const isa = widest === undefined ? "" : `, up to ${widest}`;
  return `${cpu}, ${cores} cores${isa}, ${platform}, Node ${node}, load ${loadAverage}`;
}

function title({ cell, mode, hidden, time, batch, vocab }: Workload): string {
  if (cell === undefined)
    return `H=${hidden}: one training step, V=${vocab} T=${time} B=${batch}; milliseconds`;
  if (mode === "stream") {
    return `${cell.toUpperCase()} and linear layer, one step at batch 1, H=${hidden} V=${vocab}; microseconds a step`;
  }
  const what = mode === "infer" ? "forward" : "forward and backward";
  return `${cell.toUpperCase()} ${what}, T=${time} B=${batch} H=${hidden}, input as wide; milliseconds`;
}

/** At most 100 columns. */
export function showTable({ workload, baseline, rows, absences }: Table): string {
  const { cell: layer, mode, time } = workload;
  const scale = mode === "stream" ? 1000 / time : 1;
  const lines = [title(workload)];
  const cells = [["", `vs ${baseline ?? "-"}`, "median", "min", "p10", "p90", "steps", layer ? "" : "loss"]];
  for (const row of rows) {
    const { summary, learning: learnt } = row;
    const loss = `${learnt.first.toFixed(2)} -> ${learnt.last.toFixed(2)}${learnt.fell ? "" : " NOT LEARNING"}`;
    cells.push([
      row.contestant,
      baseline === null ? "-" : showRatio(row.ratio ?? Number.NaN, 1),
      ...[summary.median, summary.min, summary.p10, summary.p90].map((ms) => showTime(ms * scale)),
      String(summary.count),
      layer ? "" : loss,
    ]);
  }
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const last = widths.length - 1;
  for (const row of cells) {
    const padded = row.map((cell, column) =>
      column === 0 || column === last ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    );
    lines.push(`  ${padded.join("  ").trimEnd()}`);
  }
  for (const { contestant, kind, reason } of absences) {
    lines.push(wrap(`  ${kind === "missing" ? "skipped" : "FAILED"} ${contestant}: ${reason}`));
  }
  return lines.join("\n");
}

/** Who was measured, in which version and how it was used. */
export function showContestants(rows: readonly Measurement[]): string {
  return rows
    .map(({ contestant, library, version, settings }) =>
      wrap(`  ${contestant}: ${library} ${version}, ${settings}`),
    )
    .join("\n");
}

function showTime(time: number): string {
  return time >= 100 ? time.toFixed(0) : time >= 10 ? time.toFixed(1) : time.toFixed(time >= 1 ? 2 : 3);
}

const COLUMNS = 100;

const INDENT = "      ";

function wrap(line: string): string {
  const lines: string[] = [];
  let rest = line;
  while (rest.length > COLUMNS) {
    const space = rest.lastIndexOf(" ", COLUMNS);
    const cut = space >= INDENT.length ? space : COLUMNS;
    lines.push(rest.slice(0, cut));
    rest = `${INDENT}${rest.slice(cut).trimStart()}`;
  }
  return [...lines, rest].join("\n");
}

/** Tables on the terminal. Ratios come first: absolute times do not travel between machines. */

import type { Limits } from "./limits.ts";
import type { Machine } from "./machine.ts";
import { bandwidthOf, isOwn, type Row, shareOfPeak, speedOf, type Table, timesAsFast } from "./results.ts";
import { showTimes } from "./stats.ts";

export function showMachine(machine: Machine): string {
  const { cpu, cores, instructions, node, platform, loadAverage } = machine;
  const widest = ["amx_tile", "avx512f", "avx2", "asimd", "sse4_2"].find((set) =>
    instructions?.includes(set),
  );
  const isa = widest === undefined ? "" : `, up to ${widest}`;
  return `${cpu}, ${cores} cores${isa}, ${platform}, Node ${node}, load ${loadAverage}`;
}

export function showLimits({ method, gflops, gbps = {} }: Limits): string {
  const rates = Object.entries(gflops).map(([set, rate]) => `${set} ${rate.toFixed(0)} GFLOP/s`);
  const reads = Object.entries(gbps).map(([size, rate]) => `${size} ${rate.toFixed(0)} GB/s`);
  const read = reads.length === 0 ? "" : `; reading ${reads.join(", ")}`;
  return wrap(`one core at most (${method}): ${rates.join(", ")}${read}`);
}

/** At most 100 columns. */
export function showTable(table: Table, limits: Limits): string {
  const { title, unit, flops, rows, absences } = table;
  const work = flops === undefined ? "" : `; ${showWork(flops)}`;
  const what = { ms: "milliseconds", us: "microseconds", MiB: "MiB" }[unit];
  const lines = [`${title}; ${what}${work}`, ...showRatios(table), ...showRows(table, rows, limits)];
  for (const { contestant, kind, reason } of absences) {
    lines.push(wrap(`  ${kind === "missing" ? "skipped" : "FAILED"} ${contestant}: ${reason}`));
  }
  return lines.join("\n");
}

/** Each row of ours beside each peer. */
function showRatios({ rows, unit }: Table): string[] {
  const peers = rows.filter((row) => !isOwn(row));
  const own = rows.filter(isOwn);
  if (peers.length === 0 || own.length === 0) return [];
  const head = [
    unit !== "MiB" ? "times as fast as" : "times as little as",
    ...peers.map((peer) => peer.contestant),
  ];
  const body = own.map((row) => [row.contestant, ...peers.map((peer) => showTimes(timesAsFast(row, peer)))]);
  return aligned([head, ...body]);
}

function showRows(table: Table, rows: readonly Row[], limits: Limits): string[] {
  if (rows.length === 0) return [];
  // A layer or a stream by itself is not updated, so its numbers fall by chance alone.
  const learns = table.workload.cell === undefined && rows.some(({ learning }) => learning.fell);
  const head = ["", "median", "min", "p10", "p90", "n", "GFLOP/s", "of peak", "GB/s", learns ? "loss" : ""];
  const body = rows.map((row) => {
    const { summary, learning } = row;
    const loss = `${learning.first.toFixed(2)} -> ${learning.last.toFixed(2)}${learning.fell ? "" : " NOT LEARNING"}`;
    const share = isOwn(row) ? shareOfPeak(table, row, limits) : undefined;
    return [
      row.contestant,
      ...[summary.median, summary.min, summary.p10, summary.p90].map(showMeasure),
      String(summary.count),
      speedOf(table, row)?.toFixed(1) ?? "",
      share === undefined ? "" : `${Math.round(100 * share)}%`,
      bandwidthOf(row)?.toFixed(1) ?? "",
      learns ? loss : "",
    ];
  });
  const isFilled = head.map((_, column) => column === 0 || body.some((row) => row[column] !== ""));
  return aligned([head, ...body].map((row) => row.filter((_, column) => isFilled[column])));
}

/** Columns padded to their widest; the first and a loss to the left. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => {
    const padded = row.map((cell, column) =>
      column === 0 || rows[0][column] === "loss"
        ? cell.padEnd(widths[column])
        : cell.padStart(widths[column]),
    );
    return `  ${padded.join("  ").trimEnd()}`;
  });
}

/** Who was measured, in which version and how it was used. */
export function showContestants(rows: readonly Row[]): string {
  return rows
    .map(({ contestant, library, version, settings }) =>
      wrap(`  ${contestant}: ${library} ${version}, ${settings}`),
    )
    .join("\n");
}

/** `0.91 GFLOP a step` */
export function showWork(flops: number): string {
  return flops >= 1e9
    ? `${(flops / 1e9).toFixed(2)} GFLOP a step`
    : `${(flops / 1e6).toFixed(2)} MFLOP a step`;
}

export function showMeasure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(value >= 1 ? 2 : 3);
}

const COLUMNS = 100;

const INDENT = "      ";

export function wrap(line: string): string {
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

import { type Comparison, RATIO_THRESHOLD, TIME_THRESHOLD } from "./regressions.ts";
import { showMachine, showMeasure, wrap } from "./report.ts";
import type { Results } from "./results.ts";

/** Lines for the terminal: what has changed, slowest first, and the verdict. */
export function showComparison(
  comparisons: readonly Comparison[],
  lost: readonly string[],
  old: Results,
  now: Results,
): string {
  const lines = [...headOf(old, "old"), ...headOf(now, "new"), ""];
  if (comparisons.length === 0 && lost.length === 0)
    return [...lines, "nothing was measured in both"].join("\n");
  for (const one of comparisons.toSorted((a, b) => a.change - b.change)) lines.push(wrap(showOne(one)));
  for (const row of lost) lines.push(wrap(`  LOST        ${row}: measured before, not now`));
  const slower = comparisons.filter(({ regressed }) => regressed).length;
  lines.push(
    "",
    wrap(
      `${slower} of ${comparisons.length} slower beyond the noise (${percent(RATIO_THRESHOLD)} of a ratio to a peer, ` +
        `${percent(TIME_THRESHOLD)} of a time alone, or what the rounds differ among themselves), ${lost.length} lost`,
    ),
  );
  return lines.join("\n");
}

function showOne({
  benchmark,
  table,
  contestant,
  peer,
  change,
  threshold,
  regressed,
  ...rows
}: Comparison): string {
  const verdict = regressed ? "SLOWER" : change > 1 + threshold ? "faster" : "same";
  const [before, after] = [rows.old, rows.new].map(({ summary }) => {
    const { median, p10, p90 } = summary;
    return `${showMeasure(median)} (${showMeasure(p10)} to ${showMeasure(p90)})`;
  });
  const beside = peer === null ? "by time" : `beside ${peer}`;
  return (
    `  ${verdict.padEnd(6)} ${change.toFixed(2)}  ${benchmark} ${table} ${contestant}: ` +
    `${before} -> ${after}, ${beside}, noise ${percent(threshold)}`
  );
}

function headOf({ date, unrolled, machine }: Results, which: string): string[] {
  return [
    wrap(`${which}: ${date.slice(0, 16).replace("T", " ")}, unrolled ${unrolled}, ${showMachine(machine)}`),
  ];
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}

import type { ProfileReport } from "../autograd/profile.ts";
import { count } from "./format.ts";
import { table } from "./table.ts";

/** Operations that take less than this share of a step are combined in one line. */
const SMALL = 0.005;

/** Where the time of a training step went, for people: lines, those of the table no longer than `columns`. */
export function profileLines({ steps, ms, rows }: ProfileReport, columns: number): string[] {
  const shown = rows.filter(({ share }) => share >= SMALL);
  const small = rows.filter(({ share }) => share < SMALL);
  const sum = (of: (row: (typeof rows)[number]) => number) =>
    small.reduce((total, row) => total + of(row), 0);
  if (small.length > 0) {
    const others = { phase: `${small.length} smaller`, op: "", kernel: "" };
    shown.push({
      ...others,
      calls: sum((row) => row.calls),
      ms: sum((row) => row.ms),
      share: sum((row) => row.share),
    });
  }
  const head = `a step takes ${ms.toFixed(2)} ms (mean of ${count(steps)} on the first replica)`;
  const right = { align: "right" } as const;
  return [
    head,
    ...table(
      [
        { head: "share", cells: shown.map(({ share }) => `${(100 * share).toFixed(1)}%`), ...right },
        { head: "ms", cells: shown.map((row) => row.ms.toFixed(3)), ...right, dropAt: 2 },
        {
          head: "calls",
          cells: shown.map(({ calls }) => (calls === 0 ? "" : calls.toFixed(1).replace(/\.0$/, ""))),
          ...right,
          dropAt: 0,
        },
        { head: "phase", cells: shown.map(({ phase }) => phase) },
        { head: "op", cells: shown.map(({ op }) => op), dropAt: 1 },
        { head: "kernel", cells: shown.map(({ kernel }) => kernel) },
      ],
      columns,
    ),
  ];
}

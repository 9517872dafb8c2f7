import { escapeControl } from "../core/errors.ts";
import { comparedSteps, differences, type LossAt, lossAt, type RunDetails } from "../runs/run-list.ts";
import { clock, count, nats } from "./format.ts";
import { table } from "./table.ts";

export const lossOf = (loss: number | null): string => (loss === null ? "-" : nats(loss));

/** Runs side by side in lines of at most so many columns: options that differ, results, losses at the same steps. */
export function comparisonLines(runs: readonly RunDetails[], columns: number): string[] {
  const heads = runs.map(({ name }) => escapeControl(name));
  const side = (head: string, names: readonly string[], cells: readonly (readonly string[])[]): string[] =>
    table(
      [
        { head, cells: names },
        ...heads.map((name, at) => ({
          head: name,
          cells: cells.map((row) => row[at]),
          align: "right" as const,
        })),
      ],
      columns,
    );
  // For a single run, all options are shown.
  const options =
    runs.length === 1
      ? Object.entries(runs[0].options).map(([option, value]) => ({ option, values: [value] }))
      : differences(runs);
  const lines =
    options.length === 0
      ? ["the options are all the same"]
      : side(
          "option",
          options.map(({ option }) => flagOf(option)),
          options.map(({ values }) => values.map(shown)),
        );
  const facts: [string, (run: RunDetails) => string][] = [
    ["best loss", ({ loss }) => lossOf(loss)],
    ["at step", ({ bestStep }) => (bestStep === null ? "-" : count(bestStep))],
    ["last loss", ({ evaluations }) => lossOf(evaluations.at(-1)?.loss ?? null)],
    ["to beat", ({ baseline }) => lossOf(baseline)],
    ["steps", ({ steps }) => count(steps)],
    ["time", ({ seconds }) => (seconds === null ? "-" : clock(seconds))],
  ];
  lines.push(
    "",
    ...side(
      "result",
      facts.map(([name]) => name),
      facts.map(([, of]) => runs.map(of)),
    ),
  );
  const steps = comparedSteps(runs, MOST_ROWS);
  if (steps.length === 0) return lines;
  const losses = steps.map((step) => runs.map((run) => lossAt(run, step)));
  lines.push(
    "",
    ...side(
      "loss at step",
      steps.map(count),
      losses.map((row) => row.map(shownLoss)),
    ),
  );
  const isExact = losses.flat().every((loss) => loss === undefined || loss.isExact);
  return isExact ? lines : [...lines, "", "~ between two evaluations of that run, on a straight line"];
}

function shownLoss(loss: LossAt | undefined): string {
  if (loss === undefined) return "-";
  return `${loss.isExact ? "" : "~"}${nats(loss.loss)}`;
}

/** Largest number of rows of losses; if there are more steps, some are left out. */
const MOST_ROWS = 16;

/** `seqLength` -> `seq-length`, as it is typed. */
const flagOf = (option: string): string =>
  escapeControl(option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));

const shown = (value: unknown): string =>
  value === null || value === undefined ? "-" : escapeControl(`${value}`);

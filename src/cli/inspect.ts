/** `unrolled inspect RUN [TEXT]` */
import type { Command } from "commander";
import { escapeControl } from "../core/errors.ts";
import type { ShownText } from "../inspect/shown-unit.ts";
import { DEFAULT_INSPECTED, type Inspection, type InspectOptions, inspectRun } from "../runs/inspect-run.ts";
import { backendOption, cellOption, parseNumber, taskOption } from "./command.ts";
import { type Column, count, formatTable, percent } from "./format.ts";
import { Status, writeOut } from "./output.ts";
import { clearStatusLine, note, onInterrupt, Progress } from "./terminal.ts";
import { drawLegend, drawUnitText } from "./unit-text.ts";

const EPILOGUE = `
RUN:  the folder of a run, whose best checkpoint is used, or a checkpoint file
TEXT: a file to look at (default: the part of the run's text that is kept for
      validation), or else a text to be shown by the unit that follows its
      signal best

Units are chosen on the first half of the text and scored on the second: 0 is
chance, 1 perfect. For "position in line" the score is a correlation, else true
positive rate + true negative rate - 1. The column "untrained" shows what the
best unit of the same network reaches without training.

The text is coloured by how far the unit is beyond its threshold, and underlined
where the signal holds; without colours, marks below each line show the same.

Examples:
  npx unrolled inspect runs/mine
  npx unrolled inspect runs/mine 'She said "no" (twice).' --unit 0:17
  npx unrolled inspect runs/mine chapter.txt --json`;

export function define(command: Command): () => Promise<number> {
  command
    .usage("RUN [TEXT] [options]")
    .description("Find the units of a model that follow simple features of a text: quotes, brackets, ...")
    .argument("<RUN>")
    .argument("[TEXT]")
    .optionsGroup("Options:")
    .option("--length <N>", `characters to look at (default: ${DEFAULT_INSPECTED})`, parseNumber("--length"))
    .option("--unit <L:U>", "show the text by this unit, as 0:17 (default: the best)")
    .option("--skip-unknown", "leave out of TEXT what the model does not know")
    .addOption(cellOption())
    .addOption(taskOption())
    .addOption(backendOption())
    .option("--json", 'one object {"cells", "saturation"} on stdout')
    .addHelpText("after", EPILOGUE);

  return async () => {
    const [run, text] = command.processedArgs as [string, string | undefined];
    const { json = false, ...options } = command.opts<InspectOptions & { json?: boolean }>();
    const progress = new Progress();
    const unwatch = onInterrupt(() => process.exit(Status.interrupted));
    const inspection = await inspectRun(run, text, options, {
      onProgress: (activity, done, total) => {
        if (!json) progress.show(activity, done, total);
      },
      onNote: note,
    }).finally(clearStatusLine);
    unwatch();
    const { cells, saturation } = inspection;
    const scores = cells.map(({ fit: _, ...cell }) => cell);
    const output = json ? JSON.stringify({ cells: scores, saturation }) : describe(inspection).join("\n");
    await writeOut(`${output}\n`);
    return Status.done;
  };
}

/** Units of a signal that are shown. */
const PER_SIGNAL = 2;

function describe({
  modelName,
  step,
  text,
  symbols,
  unit,
  unknownShare,
  cells,
  saturation,
  absent,
  shown,
}: Inspection): string[] {
  const columns = process.stdout.isTTY ? process.stdout.columns || 80 : 100;
  const unknown = unknownShare === undefined ? "" : `, ${percent(unknownShare)} of them unknown`;
  const lines = [
    `model  ${modelName}, step ${count(step)}`,
    `text   ${count(symbols)} ${unit}s of ${escapeControl(text)}${unknown}`,
    "",
  ];
  const seen = new Map<string, number>();
  const rows = cells.filter(({ signal }) => {
    seen.set(signal, (seen.get(signal) ?? 0) + 1);
    return seen.get(signal)! <= PER_SIGNAL;
  });
  const column = (
    head: string,
    cell: (row: (typeof rows)[number]) => string,
    more: Partial<Column> = {},
  ) => ({
    head,
    cells: rows.map(cell),
    ...more,
  });
  const right = { align: "right" } as const;
  lines.push(
    ...formatTable(
      [
        column("signal", ({ signal }) => signal),
        column("unit", (row) => `${row.layer}:${row.unit}`, right),
        column("score", ({ heldOutScore }) => heldOutScore.toFixed(2), right),
        column("untrained", ({ untrainedScore }) => untrainedScore.toFixed(2), right),
        column("when", ({ detects }) => detects, { dropAt: 1 }),
        column("on the first half", ({ score }) => score.toFixed(2), { ...right, dropAt: 0 }),
      ],
      columns,
    ),
  );
  if (absent.length > 0) lines.push(`too little of it in this text: ${absent.join(", ")}`);
  if (saturation.length > 0) {
    const rounded = (share: number) => `${Math.round(100 * share)}%`;
    const gates: Column[] = [
      { head: "gate", cells: saturation.map(({ layer, gate }) => `${layer} ${gate}`) },
      { head: "below 0.1", cells: saturation.map(({ below }) => rounded(below)), ...right },
      { head: "above 0.9", cells: saturation.map(({ above }) => rounded(above)), ...right },
    ];
    lines.push("", ...formatTable(gates, columns));
  }
  lines.push("", describeUnit(shown), drawLegend(shown), "", ...drawUnitText(shown, columns));
  return lines;
}

/** `unit 0:85 follows "inside quotes" (0.93): on where it is below 0.50` */
function describeUnit({ layer, unit, signal, score = 0, scale, detects }: ShownText): string {
  const name = `unit ${layer}:${unit}`;
  if (signal === undefined) return `${name}:`;
  const where = scale === "threshold" ? `on where it is ${detects}` : detects;
  return `${name} follows "${signal}" (${score.toFixed(2)}): ${where}`;
}

/** `unrolled eval RUN [DATA...]` */
import type { Command } from "commander";
import { type EvaluateOptions, evaluateRun, type RunEvaluation } from "../runs/evaluate-run.ts";
import { chooseDrawing, writePicture } from "./charts.ts";
import {
  addSearchOptions,
  backendOption,
  cellOption,
  parseNumber,
  pictureOption,
  taskOption,
  weightsOption,
} from "./command.ts";
import { hang, widthOf } from "./format.ts";
import { Status, writeOut } from "./output.ts";
import { clearStatusLine, note, onInterrupt, Progress, paint } from "./terminal.ts";

const EPILOGUE = `
RUN:  the folder of a run, whose best checkpoint is used, or a checkpoint file
DATA: data as the run was trained on, in files or folders, or - for standard
      input (default: the part of the run's data kept for validation)

The result depends on the model and the data alone. In a text, every character
is predicted once from those before it.

Examples:
  npx unrolled eval runs/mine
  npx unrolled eval runs/mine another-book.txt --skip-unknown
  npx unrolled eval runs/mine --weights int8
  npx unrolled eval runs/mine --json`;

export function define(command: Command): () => Promise<number> {
  command
    .usage("RUN [DATA...] [options]")
    .description("Measure how good a model is: for a text, nats and bits per character and perplexity.")
    .argument("<RUN>")
    .argument("[DATA...]")
    .optionsGroup("Options:")
    .option(
      "--batch-size <B>",
      "rows side by side; only speed depends on it (default: 32)",
      parseNumber("--batch-size"),
    )
    .option("--skip-unknown", "leave out of DATA what the model does not know")
    .addOption(weightsOption())
    .addOption(backendOption())
    .addOption(cellOption())
    .addOption(taskOption())
    .addOption(pictureOption())
    .option("--json", 'one object {"loss", "metrics", "items", "baselines"} on stdout')
    .addHelpText("after", EPILOGUE);
  addSearchOptions(command);

  return async () => {
    const [run, data] = command.processedArgs as [string, string[]];
    const {
      json = false,
      picture,
      ...options
    } = command.opts<EvaluateOptions & { json?: boolean; picture?: string }>();
    const progress = new Progress();
    const unwatch = onInterrupt(() => process.exit(Status.interrupted));
    const result = await evaluateRun(run, data, options, {
      onProgress: (activity, done, total) => {
        if (!json) progress.show(activity, done, total);
      },
      onNote: note,
    }).finally(clearStatusLine);
    unwatch();
    if (picture !== undefined) await writePicture(picture, result.picture, run);
    const { loss, metrics, items, baselines, details } = result;
    await writeOut(
      json ? `${JSON.stringify({ loss, metrics, items, baselines, ...details })}\n` : describe(result),
    );
    return Status.done;
  };
}

function describe(evaluation: RunEvaluation): string {
  const { task, unit, baselines } = evaluation;
  const rows = task.view.scoreTable(evaluation, unit, baselines);
  // A line for each score where a program may read them.
  const lines = formatScores(rows, process.stdout.columns || Number.POSITIVE_INFINITY);
  const drawn = task.view.drawing?.(evaluation.sums, evaluation.data, chooseDrawing()) ?? [];
  return [...lines, ...(drawn.length > 0 ? [""] : []), ...drawn].map((line) => `${line}\n`).join("");
}

/** Names, values and explanations below each other; explanations are broken where they are too long. */
function formatScores(rows: readonly (readonly [string, string, string])[], columns: number): string[] {
  const width = Math.max(...rows.map(([name]) => widthOf(name))) + 2;
  const values = Math.max(...rows.map(([, value]) => widthOf(value))) + 2;
  const left = (text: string, cells: number) => text + " ".repeat(Math.max(0, cells - widthOf(text)));
  return rows.flatMap(([name, value, about]) =>
    about === ""
      ? [`${left(name, width)}${value}`]
      : hang(left(name, width) + left(value, values), paint("dim", about, process.stdout), columns),
  );
}

/** `unrolled predict RUN [INPUT...]` */
import type { Command } from "commander";
import { escapeControl } from "../core/errors.ts";
import { type PredictOptions, predictRun } from "../runs/predict-run.ts";
import type { Prediction } from "../tasks/task.ts";
import { chooseDrawing, writePicture } from "./charts.ts";
import { addSearchOptions, backendOption, cellOption, pictureOption, taskOption } from "./command.ts";
import { describeLostOutput, isClosedPipe, onOutputLost, Status, writeOut } from "./output.ts";
import { note, onInterrupt, paint } from "./terminal.ts";

const EPILOGUE = `
RUN:   the folder of a run, whose best checkpoint is used, or a checkpoint file
INPUT: files with one input on each line, or - for standard input

Examples:
  npx unrolled predict runs/mine --text "Nakamura"
  npx unrolled predict runs/mine names.txt
  cat names.txt | npx unrolled predict runs/mine - --json`;

export function define(command: Command): () => Promise<number> {
  command
    .usage("RUN [INPUT...] [options]")
    .description("Apply a trained model to inputs, such as lines to be labelled, and print a line for each.")
    .argument("<RUN>")
    .argument("[INPUT...]")
    .optionsGroup("Options:")
    .option("--text <TEXT>", "one input, as it stands")
    .addOption(backendOption())
    .addOption(cellOption())
    .addOption(taskOption())
    .addOption(pictureOption())
    .option("--json", "one JSON object for each input")
    .addHelpText("after", EPILOGUE);
  addSearchOptions(command);

  return async () => {
    const [run, inputs] = command.processedArgs as [string, string[]];
    const {
      json = false,
      picture,
      ...options
    } = command.opts<PredictOptions & { json?: boolean; picture?: string }>();
    const unwatch = onInterrupt(() => process.exit(Status.interrupted));
    const { predictions, draw } = await predictRun(run, inputs, options, { onProgress() {}, onNote: note });
    const drawn: Prediction[] = [];
    let lost: Error | undefined;
    // What was predicted until then is still drawn.
    if (picture !== undefined) onOutputLost((error) => (lost ??= error));
    for await (const prediction of predictions) {
      const { json: object } = prediction;
      if (picture !== undefined) drawn.push(prediction);
      await writeOut(`${json ? JSON.stringify(object) : describe(prediction)}\n`);
      if (!json && options.text !== undefined) await showDrawing(prediction);
      if (lost !== undefined) break;
    }
    unwatch();
    if (picture !== undefined) await writePicture(picture, draw?.(drawn), `the predictions of ${run}`);
    if (lost !== undefined && !isClosedPipe(lost)) throw describeLostOutput(lost);
    return Status.done;
  };
}

async function showDrawing({ drawing }: Prediction): Promise<void> {
  const lines = drawing?.(chooseDrawing()) ?? [];
  if (lines.length > 0) await writeOut(`\n${lines.join("\n")}\n`);
}

/** How far the model agrees by a piece of the input with what it says in the end. */
const AGREEMENT = [
  { below: 1 / 3, style: "red" },
  { below: 2 / 3, style: "yellow" },
  { below: Number.POSITIVE_INFINITY, style: "green" },
] as const;

/** A line for people: the input, in colour where the stream shows it, and what the model says of it. */
function describe({ text, pieces = [] }: Prediction): string {
  const [input, ...said] = text.split("\t").map(escapeControl);
  if (pieces.length < 2) return [input, ...said].join("\t");
  const painted = pieces.map(({ text: piece, value }) => {
    const { style } = AGREEMENT.find(({ below }) => value < below) ?? AGREEMENT[2];
    return paint(style, escapeControl(piece), process.stdout);
  });
  const isPainted = painted.some((piece, at) => piece !== escapeControl(pieces[at].text));
  return [isPainted ? painted.join("").trimEnd() : input, ...said].join("\t");
}

/** `unrolled predict RUN [INPUT...]` */
import type { Command } from "commander";
import { escapeControl } from "../core/errors.ts";
import { type PredictOptions, predictRun } from "../runs/predict-run.ts";
import { backendOption, movedCellOption, movedTaskOption } from "./common-options.ts";
import { onInterrupt } from "./interrupt.ts";
import { note } from "./note.ts";
import { writeOut } from "./output.ts";
import { Status } from "./report.ts";

const EPILOGUE = `
RUN:   the folder of a run, whose best checkpoint counts, or a checkpoint file
INPUT: files with one input on each line, or - for standard input

Examples:
  unrolled predict runs/mine --text "Nakamura"
  unrolled predict runs/mine names.txt
  cat names.txt | unrolled predict runs/mine - --json`;

export function define(command: Command): () => Promise<number> {
  command
    .usage("RUN [INPUT...] [options]")
    .description("Let a trained model judge inputs: the likeliest labels of each, with their probabilities.")
    .argument("<RUN>")
    .argument("[INPUT...]")
    .optionsGroup("Options:")
    .option("--text <TEXT>", "one input, as it stands")
    .addOption(backendOption())
    .addOption(movedCellOption())
    .addOption(movedTaskOption())
    .option("--json", "one JSON object for each input")
    .addHelpText("after", EPILOGUE);

  return async () => {
    const [run, inputs] = command.processedArgs as [string, string[]];
    const { json = false, ...options } = command.opts<PredictOptions & { json?: boolean }>();
    const unwatch = onInterrupt(() => process.exit(Status.interrupted));
    const predictions = await predictRun(run, inputs, options, { onProgress() {}, onNote: note });
    for await (const { text, json: object } of predictions) {
      await writeOut(`${json ? JSON.stringify(object) : text.split("\t").map(escapeControl).join("\t")}\n`);
    }
    unwatch();
    return Status.done;
  };
}

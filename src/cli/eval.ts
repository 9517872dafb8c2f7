/** `unrolled eval RUN [DATA...]` */
import type { Command } from "commander";
import { evalText, type TextEvalOptions, type TextEvaluation } from "../tasks/text/eval.ts";
import { backendOption, movedCellOption, weightsOption } from "./common-options.ts";
import { comparison, count, nats, percent } from "./format.ts";
import { onInterrupt } from "./interrupt.ts";
import { clearLive } from "./live-line.ts";
import { note } from "./note.ts";
import { writeOut } from "./output.ts";
import { paint } from "./paint.ts";
import { Progress } from "./progress.ts";
import { Status } from "./report.ts";
import { PERPLEXITY } from "./terms.ts";
import { numberOf } from "./values.ts";

const EPILOGUE = `
RUN:  the folder of a run, whose best checkpoint counts, or a checkpoint file
DATA: UTF-8 text in files or folders, or - for standard input
      (default: the part of the run's text kept for validation)

Every character is predicted once from those before it; the result depends on
the model and the text alone.

Examples:
  unrolled eval runs/mine
  unrolled eval runs/mine another-book.txt --skip-unknown
  unrolled eval runs/mine --weights int8
  unrolled eval runs/mine --json`;

export function define(command: Command): () => Promise<number> {
  command
    .usage("RUN [DATA...] [options]")
    .description("Measure how well a model predicts a text: nats and bits per character, perplexity.")
    .argument("<RUN>")
    .argument("[DATA...]")
    .optionsGroup("Options:")
    .option(
      "--batch-size <B>",
      "rows side by side; only speed depends on it (default: 32)",
      numberOf("--batch-size"),
    )
    .option("--skip-unknown", "leave out of DATA what the model does not know")
    .addOption(weightsOption())
    .addOption(backendOption())
    .addOption(movedCellOption())
    .option("--json", 'one object {"loss", "metrics", "items"} on stdout')
    .addHelpText("after", EPILOGUE);

  return async () => {
    const [run, data] = command.processedArgs as [string, string[]];
    const { json = false, ...options } = command.opts<TextEvalOptions & { json?: boolean }>();
    const progress = new Progress();
    const unwatch = onInterrupt(() => process.exit(Status.interrupted));
    const result = await evalText(run, data, options, {
      onProgress: (activity, done, total) => {
        if (!json) progress.show(activity, done, total);
      },
      onNote: note,
    }).finally(clearLive);
    unwatch();
    await writeOut(json ? `${JSON.stringify(result)}\n` : describe(result));
    return Status.done;
  };
}

function describe({ loss, metrics, items, unit, baseline }: TextEvaluation): string {
  const { bitsPerChar, natsPerChar, perplexity, unknownShare } = metrics;
  const rows = [
    [`nats per ${unit}`, nats(loss), `mean of -ln p of the right ${unit}; lower is better`],
    ...(natsPerChar === undefined ? [] : [["nats per character", nats(natsPerChar), ""]]),
    ["bits per character", nats(bitsPerChar), "nats / ln 2"],
    [natsPerChar === undefined ? "perplexity" : `perplexity per ${unit}`, nats(perplexity), PERPLEXITY],
    [`${unit}s`, count(items), ""],
    ...(unknownShare === undefined ? [] : [["unknown", `${percent(unknownShare)} of the ${unit}s`, ""]]),
  ];
  if (baseline !== undefined) {
    const against = `what counting triples reaches; the model is ${comparison(loss, baseline.loss)} it`;
    rows.push(["trigram", nats(baseline.loss), against]);
  }
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  const values = Math.max(...rows.map(([, value]) => value.length)) + 2;
  return rows
    .map(([name, value, about]) => {
      const explained =
        about === "" ? value : `${value.padEnd(values)}${paint("dim", about, process.stdout)}`;
      return `${name.padEnd(width)}${explained}\n`;
    })
    .join("");
}

/** `unrolled sample RUN` */
import { basename } from "node:path";
import type { Command } from "commander";
import { InputError } from "../core/errors.ts";
import { type ArtifactSample, DEFAULT_LENGTH, type SampleOptions, sampleRun } from "../runs/sample-run.ts";
import { writePicture } from "./charts.ts";
import {
  backendOption,
  cellOption,
  parseNumber,
  pictureOption,
  taskOption,
  weightsOption,
} from "./command.ts";
import { showControl } from "./format.ts";
import { Status, writeOut } from "./output.ts";
import { note } from "./terminal.ts";

const EPILOGUE = `
RUN: the folder of a run, whose best checkpoint is used, or a checkpoint file

Examples:
  npx unrolled sample runs/text-20261123-094500
  npx unrolled sample runs/mine --prime "Once " --temperature 0.7 --length 2000
  npx unrolled sample runs/mine --weights int8
  npx unrolled sample runs/mine --seed 7 > story.txt`;

export function define(command: Command): () => Promise<number> {
  command
    .usage("RUN [options]")
    .description("Write text with a trained model. Characters are printed as they are generated.")
    .argument("<RUN>")
    .optionsGroup("Options:")
    .option("--prime <TEXT>", "text to continue (default: a line end)")
    .option(
      "--length <N>",
      `characters, words or tokens to write (default: ${DEFAULT_LENGTH})`,
      parseNumber("--length"),
    )
    .option(
      "--temperature <X>",
      "0 always takes the likeliest, above 1 varies more (default: 1)",
      parseNumber("--temperature"),
    )
    .option("--top-k <N>", "draw from the N likeliest characters only", parseNumber("--top-k"))
    .option(
      "--top-p <P>",
      "draw from the likeliest with probability P in all (default: 1)",
      parseNumber("--top-p"),
    )
    .option(
      "--seed <N>",
      "the same seed gives the same text (default: a new one each time)",
      parseNumber("--seed"),
    )
    .option("--skip-unknown", "leave out of --prime what the model does not know")
    .addOption(weightsOption())
    .addOption(backendOption())
    .addOption(cellOption())
    .addOption(taskOption())
    .addOption(pictureOption())
    .option("--json", 'one object {"text", "seed"} at the end')
    .addHelpText("after", EPILOGUE);

  return async () => {
    const [run] = command.processedArgs as [string];
    const {
      json = false,
      picture,
      ...options
    } = command.opts<SampleOptions & { json?: boolean; picture?: string }>();
    const sample = await sampleRun(run, options, { onNote: note });
    if (sample.kind === "artifact") return printArtifact(sample, run, picture, json);
    if (picture !== undefined) throw new InputError("--picture: this model writes text");
    const { seed, pieces } = sample;
    if (json) await printObject(seed, pieces);
    else if (process.stdout.isTTY) await printToTerminal(seed, pieces, options.seed === undefined);
    else for await (const piece of pieces) await writeOut(piece);
    return Status.done;
  };
}

/** What is no text: a picture goes to a file, the rest to stdout. */
async function printArtifact(
  { seed, artifact }: ArtifactSample,
  run: string,
  picture: string | undefined,
  json: boolean,
): Promise<number> {
  if (artifact.kind === "picture") {
    const path = picture ?? `${basename(run)}-${seed}.svg`;
    await writePicture(path, artifact.svg, run);
    if (json) await writeOut(`${JSON.stringify({ file: path, seed })}\n`);
    return Status.done;
  }
  const value = artifact.kind === "text" ? artifact.text : artifact.value;
  if (json)
    await writeOut(`${JSON.stringify({ [artifact.kind === "text" ? "text" : "value"]: value, seed })}\n`);
  else await writeOut(`${artifact.kind === "text" ? artifact.text : JSON.stringify(value)}\n`);
  return Status.done;
}

async function printObject(seed: number, pieces: AsyncIterable<string>): Promise<void> {
  let text = "";
  for await (const piece of pieces) text += piece;
  await writeOut(`${JSON.stringify({ text, seed })}\n`);
}

/** No control character of a model may move the cursor, and the prompt gets a line of its own. */
async function printToTerminal(
  seed: number,
  pieces: AsyncIterable<string>,
  seedIsNew: boolean,
): Promise<void> {
  for await (const piece of pieces) await writeOut(showControl(piece));
  await writeOut("\n");
  if (seedIsNew) note(`--seed ${seed} writes this again`);
}

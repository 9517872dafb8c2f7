/** `unrolled train TASK [DATA...]`: its command line. What it does is in train-text.ts. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { PRECISIONS } from "../backend/native/native.ts";
import { InputError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { OPTIMIZERS } from "../tasks/optimizers.ts";
import { DEFAULT_EPOCHS, DEFAULTS, type TextTrainOptions } from "../tasks/text/options.ts";
import { backendOption } from "./common-options.ts";
import { shellWord } from "./format.ts";
import { groupHelp } from "./help.ts";
import { cellOf, choiceOf, numberOf, pathOf } from "./values.ts";

const TASKS = ["text"] as const;

/** What commander makes of the options. */
type Flags = Partial<Omit<TextTrainOptions, "data">> & { json?: boolean };

const USAGE = "TASK [DATA...] [options]";

const EPILOGUE = `
With --lr-decay the learning rate falls in steps, after each pass. Without, it
falls along half a cosine to a tenth: over --epochs, if they
are given or nothing is; else, without --steps, over --max-seconds. With --steps
alone it stays, so that more can follow. Any other limit only stops the run.

--dropout acts between layers, before the output layer and on an --embedding, so
one layer has it too. --patience stops a run whose validation loss no longer
falls; with --eval-every it does so at the same step however often the run was
resumed.

Ctrl-C saves and says how to go on; a second one leaves at once.

Examples:
  unrolled train text                    the bundled corpus: this project's code
  unrolled train text mybook.txt --hidden 256 --layers 2 --dropout 0.2
  unrolled train text notes/ mail/ --max-seconds 300 --out runs/mine
  cat *.md | unrolled train text -
  unrolled train text --resume           go on with the newest run`;

export function define(command: Command): () => Promise<number> {
  command
    .usage(USAGE)
    .description(
      "Train a model, watch it learn, and keep it in a folder: a run.\n\n" +
        "TASK: text, a character model that learns to write like a text\n" +
        "DATA: UTF-8 text in files or folders, or - for standard input\n" +
        "      (default: the bundled corpus)",
    )
    .argument("[TASK]")
    .argument("[DATA...]");
  addModelOptions(command);
  addTrainingOptions(command);
  addRunOptions(command);
  command.addHelpText("after", EPILOGUE);

  return async () => {
    const [task, data] = command.processedArgs as [string | undefined, string[]];
    refuseOtherTask(task);
    const { json = false, resume = false, ...options } = command.opts<Flags>();
    const { trainTextCommand } = await import("./train-text.ts");
    return trainTextCommand({ ...options, resume, data }, json);
  };
}

function addModelOptions(command: Command): void {
  number(command.optionsGroup("Model:"), "hidden", "N", "units of a layer", DEFAULTS.hidden);
  number(command, "layers", "N", "layers, one above the other", DEFAULTS.layers);
  number(command, "dropout", "P", "share of units left out: see below", DEFAULTS.dropout);
  command
    .option(
      "--cell <NAME>",
      `rnn, lstm, gru, or a FILE.ts of your own ${standard(DEFAULTS.cell)}`,
      cellOf("--cell"),
    )
    .option("--variational", "dropout leaves out the same at all steps of a chunk");
  number(command, "embedding", "N", "features of a symbol's vector; 0: one-hot", DEFAULTS.embedding);
  command.option(
    "--tokens <NAME>",
    `what is read and written: char, word, bpe ${standard(DEFAULTS.tokens)}`,
    choiceOf("--tokens", ["char", "word", "bpe"]),
  );
  number(command, "vocab-size", "N", "words or tokens at most", "10000, bpe 1024");
  command.option("--tie-weights", "the output layer has the embedding's matrix");
}

function addTrainingOptions(command: Command): void {
  const passes = `${DEFAULT_EPOCHS} if no limit is given`;
  number(command.optionsGroup("How long:"), "epochs", "N", "passes over the text", passes);
  number(command, "steps", "N", "updates");
  number(command, "max-seconds", "S", "seconds in this sitting");
  number(command, "patience", "N", "evaluations that are not better than the best", "no limit");

  number(command.optionsGroup("Training:"), "lr", "X", "learning rate; sgd 20, adagrad 0.1", DEFAULTS.lr);
  number(command, "lr-decay", "X", "multiplies the rate after each pass", "a cosine");
  number(command, "lr-decay-after", "N", "passes before the first decay", DEFAULTS.lrDecayAfter);
  number(command, "init-uniform", "X", "initial values within -X and X", "PyTorch's");
  number(command, "batch-size", "B", "stretches of text side by side", DEFAULTS.batchSize);
  number(command, "seq-length", "T", "characters that a gradient goes back through", DEFAULTS.seqLength);
  number(command, "clip-norm", "X", "largest norm of a gradient; sgd 0.25", DEFAULTS.clipNorm);
  number(command, "clip-value", "X", "largest element of a gradient", "no limit");
  number(command, "weight-decay", "X", "pulls weights to 0; adamw 0.01", DEFAULTS.weightDecay);
  command.option(
    "--optimizer <NAME>",
    `${OPTIMIZERS.join(", ")} ${standard(DEFAULTS.optimizer)}`,
    choiceOf("--optimizer", OPTIMIZERS),
  );
  command.option("--val <FILE>", "text to validate on, instead of the end", pathOf("--val", "file"));
  number(command, "val-split", "F", "share of the text, its end, to validate on", DEFAULTS.valSplit);
  number(command, "seed", "N", "of all random numbers", DEFAULTS.seed);
}

function addRunOptions(command: Command): void {
  command
    .optionsGroup("Run:")
    .option("--out <DIR>", "folder of the run (default: runs/text-DATE)", pathOf("--out"))
    .option("--resume", "go on with the run in --out, or with the newest one")
    .option("--from <RUN>", "start a new run from another one's weights", pathOf("--from"));
  number(command, "eval-every", "N", "steps between validations", "12 in all or less");
  number(command, "save-every", "N", "steps between further saves", "each half minute");

  command.optionsGroup("Machine:").addOption(backendOption());
  number(command, "threads", "N", "replicas that share a batch", "cores, at most 4");
  command.option(
    "--precision <NAME>",
    `highest: f32; high: faster with AMX ${standard("highest")}`,
    choiceOf("--precision", PRECISIONS),
  );

  groupHelp(command, "Output:")
    .option("--profile", "at the end, where the time of a step went")
    .option("--json", "one JSON object per line on stdout");
}

/** An option that takes a number. It stays undefined when it is not given: a resumed run keeps its own. */
function number(command: Command, name: string, value: string, text: string, otherwise?: unknown): Command {
  const known = otherwise === undefined ? "" : ` ${standard(otherwise)}`;
  return command.option(`--${name} <${value}>`, `${text}${known}`, numberOf(`--${name}`));
}

function standard(value: unknown): string {
  return `(default: ${value})`;
}

function refuseOtherTask(task: string | undefined): void {
  if (task === undefined) {
    throw new InputError("train needs a task", { hint: "unrolled train text [DATA...]" });
  }
  if (TASKS.some((known) => known === task)) return;
  throw new InputError(`there is no task '${task}'`, { hint: hintFor(task) });
}

function hintFor(task: string): string {
  const meant = nearest(task, TASKS);
  if (meant !== undefined) return `did you mean ${meant}?`;
  if (existsSync(task)) return `to train on that text: unrolled train text ${shellWord(task)}`;
  return `the tasks are: ${TASKS.join(", ")}`;
}

/** The program `unrolled`: its commands by name, and how one of them becomes an exit status. */
import { Command, CommanderError } from "commander";
import { UnrolledError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { VERSION } from "../version.ts";
import { type CommandEntry, HELP } from "./command.ts";
import { reportError, Status } from "./output.ts";
import { suggestForPath } from "./suggested-commands.ts";

const COMMANDS: readonly CommandEntry[] = [
  { name: "train", summary: "train a model", load: () => import("./train.ts") },
  { name: "check", summary: "check data and model before a training", load: () => import("./check.ts") },
  { name: "sample", summary: "write text with a trained model", load: () => import("./sample.ts") },
  { name: "predict", summary: "apply a trained model to inputs", load: () => import("./predict.ts") },
  { name: "eval", summary: "measure how good a model is", load: () => import("./eval.ts") },
  { name: "inspect", summary: "find what units of a model follow", load: () => import("./inspect.ts") },
  { name: "runs", summary: "list runs, compare or delete some", load: () => import("./runs.ts") },
  { name: "demo", summary: "watch a small network of the lecture learn", load: () => import("./demo.ts") },
  {
    name: "gradcheck",
    summary: "compare every gradient with numeric ones",
    load: () => import("./gradcheck.ts"),
  },
];

const EXAMPLES = `
Examples:
  npx unrolled train text mybook.txt
  npx unrolled sample runs/text-20261123-094500 --prime "The "

npx unrolled COMMAND --help describes one of them.`;

/** Run a command line, given without the program's name. Reports errors and returns the exit status. */
export async function runCommand(args: readonly string[]): Promise<number> {
  let status: number = Status.done;
  try {
    const words = args[0] === "help" ? [...args.slice(1), "--help"] : args;
    refuseOtherCommand(words);
    const program = await createProgram(words, (code) => {
      status = code;
    });
    if (words.length === 0) {
      program.outputHelp({ error: true });
      return Status.wrongInput;
    }
    await program.parseAsync(words, { from: "user" });
    return status;
  } catch (error) {
    return isAnswer(error) ? Status.done : reportError(error, args);
  }
}

/** Commander ends a program that has printed its help or its version by an error, too. */
function isAnswer(error: unknown): boolean {
  return (
    error instanceof CommanderError && ["commander.helpDisplayed", "commander.version"].includes(error.code)
  );
}

/** Commander would answer an unknown command with --help by the list of all. */
function refuseOtherCommand(args: readonly string[]): void {
  const at = args.findIndex((argument) => !argument.startsWith("-"));
  const names = COMMANDS.map(({ name }) => name);
  if (at < 0 || names.includes(args[at])) return;
  const word = args[at];
  const meant = nearest(word, names);
  throw new UnrolledError("USAGE", "input", `there is no command '${word}'`, {
    hint:
      meant === undefined
        ? (suggestForPath([word]) ?? `the commands are: ${names.join(", ")}`)
        : `did you mean ${meant}?`,
  });
}

async function createProgram(args: readonly string[], end: (status: number) => void): Promise<Command> {
  const program = new Command("unrolled")
    .description("Train, open up and ship recurrent neural networks.")
    .usage("COMMAND [options]")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .addHelpText("after", EXAMPLES)
    // report.ts says it, in one line.
    .configureOutput({ outputError: () => {} })
    .configureHelp(HELP)
    .exitOverride();
  await addCommands(program, COMMANDS, args, end);
  return program;
}

/** Commands that are not in `args` are only listed in the help and are not loaded. */
async function addCommands(
  parent: Command,
  entries: readonly CommandEntry[],
  args: readonly string[],
  end: (status: number) => void,
): Promise<void> {
  for (const { name, summary, load } of entries) {
    const command = parent.command(name).summary(summary).helpOption("-h, --help", "print this help");
    // A command below another would have this from its parent.
    command.allowExcessArguments(false);
    if (!args.includes(name)) continue;
    const { define, SUBCOMMANDS = [] } = await load();
    const run = await define(command, args);
    command.action(async () => end(await run()));
    await addCommands(command, SUBCOMMANDS, args, end);
  }
}

/** The program `unrolled`: its commands by name, and how one of them becomes an exit status. */
import { Command, CommanderError } from "commander";
import { UnrolledError } from "../core/errors.ts";
import { VERSION } from "../version.ts";
import { HELP } from "./help.ts";
import { nearest } from "./nearest.ts";
import { reportError, Status } from "./report.ts";

/** What each command's module exports. */
interface CommandModule {
  /** Adds arguments, options and help. Returns what the command does: parsed, it resolves to the exit status. */
  define(command: Command): () => Promise<number>;
}

interface Listed {
  readonly name: string;
  readonly summary: string;
  /** Only the command that is used is loaded: `sample` has to answer at once. */
  readonly load: () => Promise<CommandModule>;
}

const COMMANDS: readonly Listed[] = [
  { name: "train", summary: "train a model on a text", load: () => import("./train.ts") },
  { name: "sample", summary: "let a trained model write", load: () => import("./sample.ts") },
  { name: "eval", summary: "measure how well a model predicts a text", load: () => import("./eval.ts") },
  { name: "inspect", summary: "see what units of a model follow", load: () => import("./inspect.ts") },
  { name: "runs", summary: "list the runs, or compare some", load: () => import("./runs.ts") },
];

const EXAMPLES = `
Examples:
  unrolled train text mybook.txt
  unrolled sample runs/text-20261123-094500 --prime "The "

unrolled COMMAND --help says more about one of them.`;

/** Run a command line without the program's name. Errors are told; the result is the exit status. */
export async function runCommand(args: readonly string[]): Promise<number> {
  let status: number = Status.done;
  try {
    const asked = args[0] === "help" ? [...args.slice(1), "--help"] : args;
    refuseOtherCommand(asked);
    const program = await createProgram(asked, (ended) => {
      status = ended;
    });
    if (asked.length === 0) {
      program.outputHelp({ error: true });
      return Status.wrongInput;
    }
    await program.parseAsync(asked, { from: "user" });
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
  const word = args.find((argument) => !argument.startsWith("-"));
  const names = COMMANDS.map(({ name }) => name);
  if (word === undefined || names.includes(word)) return;
  const meant = nearest(word, names);
  throw new UnrolledError("USAGE", "input", `there is no command '${word}'`, {
    hint: meant === undefined ? `the commands are: ${names.join(", ")}` : `did you mean ${meant}?`,
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
  for (const { name, summary, load } of COMMANDS) {
    const command = program.command(name).summary(summary).helpOption("-h, --help", "print this help");
    if (!args.includes(name)) continue;
    const run = (await load()).define(command);
    command.action(async () => end(await run()));
  }
  return program;
}

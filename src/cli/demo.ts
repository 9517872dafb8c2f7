/** `unrolled demo NAME`: the programs of the lecture. Each demo is a subcommand. */
import type { Command } from "commander";
import { InputError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import type { CommandEntry } from "./command.ts";

export const SUBCOMMANDS: readonly CommandEntry[] = [
  {
    name: "hello",
    summary: "four letters, three hidden units: every number before and after it learns to write hello",
    load: () => import("./demo-hello.ts"),
  },
  {
    name: "min-char-rnn",
    summary: "Karpathy's program of 2015: a text, character by character, and what the network writes",
    load: () => import("./demo-min-char-rnn.ts"),
  },
];

export function define(command: Command): () => Promise<number> {
  command
    .usage("NAME [options]")
    .description("Watch a small network of the lecture learn.")
    .argument("[NAME]")
    // What is wrong is then the name, which comes first, and not an option of the demo that was meant.
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText(
      "after",
      "\nExamples:\n  npx unrolled demo hello\n  npx unrolled demo min-char-rnn mybook.txt",
    );

  return async () => {
    const [name] = command.args;
    const names = SUBCOMMANDS.map(({ name }) => name);
    const hint = `the demos are: ${names.join(", ")}`;
    if (name === undefined || name.startsWith("-")) throw new InputError("demo needs a name", { hint });
    const meant = nearest(name, names);
    throw new InputError(`there is no demo '${name}'`, {
      hint: meant === undefined ? hint : `did you mean ${meant}?`,
    });
  };
}

/** How advice is followed: first the error that gives it, then what it says. */
import { expect } from "vitest";
import { type Outcome, refused } from "../cli/unrolled.ts";

/** Advice as it stands in the source, and how it is followed, or why there is nothing to follow. */
export type Entry = { readonly hint: string } & (
  | {
      /** Provokes the error by `met`, then does what its hint says; throws when that does not work. */
      readonly follow: (met: Met) => unknown;
    }
  | {
      /** It tells what is the case, and asks for nothing that could be tried: why. */
      readonly explains: string;
    }
  | {
      /** A test elsewhere follows it: its file below test/, and words of its name. */
      readonly elsewhere: readonly [file: string, name: string];
    }
);

/** Entries by the file below src/ in which the advice stands. */
export type Entries = Readonly<Record<string, readonly Entry[]>>;

/** Runs something that has to fail with the entry's advice. */
export interface Met {
  /** Calls a function that throws. Returns the hint. */
  code(work: () => unknown): Promise<string>;
  /** Runs a command line that is refused, or that ends with the advice as a note. Returns the hint. */
  command(line: string): Promise<string>;
  /** Runs a training that ends with the advice below a warning. Returns the hint. */
  warning(line: string): Promise<string>;
  /** Looks into what a program has written on stderr. Returns the hint. */
  text(stderr: string): Promise<string>;
}

export function metFor(hint: string): Met & { times: number } {
  // Some errors have the advice of their cause before their own.
  const text = hint.split("*").map(escapePattern).join("[\\s\\S]*");
  const expected = new RegExp(`^(?:.*; )?${text}$`);
  return {
    times: 0,
    async code(work) {
      const error = await failureOf(work);
      // Not instanceof: modules that were loaded again have classes of their own.
      const { hint: given } = error as { hint?: unknown };
      expect(typeof given === "string" ? given : String(error)).toMatch(expected);
      this.times++;
      return String(given);
    },
    async command(line) {
      return this.text((await run(line)).stderr);
    },
    async warning(line) {
      const stdout = await works(line);
      // The message, and below it the hint, each in lines of a terminal's width.
      const [, below] = /^warning {2}([\s\S]*?)^\S/m.exec(stdout) ?? [];
      const lines = (below ?? stdout).trim().split(/\n */);
      const hints = lines.map((_, at) => lines.slice(at).join(" "));
      const found = hints.find((text) => expected.test(text));
      expect(found, stdout).toBeDefined();
      this.times++;
      return found!;
    },
    async text(stderr) {
      const said = [...stderr.matchAll(/^error: .*? \u2014 (.*)$|^note: (.*)$/gm)].map(
        ([, ofError, note]) => ofError ?? note,
      );
      const found = said.find((text) => expected.test(text));
      expect(found, stderr).toBeDefined();
      this.times++;
      return found!;
    },
  };
}

const escapePattern = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

async function failureOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** Words of a command line as a shell reads them. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"|\\(.)/g, (_, one, two, escaped) => one ?? two ?? escaped),
  );
}

/** Options of a training that takes some milliseconds. */
export const SHORT = "--hidden 4 --seq-length 8 --batch-size 2 --threads 1 --steps 2";

/** Run a command line, with or without the program's name, in this process. */
export async function run(line: string): Promise<Outcome> {
  return refused(wordsOf(line.replace(/^(npx )?unrolled /, "")));
}

/** Run a command line that has to work. Returns what it wrote on stdout. */
export async function works(line: string): Promise<string> {
  const { status, stdout, stderr } = await run(line);
  expect(status, `${line}\n${stderr}`).toBe(0);
  return stdout;
}

/** `unrolled ...` in a hint. */
export function commandIn(hint: string): string {
  const [command] = /unrolled .*$/.exec(hint) ?? [];
  if (command === undefined) throw new Error(`no command in: ${hint}`);
  return command;
}

/** The word that is proposed in `did you mean WORD?`. */
export function proposedIn(hint: string): string {
  const [, word] = /^did you mean (.+)\?$/.exec(hint) ?? [];
  if (word === undefined) throw new Error(`nothing is proposed in: ${hint}`);
  return word;
}

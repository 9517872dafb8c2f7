/** What a command writes to stdout, how it reports an error, and the exit status it ends with. */

import { CommanderError } from "commander";
import { escapeControl, StorageError, UnrolledError } from "../core/errors.ts";
import { clearStatusLine, paint } from "./terminal.ts";

type LossHandler = (error: Error) => void;

let handler: LossHandler = leave;

/** Without this a closed pipe would end the program with a stack trace. */
export function guardOutput(): void {
  process.stdout.on("error", (error) => handler(error));
  // An error on stderr cannot be reported, so it is ignored and the work continues.
  process.stderr.on("error", () => {});
}

/** Called each time that writing to stdout fails, for commands that must save their work first. */
export function onOutputLost(instead: LossHandler): void {
  handler = instead;
}

/** Whether the reader has closed the pipe (`| head -1`), as opposed to a full disk. */
export function isClosedPipe(error: Error): boolean {
  const code = "code" in error ? error.code : undefined;
  return code === "EPIPE" || code === "ERR_STREAM_DESTROYED" || code === "EOF";
}

/** @param outcome the result of the work, for the message */
export function describeLostOutput(error: Error, outcome?: string): StorageError {
  const isFull = "code" in error && error.code === "ENOSPC";
  const reason = isFull ? "the disk is full (ENOSPC)" : error.message;
  return new StorageError(`cannot write to standard output: ${reason}`, {
    hint: ["free some space there, or redirect the output", outcome]
      .filter((part) => part !== undefined)
      .join("; "),
    cause: error,
  });
}

function leave(error: Error): void {
  process.exit(isClosedPipe(error) ? Status.done : reportError(describeLostOutput(error), []));
}

/** Write to stdout and wait until the text has been accepted (backpressure). */
export function writeOut(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(text, () => resolve());
  });
}

/** Exit statuses. Scripts depend on these numbers. */
export const Status = { done: 0, failed: 1, wrongInput: 2, interrupted: 130 } as const;

/** An error as it is reported. */
export interface Report {
  readonly status: number;
  /** A stable identifier for programs. */
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** @param args of the command line, for the help of its command */
export function describeError(error: unknown, args: readonly string[] = []): Report {
  if (error instanceof UnrolledError) {
    const { code, kind, problem: message, hint = null } = error;
    return { status: kind === "input" ? Status.wrongInput : Status.failed, code, message, hint };
  }
  if (error instanceof CommanderError) return describeUsageError(error.message, args);
  const message = error instanceof Error ? error.message || error.name : String(error);
  return {
    status: Status.failed,
    code: "UNEXPECTED",
    message,
    hint: "this is a bug in unrolled; UNROLLED_DEBUG=1 in the environment shows where it happened",
  };
}

/** Commander says `error: unknown option '--hiden'`, and on a line of its own what it takes to be meant. */
function describeUsageError(text: string, args: readonly string[]): Report {
  const [, what, meant] = /^(?:error: )?(.*?)(?:\n\(Did you mean (.*)\?\))?$/s.exec(text) ?? [];
  const hint =
    meant === undefined
      ? `npx unrolled${nameCommand(args)} --help lists what there is`
      : `did you mean ${meant}?`;
  return { status: Status.wrongInput, code: "USAGE", message: what ?? text, hint };
}

/** ` train classify`: the words of a command line that have a help of their own. */
function nameCommand(args: readonly string[]): string {
  const [command, task] = args;
  if (command === undefined || !IS_WORD.test(command)) return "";
  const isOfTask = ["train", "check", "demo"].includes(command) && task !== undefined && IS_WORD.test(task);
  return ` ${command}${isOfTask ? ` ${task}` : ""}`;
}

const IS_WORD = /^[a-z][a-z-]*$/;

/**
 * Tell an error: one line on stderr, and with --json also an object on stdout, so that a program that reads the
 * events finds the last one there. Returns the exit status.
 */
export function reportError(error: unknown, args: readonly string[]): number {
  const { status, code, message, hint } = describeError(error, args);
  clearStatusLine();
  if (wantsJson(args)) {
    process.stdout.write(`${JSON.stringify({ event: "error", code, message, hint })}\n`);
  }
  const remedy = hint === null ? "" : ` — ${escapeControl(hint)}`;
  process.stderr.write(`${paint("red", "error:")} ${escapeControl(message)}${remedy}\n`);
  if (process.env.UNROLLED_DEBUG === "1" && error instanceof Error) process.stderr.write(`${trace(error)}\n`);
  return status;
}

/** Also when the command line is wrong, so this cannot come from parsing it. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).includes("--json");
}

function trace(error: Error): string {
  const { cause } = error;
  const own = error.stack ?? String(error);
  return cause instanceof Error ? `${own}\ncaused by ${trace(cause)}` : own;
}

/** Handles a stdout that can no longer be written. */
import { StorageError } from "../core/errors.ts";
import { reportError, Status } from "./report.ts";

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
export function outputError(error: Error, outcome?: string): StorageError {
  const isFull = "code" in error && error.code === "ENOSPC";
  const reason = isFull ? "the disk is full (ENOSPC)" : error.message;
  return new StorageError(`cannot write to standard output: ${reason}`, {
    hint: ["make room where it goes, or send it elsewhere", outcome]
      .filter((part) => part !== undefined)
      .join("; "),
    cause: error,
  });
}

function leave(error: Error): void {
  process.exit(isClosedPipe(error) ? Status.done : reportError(outputError(error), []));
}

/** Write to stdout and wait until the text has been accepted (backpressure). */
export function writeOut(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(text, () => resolve());
  });
}

/** What happens when nobody reads any more what the command writes. */
import { StorageError } from "../core/errors.ts";
import { reportError, Status } from "./report.ts";

type LossHandler = (error: Error) => void;

let handler: LossHandler = leave;

/** Without this a closed pipe would end the program with a stack trace. */
export function guardOutput(): void {
  process.stdout.on("error", (error) => handler(error));
  // Nobody can be told; the work itself goes on.
  process.stderr.on("error", () => {});
}

/** For a command that has work to save: called each time that writing to stdout fails. */
export function onOutputLost(instead: LossHandler): void {
  handler = instead;
}

/** The reader has seen enough (`| head -1`), as opposed to a disk that is full. */
export function isClosedPipe(error: Error): boolean {
  const code = "code" in error ? error.code : undefined;
  return code === "EPIPE" || code === "ERR_STREAM_DESTROYED" || code === "EOF";
}

/** @param outcome what has become of the work */
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

/** Write to stdout, and wait until it has taken the text: a slow reader slows the writer. */
export function writeOut(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(text, () => resolve());
  });
}

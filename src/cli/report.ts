import { CommanderError } from "commander";
import { escapeControl, UnrolledError } from "../core/errors.ts";
import { clearLive } from "./live-line.ts";
import { paint } from "./paint.ts";

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

export function reportOf(error: unknown): Report {
  if (error instanceof UnrolledError) {
    const { code, kind, problem: message, hint = null } = error;
    return { status: kind === "input" ? Status.wrongInput : Status.failed, code, message, hint };
  }
  if (error instanceof CommanderError) return usageReport(error.message);
  const message = error instanceof Error ? error.message || error.name : String(error);
  return {
    status: Status.failed,
    code: "UNEXPECTED",
    message,
    hint: "nobody foresaw this; UNROLLED_DEBUG=1 in the environment shows where it happened",
  };
}

/** Commander says `error: unknown option '--hiden'`, and on a line of its own what it takes to be meant. */
function usageReport(text: string): Report {
  const [, what, meant] = /^(?:error: )?(.*?)(?:\n\(Did you mean (.*)\?\))?$/s.exec(text) ?? [];
  const hint = meant === undefined ? "--help shows what there is" : `did you mean ${meant}?`;
  return { status: Status.wrongInput, code: "USAGE", message: what ?? text, hint };
}

/**
 * Tell an error: one line on stderr, and with --json also an object on stdout, so that a program that reads the
 * events finds the last one there. Returns the exit status.
 */
export function reportError(error: unknown, args: readonly string[]): number {
  const { status, code, message, hint } = reportOf(error);
  clearLive();
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

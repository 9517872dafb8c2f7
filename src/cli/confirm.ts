/** A question to the person at the terminal. */
import { createInterface } from "node:readline";

/** Whether there is somebody who can read a question and answer it. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Ask on stderr; only `y` or `yes` is a yes. */
export async function confirm(question: string): Promise<boolean> {
  process.stderr.write(`${question} [y/N] `);
  // The terminal keeps its own line editing, so that Ctrl-C ends the program as everywhere.
  const lines = createInterface({ input: process.stdin, terminal: false });
  try {
    for await (const line of lines) return /^y(es)?$/i.test(line.trim());
    return false;
  } finally {
    lines.close();
  }
}

/** Asks the user a question on the terminal. */
import { createInterface } from "node:readline";

/** Whether the program runs interactively, so that a user can answer a question. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Ask a question on stderr. Only the answers `y` and `yes` count as consent. */
export async function confirm(question: string): Promise<boolean> {
  process.stderr.write(`${question} [y/N] `);
  // The terminal's own line editing is kept, so that Ctrl-C ends the program as usual.
  const lines = createInterface({ input: process.stdin, terminal: false });
  try {
    for await (const line of lines) return /^y(es)?$/i.test(line.trim());
    return false;
  } finally {
    lines.close();
  }
}

import { escapeControl } from "../core/errors.ts";
import { clearLive } from "./live-line.ts";
import { paint } from "./paint.ts";

/** Print a note on stderr, so that it does not mix with the data on stdout. */
export function note(text: string): void {
  clearLive();
  process.stderr.write(`${paint("yellow", "note:")} ${escapeControl(text)}\n`);
}

import { escapeControl } from "../core/errors.ts";
import { clearLive } from "./live-line.ts";
import { paint } from "./paint.ts";

/** Tell something beside the data: a line on stderr. */
export function note(text: string): void {
  clearLive();
  process.stderr.write(`${paint("yellow", "note:")} ${escapeControl(text)}\n`);
}

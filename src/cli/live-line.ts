/** The one line of a terminal that changes: always on stderr, and gone before anything else is printed. */
import { fitTo } from "./format.ts";

/** A text for so many columns. */
type Draw = (columns: number) => string;

/** Frequent enough to look alive, rare enough to cost nothing. */
const INTERVAL = 80;

/** A terminal that does not tell its size. */
const COLUMNS = 80;

const TO_START = "\r";
const ERASE_TO_END = "\x1b[K";

let shown: Draw | undefined;
let drawnAt = Number.NEGATIVE_INFINITY;
let watching = false;

/** Whether there is a terminal on which a line can be drawn over; what is printed goes to the same one. */
export function hasLiveLine(): boolean {
  return process.stderr.isTTY && process.stdout.isTTY && process.env.TERM !== "dumb";
}

/** Show a line, or a newer one instead; calls that come too soon after another only remember it. */
export function showLive(draw: Draw, now = performance.now()): void {
  shown = draw;
  if (now - drawnAt < INTERVAL) return;
  drawnAt = now;
  if (!watching) {
    watching = true;
    process.stderr.on("resize", redraw);
    process.on("exit", clearLive);
  }
  redraw();
}

/** Remove the line. Whoever prints on the terminal calls this first. */
export function clearLive(): void {
  if (shown === undefined) return;
  shown = undefined;
  drawnAt = Number.NEGATIVE_INFINITY;
  process.stderr.write(`${TO_START}${ERASE_TO_END}`);
}

function redraw(): void {
  if (shown === undefined) return;
  // The last column stays free: a terminal may break the line after it.
  const columns = (process.stderr.columns || COLUMNS) - 1;
  process.stderr.write(`${TO_START}${fitTo(shown(columns), columns)}${ERASE_TO_END}`);
}

/** A status line on stderr that is updated in place and removed before anything else is printed. */
import { fitTo } from "./format.ts";

/** Returns a text that fits the given number of columns. */
type Draw = (columns: number) => string;

/** Minimum time between two updates, in milliseconds; updates this rare take no measurable time. */
const INTERVAL = 80;

/** Width in columns of a terminal that does not report its size. */
const COLUMNS = 80;

const TO_START = "\r";
const ERASE_TO_END = "\x1b[K";

let shown: Draw | undefined;
let drawnAt = Number.NEGATIVE_INFINITY;
let watching = false;

/** Whether stderr is a terminal on which a line can be overwritten; printed output goes to the same terminal. */
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

/** Remove the line. Call this before printing anything else on the terminal. */
export function clearLive(): void {
  if (shown === undefined) return;
  shown = undefined;
  drawnAt = Number.NEGATIVE_INFINITY;
  process.stderr.write(`${TO_START}${ERASE_TO_END}`);
}

function redraw(): void {
  if (shown === undefined) return;
  // The last column stays empty, because a terminal may break the line after it.
  const columns = (process.stderr.columns || COLUMNS) - 1;
  process.stderr.write(`${TO_START}${fitTo(shown(columns), columns)}${ERASE_TO_END}`);
}

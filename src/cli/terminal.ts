/** The terminal: colours, a line that is updated in place, notes, progress, questions and Ctrl-C. */

import { styleText } from "node:util";
import { escapeControl, formatBytes } from "../core/errors.ts";
import { fitTo } from "./format.ts";

export type Style = Extract<Parameters<typeof styleText>[0], string>;

/**
 * Text in colour, where the stream shows colours: styleText follows NO_COLOR, FORCE_COLOR and isTTY. One style at a
 * time, since Node 20 paints a list of them whatever the stream is.
 */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stderr): string {
  return text === "" ? "" : styleText(style, text, { stream });
}

/** Returns a text that fits the given number of columns. */
type Draw = (columns: number) => string;

/** Minimum time between two updates, in milliseconds; updates this rare take no measurable time. */
const INTERVAL = 80;

/** Width in columns of a terminal that does not report its size. */
const COLUMNS = 80;

const TO_START = "\r";
const ERASE_TO_END = "\x1b[K";

let drawLine: Draw | undefined;
let drawnAt = Number.NEGATIVE_INFINITY;
let watching = false;

/** Whether stderr is a terminal on which a line can be overwritten; printed output goes to the same terminal. */
export function hasStatusLine(): boolean {
  return process.stderr.isTTY && process.stdout.isTTY && process.env.TERM !== "dumb";
}

/** Show a line, or a newer one instead; calls that come too soon after another only remember it. */
export function showStatusLine(draw: Draw, now = performance.now()): void {
  drawLine = draw;
  if (now - drawnAt < INTERVAL) return;
  drawnAt = now;
  if (!watching) {
    watching = true;
    process.stderr.on("resize", redraw);
    process.on("exit", clearStatusLine);
  }
  redraw();
}

/** Remove the line. Call this before printing anything else on the terminal. */
export function clearStatusLine(): void {
  if (drawLine === undefined) return;
  drawLine = undefined;
  drawnAt = Number.NEGATIVE_INFINITY;
  process.stderr.write(`${TO_START}${ERASE_TO_END}`);
}

function redraw(): void {
  if (drawLine === undefined) return;
  // The last column stays empty, because a terminal may break the line after it.
  const columns = (process.stderr.columns || COLUMNS) - 1;
  process.stderr.write(`${TO_START}${fitTo(drawLine(columns), columns)}${ERASE_TO_END}`);
}

/** Print a note on stderr, so that it does not mix with the data on stdout. */
export function note(text: string): void {
  clearStatusLine();
  process.stderr.write(`${paint("yellow", "note:")} ${escapeControl(text)}\n`);
}

/** Reading fewer bytes than this shows no progress, because it takes too little time. */
const LONG_BYTES = 16 * 2 ** 20;

/** Time between two lines without a terminal, in milliseconds. */
const PATIENCE = 5000;

/** Shows on stderr how far a long piece of work is: the live line of a terminal, else a line now and then. */
export class Progress {
  private readonly live = hasStatusLine();
  private printedAt = performance.now();
  private activity: string | undefined;

  /** @param total null where it is unknown; `done` counts bytes then */
  show(activity: string, done: number, total: number | null): void {
    const amount = total === null ? (done === 0 ? "" : `: ${formatBytes(done)}`) : `: ${share(done, total)}%`;
    const text = `${escapeControl(activity)}${amount}`;
    if (this.live) {
      showStatusLine(() => text);
      return;
    }
    const now = performance.now();
    const isLongOne = this.activity !== activity && total !== null && total >= LONG_BYTES;
    this.activity = activity;
    if (!isLongOne && now - this.printedAt < PATIENCE) return;
    this.printedAt = now;
    process.stderr.write(`${text}\n`);
  }
}

function share(done: number, total: number): number {
  return total === 0 ? 100 : Math.floor((100 * done) / total);
}

/** Whether the program runs interactively, so that a user can answer a question. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Ask a question on stderr. Only the answers `y` and `yes` count as consent. */
export async function askToConfirm(question: string): Promise<boolean> {
  process.stderr.write(`${question} [y/N] `);
  // Loaded only here, so that commands which ask nothing start sooner.
  const { createInterface } = await import("node:readline");
  // The terminal's own line editing is kept, so that Ctrl-C ends the program as usual.
  const lines = createInterface({ input: process.stdin, terminal: false });
  try {
    for await (const line of lines) return /^y(es)?$/i.test(line.trim());
    return false;
  } finally {
    lines.close();
  }
}

/** Signals that a terminal, a scheduler and a closed window send to stop a program. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** npm forwards a Ctrl-C that the program has already received; two signals this close (ms) count as one. */
const ECHO_MS = 250;

/** Calls `stop` with the number of requests to stop so far, from 1 on. Returns a function that removes the handlers. */
export function onInterrupt(stop: (times: number) => void): () => void {
  let times = 0;
  let last = Number.NEGATIVE_INFINITY;
  const listen = () => {
    const now = performance.now();
    if (now - last < ECHO_MS) return;
    last = now;
    stop(++times);
  };
  for (const signal of SIGNALS) process.on(signal, listen);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listen);
  };
}

import { escapeControl, formatBytes } from "../core/errors.ts";
import { hasLiveLine, showLive } from "./live-line.ts";

/** Reading fewer bytes than this shows no progress, because it takes too little time. */
const LONG_BYTES = 16 * 2 ** 20;

/** Time between two lines without a terminal, in milliseconds. */
const PATIENCE = 5000;

/** Shows on stderr how far a long piece of work is: the live line of a terminal, else a line now and then. */
export class Progress {
  private readonly live = hasLiveLine();
  private printedAt = performance.now();
  private activity: string | undefined;

  /** @param total null where it is unknown; `done` counts bytes then */
  show(activity: string, done: number, total: number | null): void {
    const so = total === null ? (done === 0 ? "" : `: ${formatBytes(done)}`) : `: ${share(done, total)}%`;
    const text = `${escapeControl(activity)}${so}`;
    if (this.live) {
      showLive(() => text);
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

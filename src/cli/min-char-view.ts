import { escapeControl } from "../core/errors.ts";
import type { CheckedEntry } from "../demos/min-char-rnn/check.ts";
import type { MinCharEnd, MinCharEvent, MinCharStart, MinCharStep } from "../demos/min-char-rnn/demo.ts";
import { STEPS } from "../demos/min-char-rnn/model.ts";
import { clock, count, linesOf, nats, speed } from "./format.ts";
import { clearLive, showLive } from "./live-line.ts";
import { writeOut } from "./output.ts";
import { paint } from "./paint.ts";

/** Time between two lines of losses without a terminal, in seconds. */
const PLAIN_SECONDS = 5;

/** Decay of the moving average of the displayed speed. */
const SPEED_MEMORY = 0.99;

/** Prints lines on stdout, and a status line below them on a terminal. */
export class MinCharView {
  private readonly live: boolean;
  private start!: MinCharStart;
  private iterationsPerSecond: number | undefined;
  private smoothLoss = Number.NaN;
  private printedAt = 0;

  constructor(live: boolean) {
    this.live = live;
  }

  async event(event: MinCharEvent): Promise<void> {
    if (event.event === "step") await this.step(event);
    else if (event.event === "sample") await this.sample(event);
    else if (event.event === "start") await this.begin(event);
    else await this.end(event);
  }

  private async begin(start: MinCharStart): Promise<void> {
    this.start = start;
    this.smoothLoss = start.smoothLoss;
    const { baselines, characters, vocabulary, parameters, backend, instructions } = start;
    const of25 = (value: number) => (STEPS * value).toFixed(1);
    await this.print([
      label("text", escapeControl(start.text)),
      label("", `${count(characters)} characters, ${count(vocabulary)} different`),
      label("model", `vanilla RNN of 100: ${count(parameters)} parameters, on ${backend} ${instructions}`),
      label("loss", `of 25 characters together; ${start.smoothLoss.toFixed(1)} knows nothing`),
      label("beat", `${of25(baselines.unigram)} letters alone, ${of25(baselines.bigram)} pairs of letters`),
    ]);
  }

  private async step(step: MinCharStep): Promise<void> {
    const now = step.unitsPerSecond / STEPS;
    this.iterationsPerSecond = SPEED_MEMORY * (this.iterationsPerSecond ?? now) + (1 - SPEED_MEMORY) * now;
    this.smoothLoss = step.smoothLoss;
    if (this.live)
      showLive(() => `${this.standing(step.step)}  ${speed(this.iterationsPerSecond!)} iterations/s`);
    else if (step.seconds - this.printedAt >= PLAIN_SECONDS) {
      this.printedAt = step.seconds;
      await this.print([this.standing(step.step)]);
    }
  }

  private async sample({ step, text }: { step: number; text: string }): Promise<void> {
    const margin = "    ";
    const columns = (process.stdout.columns || 80) - margin.length;
    const lines = linesOf(text.replace(/^\n+|\n+$/g, ""), columns);
    await this.print([
      "",
      paint("bold", this.standing(step), process.stdout),
      ...lines.map((line) => paint("dim", line === "" ? "" : `${margin}${line}`, process.stdout)),
    ]);
  }

  private async end({ step, seconds, smoothLoss }: MinCharEnd): Promise<void> {
    const { unigram, bigram } = this.start.baselines;
    const perCharacter = smoothLoss / STEPS;
    const beaten =
      perCharacter < bigram
        ? "pairs of letters are beaten"
        : perCharacter < unigram
          ? "letters alone are beaten"
          : "nothing is beaten yet";
    await this.print([
      "",
      label("done", `${count(step)} iterations in ${clock(seconds)}, smooth loss ${smoothLoss.toFixed(2)}`),
      label("", `${nats(perCharacter)} nats per character: ${beaten}`),
    ]);
  }

  /** A line in the format of the original program: `iter 100, loss: 107.3`. */
  private standing(step: number): string {
    return `iter ${count(step)}  loss ${this.smoothLoss.toFixed(2)}`;
  }

  private async print(lines: readonly string[]): Promise<void> {
    clearLive();
    await writeOut(`${lines.join("\n")}\n`);
  }
}

function label(name: string, text: string): string {
  return `${paint("dim", name.padEnd(6), process.stdout)}${text}`;
}

/** A line of the gradient check, below the titles of the columns where it is the first. */
export function checkLine(entry: CheckedEntry, isFirst: boolean): string {
  const { parameter, passed, analytic, numeric, relativeError } = entry;
  const values = [analytic, numeric].map((value) => value.toExponential(6).padStart(14));
  const result = paint(passed ? "green" : "red", passed ? "ok" : "WRONG", process.stdout);
  const line = `${parameter.padEnd(4)} ${entry.entry.join(",").padEnd(8)}${values.join("")}   ${relativeError.toExponential(1)}  ${result}`;
  return isFirst ? `     entry         analytic       numeric  relative error\n${line}` : line;
}

export function checkSummary(checked: number, failed: number): string {
  const verdict = failed === 0 ? `all ${checked} agree` : `${failed} of ${checked} are WRONG`;
  return `${verdict}; where a gradient is tiny, rounding alone makes the relative error large\n`;
}

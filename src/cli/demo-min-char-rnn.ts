/** `unrolled demo min-char-rnn [FILE]` */
import type { Command } from "commander";
import { escapeControl, InputError } from "../core/errors.ts";
import type { Hooks } from "../core/hooks.ts";
import { type CheckedEntry, checkMinCharRnn } from "../demos/min-char-rnn/check.ts";
import {
  checkMinCharOptions,
  type MinCharEnd,
  type MinCharEvent,
  type MinCharOptions,
  type MinCharStart,
  type MinCharStep,
  minCharDemo,
} from "../demos/min-char-rnn/demo.ts";
import { STEPS } from "../demos/min-char-rnn/model.ts";
import { backendOption, parseNumber } from "./command.ts";
import { clock, count, nats, speed, wrapText } from "./format.ts";
import { Status, writeOut } from "./output.ts";
import {
  clearStatusLine,
  hasStatusLine,
  note,
  onInterrupt,
  Progress,
  paint,
  showStatusLine,
} from "./terminal.ts";

type Flags = MinCharOptions & { json?: boolean; check?: boolean };

/** Iterations between two printed losses, as in the original program; also used with --json. */
const PRINT_EVERY = 100;

const EPILOGUE = `
FILE: UTF-8 text, or - for standard input
      (default: the bundled corpus, this project's code)

Ctrl-C stops it; nothing is saved. The loss is the sum over 25 characters, as in
the original program: the smooth loss starts at 25 ln V and changes slowly.

Examples:
  npx unrolled demo min-char-rnn
  npx unrolled demo min-char-rnn mybook.txt --iterations 20000
  npx unrolled demo min-char-rnn mybook.txt --check`;

export function define(command: Command): () => Promise<number> {
  command
    .usage("[FILE] [options]")
    .description(
      "Karpathy's min-char-rnn.py of 2015, number for number: a recurrent network of 100 hidden units reads a " +
        "text 25 characters at a time, learns by Adagrad, and writes 200 characters now and then.",
    )
    .argument("[FILE]")
    .option("--iterations <N>", "iterations to make (default: until Ctrl-C)", parseNumber("--iterations"))
    .option(
      "--sample-every <N>",
      "iterations between samples (default: at growing intervals)",
      parseNumber("--sample-every"),
    )
    .option("--seed <N>", "seed of all random numbers (default: 1)", parseNumber("--seed"))
    .option("--check", "compare the gradients with numeric ones instead, in float64, as gradCheck does")
    .addOption(backendOption())
    .option("--json", "one JSON object per line on stdout")
    .addHelpText("after", EPILOGUE);

  return async () => {
    const [file] = command.processedArgs as [string | undefined];
    const { json = false, check = false, ...options } = command.opts<Flags>();
    checkMinCharOptions(options);
    if (check) refuseWithCheck(options);
    const stop = new AbortController();
    let started = false;
    const unwatch = onInterrupt((times) => {
      if (!started || times > 1) process.exit(Status.interrupted);
      stop.abort();
    });
    const progress = new Progress();
    const hooks: Hooks = {
      signal: stop.signal,
      onProgress: (activity, done, total) => {
        if (!json) progress.show(activity, done, total);
      },
      onNote: note,
    };
    try {
      if (check) return await showCheck(file, options.seed ?? 1, hooks, json);
      const view = new MinCharView(hasStatusLine());
      for await (const event of minCharDemo(file, options, hooks)) {
        started = true;
        if (!json) await view.event(event);
        else if (event.event !== "step" || event.step % PRINT_EVERY === 0) {
          await writeOut(`${JSON.stringify(event)}\n`);
        }
      }
      return stop.signal.aborted ? Status.interrupted : Status.done;
    } finally {
      clearStatusLine();
      unwatch();
    }
  };
}

/** Options that the gradient check refuses: it makes no iterations, and float32 is not precise enough for it. */
function refuseWithCheck({ iterations, sampleEvery, backend }: MinCharOptions): void {
  const useless = [
    iterations !== undefined && "--iterations",
    sampleEvery !== undefined && "--sample-every",
    backend !== undefined && backend !== "reference" && `--backend ${backend}`,
  ].find((flag) => flag !== false);
  if (useless === undefined) return;
  throw new InputError(`--check does not go together with ${useless}`, {
    hint: "it compares gradients on the reference backend, and trains nothing",
  });
}

async function showCheck(
  file: string | undefined,
  seed: number,
  hooks: Hooks,
  json: boolean,
): Promise<number> {
  let [checked, failed] = [0, 0];
  for await (const entry of checkMinCharRnn(file, seed, hooks)) {
    checked++;
    if (!entry.passed) failed++;
    clearStatusLine();
    await writeOut(
      `${json ? JSON.stringify({ event: "check", ...entry }) : checkLine(entry, checked === 1)}\n`,
    );
  }
  await writeOut(
    json ? `${JSON.stringify({ event: "end", checked, failed })}\n` : checkSummary(checked, failed),
  );
  return failed === 0 ? Status.done : Status.failed;
}

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
      showStatusLine(() => `${this.standing(step.step)}  ${speed(this.iterationsPerSecond!)} iterations/s`);
    else if (step.seconds - this.printedAt >= PLAIN_SECONDS) {
      this.printedAt = step.seconds;
      await this.print([this.standing(step.step)]);
    }
  }

  private async sample({ step, text }: { step: number; text: string }): Promise<void> {
    const margin = "    ";
    const columns = (process.stdout.columns || 80) - margin.length;
    const lines = wrapText(text.replace(/^\n+|\n+$/g, ""), columns);
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
    clearStatusLine();
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

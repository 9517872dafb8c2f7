/** `unrolled demo min-char-rnn [FILE]` */
import type { Command } from "commander";
import { InputError } from "../core/errors.ts";
import type { Hooks } from "../core/hooks.ts";
import { checkMinCharRnn } from "../demos/min-char-rnn/check.ts";
import { checkMinCharOptions, type MinCharOptions, minCharDemo } from "../demos/min-char-rnn/demo.ts";
import { backendOption } from "./common-options.ts";
import { onInterrupt } from "./interrupt.ts";
import { clearLive, hasLiveLine } from "./live-line.ts";
import { checkLine, checkSummary, MinCharView } from "./min-char-view.ts";
import { note } from "./note.ts";
import { writeOut } from "./output.ts";
import { Progress } from "./progress.ts";
import { Status } from "./report.ts";
import { numberOf } from "./values.ts";

type Flags = MinCharOptions & { json?: boolean; check?: boolean };

/** Iterations between two printed losses, as in the original program; also used with --json. */
const PRINT_EVERY = 100;

const EPILOGUE = `
FILE: UTF-8 text, or - for standard input
      (default: the bundled corpus, this project's code)

Ctrl-C ends it; nothing is saved. The loss is that of 25 characters together, as
the program prints it: the smooth one starts at 25 ln V and follows slowly.

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
    .option("--iterations <N>", "iterations to make (default: until Ctrl-C)", numberOf("--iterations"))
    .option(
      "--sample-every <N>",
      "iterations between samples (default: rarer and rarer)",
      numberOf("--sample-every"),
    )
    .option("--seed <N>", "of all random numbers (default: 1)", numberOf("--seed"))
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
      const view = new MinCharView(hasLiveLine());
      for await (const event of minCharDemo(file, options, hooks)) {
        started = true;
        if (!json) await view.event(event);
        else if (event.event !== "step" || event.step % PRINT_EVERY === 0) {
          await writeOut(`${JSON.stringify(event)}\n`);
        }
      }
      return stop.signal.aborted ? Status.interrupted : Status.done;
    } finally {
      clearLive();
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
    clearLive();
    await writeOut(
      `${json ? JSON.stringify({ event: "check", ...entry }) : checkLine(entry, checked === 1)}\n`,
    );
  }
  await writeOut(
    json ? `${JSON.stringify({ event: "end", checked, failed })}\n` : checkSummary(checked, failed),
  );
  return failed === 0 ? Status.done : Status.failed;
}

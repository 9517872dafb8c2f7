/** `npm run bench -- BENCHMARK [options]` */

import { parseArgs } from "node:util";
import { InputError, UnrolledError } from "../src/core/errors.ts";
import { charLm } from "./char-lm.ts";
import { CELLS, layers, MODES } from "./layers.ts";
import { minCharRnn } from "./min-char-rnn.ts";
import { streaming } from "./streaming.ts";
import { wordLm } from "./word-lm.ts";

const USAGE = `npm run bench -- BENCHMARK [options]

  char-lm         the training step of a character LSTM, on this package and on its peers
  layers          one RNN, LSTM or GRU layer, forward and backward, on this package and on its peers
  word-lm         the training step of a word LSTM as for the Penn Treebank, on this package and in PyTorch
  min-char-rnn    an iteration of Karpathy's program, on this package and in numpy
  streaming       one step at batch 1, LSTM and linear layer, on this package and on its peers

  --only NAME,...     measure these contestants only
  --hidden H,...      hidden sizes (default 128,256,512; layers: 128; streaming: 128,512)
  --cell C,...        layers: rnn, lstm, gru (default: all)
  --mode M,...        layers: train (forward and backward) or infer (default: train)
  --batch B,...       layers: rows of the batch (default 1,32)
  --vocab V,...       min-char-rnn: sizes of the vocabulary (default 65,173)
  --rounds N          turns that each contestant takes (default 5)
  --seconds S         measured time of each contestant at each size, about (default 6)
  --python PATH       a python3 that has PyTorch or numpy (default: UNROLLED_PYTHON; without it they are skipped)
  --json FILE         write results and raw timings

The peers of char-lm, layers and streaming are installed with: npm --prefix bench/peers ci`;

const BENCHMARKS = ["char-lm", "layers", "word-lm", "min-char-rnn", "streaming"];

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [benchmark, ...rest] = positionals;
  if (!BENCHMARKS.includes(benchmark) || rest.length > 0) {
    const got = positionals.length === 0 ? "nothing" : `"${positionals.join(" ")}"`;
    throw new InputError(`expected one benchmark, got ${got}`, {
      hint: `there are ${BENCHMARKS.join(", ")}; see --help`,
    });
  }
  const options = {
    only: values.only?.split(","),
    rounds: positive("--rounds", values.rounds, true),
    seconds: positive("--seconds", values.seconds, false),
    json: values.json,
    python: values.python ?? (process.env.UNROLLED_PYTHON || undefined),
  };
  const sizes = (option: string, text: string) => text.split(",").map((size) => positive(option, size, true));
  if (benchmark === "char-lm") {
    if (values.vocab !== undefined) throw new InputError("--vocab is an option of min-char-rnn");
    return charLm({ ...options, hidden: sizes("--hidden", values.hidden ?? "128,256,512") });
  }
  if (benchmark === "layers") {
    return layers({
      ...options,
      cells: choices("--cell", values.cell, CELLS, CELLS),
      modes: choices("--mode", values.mode, MODES, ["train"]),
      hidden: sizes("--hidden", values.hidden ?? "128"),
      batch: sizes("--batch", values.batch ?? "1,32"),
    });
  }
  if (benchmark === "word-lm") return wordLm(options);
  if (benchmark === "streaming") {
    return streaming({ ...options, hidden: sizes("--hidden", values.hidden ?? "128,512") });
  }
  if (values.hidden !== undefined) throw new InputError("--hidden is no option of min-char-rnn");
  return minCharRnn({ ...options, vocab: sizes("--vocab", values.vocab ?? "65,173") });
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        only: { type: "string" },
        hidden: { type: "string" },
        vocab: { type: "string" },
        cell: { type: "string" },
        mode: { type: "string" },
        batch: { type: "string" },
        rounds: { type: "string", default: "5" },
        seconds: { type: "string", default: "6" },
        python: { type: "string" },
        json: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new InputError((error as Error).message, { hint: "see --help", cause: error });
  }
}

function choices<Name extends string>(
  option: string,
  text: string | undefined,
  names: readonly Name[],
  standard: readonly Name[],
): readonly Name[] {
  if (text === undefined) return standard;
  return text.split(",").map((word) => {
    const found = names.find((name) => name === word);
    if (found === undefined) throw new InputError(`${option} must be of ${names.join(", ")}, got "${word}"`);
    return found;
  });
}

function positive(option: string, text: string, integer: boolean): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value > 0 && Number.isFinite(value) && (!integer || Number.isInteger(value))) return value;
  throw new InputError(`${option} must be a positive ${integer ? "integer" : "number"}, got "${text}"`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UnrolledError) || process.env.UNROLLED_DEBUG === "1") throw error;
  process.stderr.write(`bench: ${error.message}${error.hint === undefined ? "" : ` (${error.hint})`}\n`);
  process.exitCode = error.kind === "input" ? 2 : 1;
}

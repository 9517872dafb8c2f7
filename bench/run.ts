/** `npm run bench -- BENCHMARK [options]` */

import { parseArgs } from "node:util";
import { InputError, UnrolledError } from "../src/core/errors.ts";
import { charLm } from "./char-lm.ts";

const USAGE = `npm run bench -- char-lm [options]

  The training step of a character LSTM, on this package and on its peers, in one run.

  --only NAME,...     measure these contestants only
  --hidden H,...      hidden sizes (default 128,256,512)
  --rounds N          turns that each contestant takes (default 5)
  --seconds S         measured time of each contestant at each size, about (default 6)
  --python PATH       a python3 that has PyTorch (default: UNROLLED_PYTHON; without it PyTorch is skipped)
  --json FILE         write results and raw timings

The peers are installed with: npm --prefix bench/peers ci`;

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [benchmark, ...rest] = positionals;
  if (benchmark !== "char-lm" || rest.length > 0) {
    const got = positionals.length === 0 ? "nothing" : `"${positionals.join(" ")}"`;
    throw new InputError(`expected one benchmark, got ${got}`, { hint: "there is char-lm; see --help" });
  }
  return charLm({
    only: values.only?.split(","),
    hidden: values.hidden.split(",").map((size) => positive("--hidden", size, true)),
    rounds: positive("--rounds", values.rounds, true),
    seconds: positive("--seconds", values.seconds, false),
    json: values.json,
    python: values.python ?? (process.env.UNROLLED_PYTHON || undefined),
  });
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        only: { type: "string" },
        hidden: { type: "string", default: "128,256,512" },
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

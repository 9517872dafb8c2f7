/** `npm run bench [-- NAME...] [options]` */

import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { InputError, UnrolledError } from "../src/core/errors.ts";
import { type Benchmark, CELLS, MODES, type Sizes } from "./benchmark.ts";
import { BENCHMARKS } from "./benchmarks.ts";
import { writePerformancePage } from "./page/write.ts";
import { compareResults, lostRows } from "./regressions.ts";
import { showComparison } from "./regressions-report.ts";
import { type Results, readResults, writeResults } from "./results.ts";
import { failuresOf, runSuite, type SuiteOptions, type Task } from "./suite.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const NAMES = BENCHMARKS.map(({ name, what }) => `  ${name.padEnd(15)} ${what}`).join("\n");

const USAGE = `npm run bench [-- NAME...] [options]

Measures this package beside its peers: all benchmarks, or those that are named.

${NAMES}

  --quick             a look: fewer sizes and rounds, a few minutes for everything
  --only NAME,...     measure these contestants only
  --hidden H,...      sizes instead of the benchmark's own, where it takes them; so too
  --batch B,...       rows of the batch
  --time T,...        steps in time
  --vocab V,...       symbols
  --cell C,...        rnn, lstm, gru
  --mode M,...        train (forward and backward), infer
  --rounds N          turns that each contestant takes (default 5; --quick 3)
  --seconds S         measured time of each contestant at each size, about (default 2; --quick 0.6)
  --python PATH       a python3 with PyTorch and numpy (default: UNROLLED_PYTHON, else python3)
  --json FILE         write the results
  --compare FILE      measure what FILE has again and say what has become slower: exit status 1
  --compare OLD NEW   the same for two files
  --report FILE       write docs/performance.md and its plots from results

The JavaScript peers are installed with: npm --prefix bench/peers ci`;

const OPTIONS = {
  quick: { type: "boolean", default: false },
  only: { type: "string" },
  hidden: { type: "string" },
  batch: { type: "string" },
  time: { type: "string" },
  vocab: { type: "string" },
  cell: { type: "string" },
  mode: { type: "string" },
  rounds: { type: "string" },
  seconds: { type: "string" },
  python: { type: "string" },
  json: { type: "string" },
  compare: { type: "string" },
  report: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.report !== undefined) {
    if (positionals.length > 0) throw new InputError("--report takes one file and nothing else");
    for (const path of writePerformancePage(readResults(values.report), relative(ROOT, values.report)))
      console.log(path);
    return 0;
  }
  const options: SuiteOptions = {
    sizes: sizesOf(values),
    quick: values.quick,
    only: values.only?.split(","),
    rounds: positive("--rounds", values.rounds ?? (values.quick ? "3" : "5"), true),
    seconds: positive("--seconds", values.seconds ?? (values.quick ? "0.6" : "2"), false),
    python: values.python,
  };
  const old = values.compare === undefined ? undefined : readResults(values.compare);
  if (old !== undefined && positionals[0]?.endsWith(".json")) {
    return compare(old, readResults(positionals[0]));
  }
  const results = await runSuite(tasksOf(positionals, options, old), options);
  if (values.json !== undefined) writeResults(values.json, results);
  const failures = failuresOf(results, BENCHMARKS);
  for (const failure of failures) process.stderr.write(`${failure}\n`);
  const status = old === undefined ? 0 : compare(old, results);
  return failures.length > 0 ? 1 : status;
}

function tasksOf(names: readonly string[], { sizes, quick }: SuiteOptions, old: Results | undefined): Task[] {
  const chosen = names.length === 0 ? BENCHMARKS : names.map(benchmarkOf);
  for (const size of Object.keys(sizes) as (keyof Sizes)[]) {
    const stranger = chosen.find((benchmark) => !benchmark.sizes.includes(size));
    if (stranger === undefined) continue;
    const takers = BENCHMARKS.filter((benchmark) => benchmark.sizes.includes(size)).map(({ name }) => name);
    throw new InputError(`--${size} is no option of ${stranger.name}`, {
      hint: `it is one of ${takers.join(", ")}`,
    });
  }
  if (old === undefined)
    return chosen.map((benchmark) => ({ benchmark, workloads: benchmark.workloads(sizes, quick) }));
  return chosen.flatMap((benchmark) => {
    const result = old.benchmarks.find((found) => found.benchmark === benchmark.name);
    if (result === undefined) return [];
    const workloads = Object.fromEntries(result.tables.map(({ name, workload }) => [name, workload]));
    const only = result.tables.flatMap(({ rows }) => rows.map(({ contestant }) => contestant));
    return [{ benchmark, workloads, only }];
  });
}

function benchmarkOf(name: string): Benchmark {
  const found = BENCHMARKS.find((benchmark) => benchmark.name === name);
  if (found !== undefined) return found;
  const all = BENCHMARKS.map((benchmark) => benchmark.name).join(", ");
  throw new InputError(`there is no benchmark "${name}"`, { hint: `there are ${all}; see --help` });
}

/** Tells what has changed. @returns 1 when something has become slower or is gone */
function compare(old: Results, now: Results): number {
  const comparisons = compareResults(old, now);
  const lost = lostRows(old, now);
  console.log(showComparison(comparisons, lost, old, now));
  return lost.length > 0 || comparisons.some(({ regressed }) => regressed) ? 1 : 0;
}

function sizesOf(values: ReturnType<typeof parse>["values"]): Sizes {
  const sizes: Sizes = {};
  for (const name of ["hidden", "batch", "time", "vocab"] as const) {
    const text = values[name];
    if (text !== undefined) sizes[name] = text.split(",").map((size) => positive(`--${name}`, size, true));
  }
  if (values.cell !== undefined) sizes.cell = choices("--cell", values.cell, CELLS);
  if (values.mode !== undefined) sizes.mode = choices("--mode", values.mode, MODES);
  return sizes;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: OPTIONS });
  } catch (error) {
    throw new InputError((error as Error).message, { hint: "see --help", cause: error });
  }
}

function choices<Name extends string>(option: string, text: string, names: readonly Name[]): readonly Name[] {
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
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = error.kind === "input" ? 2 : 1;
}

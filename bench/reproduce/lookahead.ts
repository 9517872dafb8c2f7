import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "../../src/core/rng.ts";
import { type NpyValues, writeNpz } from "../../src/io/index.ts";
import { type TagTraining, trainTag } from "./_tag-task.ts";

const SEEDS = [1, 2, 3];

/** One layer of 64 each, and no dropout: the labels follow from the symbols exactly. */
const COMMON = { hidden: 64, dropout: 0, epochs: 40 } as const;

const NETWORKS: readonly (readonly [string, TagTraining])[] = [
  ["RNN, left to right", { cell: "rnn", delay: 0 }],
  ["LSTM, left to right", { cell: "lstm", delay: 0 }],
  ["RNN, delayed by 3", { cell: "rnn", delay: 3 }],
  ["LSTM, delayed by 3", { cell: "lstm", delay: 3 }],
  ["RNN, both directions", { cell: "rnn", bidirectional: true }],
  ["LSTM, both directions", { cell: "lstm", bidirectional: true }],
];

/** Two decimals: one mistake among 2,100 steps is seen. */
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

const SYMBOLS = "abcdefgh";
/** What is read while a delayed output is written. */
const BLANK = "-";
const SEQUENCES = 1000;

/** Sequences of words, with a label or none for each. */
type Sequence = readonly (readonly [word: string, label: string])[];

/** Other kinds of tasks that the lecture draws apart, for the same vanilla RNN. */
const OTHERS: readonly (readonly [string, (symbols: readonly string[]) => Sequence])[] = [
  [
    "many-to-one: at the last of 5 steps, the first symbol",
    (symbols) => symbols.map((symbol, t) => [symbol, t === symbols.length - 1 ? symbols[0] : ""]),
  ],
  [
    "delayed: 5 symbols in, then the same 5 out",
    (symbols) => [
      ...symbols.map((symbol) => [symbol, ""] as const),
      ...symbols.map((symbol) => [BLANK, symbol] as const),
    ],
  ],
];

/**
 * The lecture's "does not look ahead", measured: y_t = x_{t+3} over 8 independent symbols, the last three steps without a
 * label. Three seeds each, on the 100 sequences that are not trained on:
 *
 *     npm run reproduce lookahead
 *
 * Then its other claim, that each kind of task has a network of its own: the same vanilla RNN does many-to-one (only the
 * last step has a label) and an output that begins after the input has ended.
 */
export async function reproduce(): Promise<void> {
  console.log("share of the labelled steps that are right; guessing among 8 symbols has 12.5 %");
  let commonest: number | undefined;
  for (const [name, options] of NETWORKS) {
    const shares: number[] = [];
    for (const seed of SEEDS) {
      // The seed also divides the data, so each has its own test sequences.
      const { metrics, baselines } = await trainTag({ ...COMMON, ...options, set: "lookahead", seed });
      shares.push(metrics.accuracy);
      commonest ??= baselines.at(-1)?.metrics?.accuracy;
    }
    console.log(`${name.padEnd(24)} ${shares.map(percent).join("  ")}`);
  }
  console.log(`${"the commonest label".padEnd(24)} ${percent(commonest ?? Number.NaN)} (seed 1)\n`);
  const folder = mkdtempSync(join(tmpdir(), "unrolled-kinds-"));
  try {
    for (const [name, make] of OTHERS) {
      const path = join(folder, "sequences.npz");
      const shares: number[] = [];
      for (const seed of SEEDS) {
        writeSequences(path, make, seed);
        const training: TagTraining = { ...COMMON, epochs: 60, cell: "rnn", data: [path], seed };
        const { metrics } = await trainTag(training);
        shares.push(metrics.accuracy);
      }
      console.log(`RNN, ${name}: ${shares.map(percent).join("  ")} (guessing: 12.5 %)`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Symbols one-hot, as arrays. */
function writeSequences(path: string, make: (symbols: readonly string[]) => Sequence, seed: number): void {
  const rng = new Rng(seed).fork(1);
  const sequences = Array.from({ length: SEQUENCES }, () =>
    make(Array.from({ length: 5 }, () => SYMBOLS[rng.integer(SYMBOLS.length)])),
  );
  const words = [...SYMBOLS, BLANK];
  const steps = sequences.flat();
  const x = new Float32Array(steps.length * words.length);
  for (const [at, [word]] of steps.entries()) x[at * words.length + words.indexOf(word)] = 1;
  const arrays: [string, { shape: number[]; values: NpyValues }][] = [
    ["x", { shape: [steps.length, words.length], values: x }],
    ["lengths", { shape: [SEQUENCES], values: Int32Array.from(sequences, ({ length }) => length) }],
    ["y", { shape: [steps.length], values: steps.map(([, label]) => label) }],
  ];
  writeFileSync(path, writeNpz(new Map(arrays)));
}

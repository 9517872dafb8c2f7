/** What the native kernels were to reach, and what a run says of it. */

import { type Results, timesAsFast } from "../results.ts";
import { showTimes } from "../stats.ts";

/** Ratios of `own` to its peer at several workloads of one benchmark. */
export interface Goal {
  what: string;
  precision: "highest" | "high";
  benchmark: string;
  tables: readonly string[];
  own: string;
  /** The fastest of them counts. */
  peers: readonly string[];
  /** Times as fast (or as little memory), for each workload. */
  required: readonly number[];
}

const SIZES = [128, 256, 512];
const NATIVE = { precision: "highest", own: "unrolled-native", peers: ["pytorch"] } as const;
const HIGH = { precision: "high", own: "unrolled-high", peers: ["pytorch"] } as const;

function layer(what: string, cell: string, mode: string, highest: number[], high: number[]): Goal[] {
  const tables = SIZES.map((hidden) => `${cell} ${mode} B=32 H=${hidden}`);
  const common = { what: `${what}, T=64 B=32 H=128, 256, 512`, benchmark: "layers", tables };
  return [
    { ...common, ...HIGH, required: high },
    { ...common, ...NATIVE, required: highest },
  ];
}

/** One step at batch 1; onnxruntime in its faster form, PyTorch's nn.LSTM as it is called. */
function streams(hidden: number, peer: string, required: Record<string, number>): Goal[] {
  return Object.entries(required).map(([weights, times]) => ({
    what: `one step, batch 1, H=${hidden} and linear, ${weights}, beside ${peer}`,
    ...{
      precision: "highest",
      benchmark: "streaming",
      tables: [`H=${hidden}`],
      peers: [peer],
      required: [times],
    },
    own: weights === "f32" ? "unrolled-native" : `unrolled-native-${weights}`,
  }));
}

const TABLES = SIZES.map((hidden) => `H=${hidden}`);
const TWO_THREADS = ["pytorch-2", "pytorch-2-passive"];
const CHAR_LM = { benchmark: "char-lm", tables: TABLES };

export const GOALS: readonly Goal[] = [
  ...layer("LSTM, forward and backward", "lstm", "train", [1.05, 1.05, 1], [2, 2.3, 1.8]),
  ...layer("GRU, forward and backward", "gru", "train", [1.8, 1.5, 1.2], [3, 2.5, 2]),
  ...layer("RNN, forward and backward", "rnn", "train", [1.5, 1.3, 1.2], [2.5, 2.5, 2]),
  {
    what: "LSTM, GRU, RNN, forward and backward, T=64 B=1 H=128",
    ...NATIVE,
    benchmark: "layers",
    tables: ["lstm", "gru", "rnn"].map((cell) => `${cell} train B=1 H=128`),
    required: [2, 8, 2],
  },
  ...layer("LSTM, forward alone", "lstm", "infer", [1.1, 1.1, 1.1], [2, 2, 2]),
  { what: "char-LM, 1 thread, H=128, 256, 512", ...HIGH, ...CHAR_LM, required: [2, 2, 2] },
  { what: "char-LM, 1 thread, H=128, 256, 512", ...NATIVE, ...CHAR_LM, required: [1.3, 1.3, 1.3] },
  {
    ...{ what: "char-LM, 2 threads against 2, H=128, 256, 512", precision: "high", ...CHAR_LM },
    ...{ own: "unrolled-high-2", peers: TWO_THREADS, required: [2, 2, 2] },
  },
  {
    ...{ what: "char-LM, 2 threads against 2, H=128, 256, 512", precision: "highest", ...CHAR_LM },
    ...{ own: "unrolled-native-2", peers: TWO_THREADS, required: [1.3, 1.3, 1.3] },
  },
  {
    ...{ what: "two replicas against one, B=32 H=256, 512", precision: "high", benchmark: "char-lm" },
    ...{ tables: TABLES.slice(1), own: "unrolled-high-2", peers: ["unrolled-high"], required: [1.7, 1.5] },
  },
  {
    ...{ what: "two replicas against one, B=32 H=256, 512", precision: "highest", benchmark: "char-lm" },
    ...{
      tables: TABLES.slice(1),
      own: "unrolled-native-2",
      peers: ["unrolled-native"],
      required: [1.7, 1.7],
    },
  },
  {
    ...{ what: "min-char-rnn beside numpy f32, V=65", ...NATIVE, peers: ["numpy-f32"] },
    ...{ benchmark: "min-char-rnn", tables: ["V=65"], required: [5] },
  },
  ...streams(512, "onnxruntime-tuned", { f32: 1, bf16: 2, int8: 3 }),
  ...streams(128, "pytorch", { f32: 10 }),
  {
    ...{ what: "memory of the char-LM training above idle, H=128, 256, 512", ...NATIVE },
    ...{ benchmark: "memory", tables: TABLES, required: [1, 1, 1] },
  },
];

/** A cell for each workload: the ratio, or why there is none. */
export interface Outcome {
  goal: Goal;
  measured: (number | undefined)[];
  /** Why a ratio is missing, the reasons once each. */
  reasons: string[];
}

export function outcomeOf(goal: Goal, { benchmarks }: Results): Outcome {
  const tables = benchmarks.find(({ benchmark }) => benchmark === goal.benchmark)?.tables ?? [];
  const reasons = new Set<string>();
  const measured = goal.tables.map((name) => {
    const table = tables.find((one) => one.name === name);
    const own = table?.rows.find(({ contestant }) => contestant === goal.own);
    const peer = table?.rows
      .filter(({ contestant }) => goal.peers.includes(contestant))
      .toSorted((a, b) => a.summary.median - b.summary.median)[0];
    if (own !== undefined && peer !== undefined) return timesAsFast(own, peer);
    const absent = own === undefined ? goal.own : goal.peers[0];
    const absence = table?.absences.find(({ contestant }) => contestant === absent);
    reasons.add(absence === undefined ? "not in this run" : `${absent}: ${absence.reason}`);
    return undefined;
  });
  return { goal, measured, reasons: [...reasons] };
}

/** `1.31, 1.20, 0.98` */
export function showMeasured({ measured }: Outcome): string {
  return measured.map((ratio) => (ratio === undefined ? "-" : showTimes(ratio))).join(", ");
}

/** Whether every workload reached what it was to; a ratio that is just below and rounds to it does not. */
export function verdictOf({ goal, measured, reasons }: Outcome): string {
  if (measured.every((ratio) => ratio === undefined)) return `skipped: ${reasons.join("; ")}`;
  const words = measured.map((ratio, index) => {
    if (ratio === undefined) return "skipped";
    return ratio >= goal.required[index] ? "yes" : "no";
  });
  return new Set(words).size === 1 ? words[0] : words.join(", ");
}

/** How a training runs: its limits, folder and machine. What it computes are the settings of training-options.ts. */
import { PRECISIONS, type Precision } from "../backend/native/native.ts";
import { ABOVE_0, type Range, SIZE } from "../core/options.ts";
import type { BackendChoice } from "./engine.ts";
import type { OptionSchema } from "./option-schema.ts";
import type { TrainingWords } from "./training-options.ts";

/** What a person may say of a training besides its settings; `undefined` is "not said". */
export interface RunOptions {
  /** Data to validate on, instead of a part of the data: a path, or several. */
  readonly val?: string | readonly string[];
  /** The run's folder. */
  readonly out?: string;
  /** A run or checkpoint whose weights a new run starts from. */
  readonly from?: string;
  readonly resume?: boolean;
  /** Limits: passes over the data, updates, seconds of this sitting, evaluations without a better one. */
  readonly epochs?: number;
  readonly steps?: number;
  readonly maxSeconds?: number;
  readonly patience?: number;
  readonly backend?: BackendChoice;
  readonly precision?: Precision;
  /** Replicas of the model that share a batch. */
  readonly threads?: number;
  /** Parts of a batch, which fix the result; a multiple of the threads. */
  readonly shards?: number;
  /** Steps between two evaluations, and between two further saves. */
  readonly evalEvery?: number;
  readonly saveEvery?: number;
  readonly profile?: boolean;
}

const ABOVE_ZERO: Range = { ...ABOVE_0, text: "a number above 0" };
const THREADS: Range = {
  text: "an integer from 1 to 256",
  fits: (value) => SIZE.fits(value) && (value as number) <= 256,
};

const SHARDS: Range = {
  text: "an integer from 1 to 4096",
  fits: (value) => SIZE.fits(value) && (value as number) <= 4096,
};

/** Without any limit a run makes so many passes. */
export const DEFAULT_EPOCHS = 20;

/** The options of {@link RunOptions}. */
export function runOptions(task: string, words: TrainingWords): OptionSchema<RunOptions> {
  return {
    ...limitOptions(words),
    val: {
      kind: "text",
      names: "file",
      repeats: true,
      value: "DATA",
      group: "Training",
      role: "run",
      text: `${words.data} to validate on, instead of a part`,
    },
    ...folderOptions(task),
    ...machineOptions(),
    profile: {
      kind: "flag",
      group: "Output",
      role: "run",
      text: "at the end, where the time of a step went",
    },
  };
}

type Part<Name extends keyof RunOptions> = OptionSchema<Pick<RunOptions, Name>>;

function limitOptions(words: TrainingWords): Part<"epochs" | "steps" | "maxSeconds" | "patience"> {
  const length = { group: "How long", role: "run", kind: "number" } as const;
  return {
    epochs: {
      ...length,
      value: "N",
      range: ABOVE_ZERO,
      text: `passes over the ${words.data}`,
      shownDefault: `${DEFAULT_EPOCHS} if no limit is given`,
    },
    steps: { ...length, value: "N", range: SIZE, text: "updates" },
    maxSeconds: { ...length, value: "S", range: ABOVE_ZERO, text: "seconds in this sitting" },
    patience: {
      ...length,
      value: "N",
      range: SIZE,
      text: "evaluations that are not better than the best",
      shownDefault: "no limit",
    },
  };
}

function folderOptions(task: string): Part<"out" | "resume" | "from" | "evalEvery" | "saveEvery"> {
  const run = { group: "Run", role: "run" } as const;
  return {
    out: {
      ...run,
      kind: "text",
      names: "folder",
      value: "DIR",
      text: "folder of the run",
      shownDefault: `runs/${task}-DATE`,
    },
    resume: { ...run, kind: "flag", text: "continue the run in --out, or the newest one" },
    from: {
      ...run,
      kind: "text",
      names: "folder",
      value: "RUN",
      text: "start a new run from another one's weights",
    },
    evalEvery: {
      ...run,
      kind: "number",
      value: "N",
      range: SIZE,
      text: "steps between validations",
      shownDefault: "12 in all or less",
    },
    saveEvery: {
      ...run,
      kind: "number",
      value: "N",
      range: SIZE,
      text: "steps between further saves",
      shownDefault: "each half minute",
    },
  };
}

function machineOptions(): Part<"backend" | "threads" | "shards" | "precision"> {
  const machine = { group: "Machine", role: "run" } as const;
  return {
    backend: {
      ...machine,
      kind: "choice",
      choices: ["auto", "native", "wasm", "reference"],
      text: "auto, native, wasm or reference",
      shownDefault: "auto",
    },
    threads: {
      ...machine,
      kind: "number",
      value: "N",
      range: THREADS,
      text: "replicas that share a batch",
      shownDefault: "cores, at most 4",
    },
    shards: {
      ...machine,
      kind: "number",
      value: "N",
      range: SHARDS,
      text: "parts of a batch, which fix the result",
      shownDefault: "--threads",
    },
    precision: {
      ...machine,
      kind: "choice",
      choices: PRECISIONS,
      text: "highest: f32; high: faster with AMX",
      shownDefault: "highest",
    },
  };
}

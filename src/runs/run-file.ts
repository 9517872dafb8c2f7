/** `run.json`: what a run is, checked field by field, since a run may come from anywhere. */
import { z } from "zod";
import { PRECISIONS, type Precision } from "../backend/native/native.ts";
import { FormatError, InputError, UnrolledError } from "../core/errors.ts";
import { isCellFile } from "../run/cell-file.ts";
import { type CodeFile, parseCodeFile } from "../run/checkpoint-metadata.ts";
import { checkOptions, type OptionSchema, parseSettings } from "../tasks/option-schema.ts";
import { runOptions } from "../tasks/run-options.ts";
import type { Baseline, Task } from "../tasks/task.ts";
import type { TrainingSettings } from "../tasks/training-options.ts";

/** Data of its own that a run validates on. */
export interface ValidationData {
  readonly path: string;
  /** Paths that were named besides, such as the file with the targets. */
  readonly others?: readonly string[];
  readonly fingerprint: string;
}

/** All paths of data to validate on, as they were named. */
export const validationPaths = ({ path, others = [] }: ValidationData): readonly string[] => [path, ...others];

/** `run.json` of a run. */
export interface TaskRun<Settings extends TrainingSettings = TrainingSettings> {
  readonly task: string;
  /** Only of a task of the user's own. */
  readonly taskFile?: CodeFile;
  readonly version: string;
  /** ISO 8601. */
  readonly created: string;
  readonly model: unknown;
  /** Only with a cell of the user's own. */
  readonly cellFile?: CodeFile;
  readonly settings: Settings;
  readonly limits: {
    readonly steps?: number;
    readonly epochs?: number;
    readonly maxSeconds?: number;
    readonly patience?: number;
  };
  /** As `--eval-every`: with `limits.patience` the end depends on it. */
  readonly evalEvery?: number;
  readonly backend: string;
  readonly instructions: string;
  readonly threads: number;
  /** Parts of a batch, which fix the result. Absent in runs of version 0.1.0: as many as threads. */
  readonly shards?: number;
  readonly precision: Precision;
  /** The data: paths as they were given (empty for the built-in data), sizes, and what the model needs of it. */
  readonly data: {
    readonly paths: readonly string[];
    /** SHA-256 of the data. */
    readonly fingerprint: string;
    /** Data of its own to validate on; `others` are the paths that were named besides the first. */
    readonly validation?: ValidationData;
    readonly [name: string]: unknown;
  };
  readonly baselines: readonly Baseline[];
}

const numbers = z.record(z.string(), z.number());
const limit = z.number().optional();
const codeFile = z.object({ path: z.string(), sha256: z.string() });
const baseline = z.object({
  name: z.string(),
  loss: z.number().nullable(),
  metrics: numbers.optional(),
});

const RUN = z.looseObject({
  task: z.string(),
  taskFile: codeFile.optional(),
  version: z.string(),
  created: z.string(),
  model: z.unknown(),
  cellFile: z.unknown().optional(),
  settings: z.record(z.string(), z.unknown()),
  limits: z.object({ steps: limit, epochs: limit, maxSeconds: limit, patience: limit }),
  evalEvery: z.number().optional(),
  backend: z.string(),
  instructions: z.string(),
  threads: z.number(),
  shards: z.number().optional(),
  precision: z.enum(PRECISIONS),
  data: z.looseObject({
    paths: z.array(z.string()),
    fingerprint: z.string(),
    validation: z
      .object({ path: z.string(), others: z.array(z.string()).optional(), fingerprint: z.string() })
      .optional(),
  }),
  // Version 0.1.0 had one.
  baseline: baseline.optional(),
  baselines: z.array(baseline).optional(),
});

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws FormatError naming the field of a run.json that is not as this program writes it */
export function parseTaskRun(task: Task, value: Record<string, unknown>, where: string): TaskRun {
  if (value.task !== task.name) {
    throw new InputError(`${where}: is a run of the task ${quoted(value.task)}, expected "${task.name}"`);
  }
  const read = RUN.safeParse(value);
  if (!read.success) throw new FormatError(where, problemOf(read.error));
  const { baseline: only, baselines = only === undefined ? [] : [only], ...run } = read.data;
  const settings = inFile(where, "settings: ", () =>
    parseSettings(task.options as OptionSchema<TrainingSettings>, completeOld(task, run.settings)),
  );
  const { threads, shards, evalEvery, limits } = run;
  const schema = runOptions(task.name, task.words);
  inFile(where, "", () => checkOptions(schema, { threads, shards, evalEvery }));
  inFile(where, "limits: ", () => checkOptions(schema, limits));
  const { config, facts } = task.parse((name) => (name === "model" ? run.model : run.data[name]), where);
  const described = inFile(where, "settings: ", () => task.configure(settings, facts));
  if (!isSame(described, config)) {
    throw new FormatError(where, "settings describe another model than model does");
  }
  const { cell } = settings as TrainingSettings & { readonly cell?: string };
  const hasCell = cell !== undefined && isCellFile(cell);
  const cellFile = hasCell ? parseCodeFile(run.cellFile, "cellFile", where) : undefined;
  return { ...run, settings, model: config, cellFile, baselines };
}

/** Version 0.1.0 knew no weight decay: its runs have what the optimizer had by itself. */
function completeOld(task: Task, settings: Record<string, unknown>): Record<string, unknown> {
  if (settings.weightDecay !== undefined || typeof settings.optimizer !== "string") return settings;
  const { optimizer } = settings as unknown as TrainingSettings;
  const isKnown = optimizerIsKnown(task, optimizer);
  return isKnown ? { ...settings, weightDecay: task.complete({ optimizer }).weightDecay } : settings;
}

function optimizerIsKnown(task: Task, optimizer: string): boolean {
  const option = (task.options as OptionSchema<TrainingSettings>).optimizer;
  return option.kind === "choice" && option.choices.includes(optimizer);
}

/** The first field that is wrong, and what it must be. */
function problemOf({ issues: [issue] }: z.ZodError): string {
  const field = issue.path.map(String).join(".");
  return `${field === "" ? "the object" : field}: ${issue.message}`;
}

/** @throws FormatError for what nobody could have said on the command line */
function inFile<Result>(where: string, part: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UnrolledError)) throw error;
    throw new FormatError(where, `${part}${error.problem}`, { cause: error });
  }
}

/** Whether two descriptions of a model are the same. */
export function isSame(one: unknown, other: unknown): boolean {
  if (!isObject(one) || !isObject(other)) return JSON.stringify(one) === JSON.stringify(other);
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => isSame(one[name], other[name]));
}

/** A value from outside as it may stand in a message. */
const quoted = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : value === null ? "null" : typeof value;

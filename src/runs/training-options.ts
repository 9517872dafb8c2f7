/** What a person asks of a training, and what becomes of it on this machine. */
import { availableParallelism } from "node:os";
import { precisionOf } from "../backend/native/native.ts";
import { formatBytes, InputError } from "../core/errors.ts";
import type { Hooks } from "../core/hooks.ts";
import { type BackendChoice, chooseEngine, type Engine } from "../tasks/engine.ts";
import { checkOptions, type OptionSchema, parseSettings, pickOptions } from "../tasks/option-schema.ts";
import { DEFAULT_EPOCHS, type RunOptions, runOptions } from "../tasks/run-options.ts";
import type { Task } from "../tasks/task.ts";
import type { TrainingSettings } from "../tasks/training-options.ts";
import type { TaskRun } from "./run-file.ts";

/** Options of a training under their names in code; what is undefined was not said. */
export type TrainOptions<Settings = object> = RunOptions &
  Partial<Settings> & {
    /** Files, folders, or "-" for standard input; empty: the task's built-in data. */
    readonly data: readonly string[];
  };

/** The settings of the task among the options. */
export function pickSettings(task: Task, options: TrainOptions): Partial<TrainingSettings> {
  return pickOptions(task.options as OptionSchema<TrainingSettings>, options as never);
}

/**
 * Refuse what cannot work before anything is read or allocated.
 * @throws InputError naming the option, what it must be and what it was
 */
export function checkTrainOptions(task: Task, options: TrainOptions): void {
  const { data: _, ...others } = options;
  checkOptions({ ...task.options, ...runOptions(task.name, task.words) }, others);
  const given = pickSettings(task, options);
  const settings = task.complete(given);
  checkCompleted(task, settings);
  checkCombinations(given, options, task);
  task.check?.({ ...options }, settings);
  // With the real data it is checked again.
  const least = task.leastConfig?.(settings);
  if (least !== undefined) checkMemory(task, least, settings, "at least ");
  // A resumed run may bring more rows than are said here.
  if (options.resume) return;
  if (options.threads !== undefined) checkThreads(options.threads, settings.batchSize);
  if (options.shards !== undefined) checkShards(options.shards, settings.batchSize);
}

/** @throws InputError for a task whose settings are not those that it declares: its runs could not be read */
function checkCompleted(task: Task, settings: TrainingSettings): void {
  const where = `the task ${task.name}: complete`;
  try {
    const known = parseSettings(task.options as OptionSchema<TrainingSettings>, { ...settings });
    const unknown = Object.keys(settings).find((name) => !Object.hasOwn(known, name));
    if (unknown !== undefined) throw new InputError(`${unknown} is not among the options`);
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${where}: ${error.problem}`) : error;
  }
}

function checkCombinations(
  { initUniform, lrDecay, lrDecayAfter, valSplit }: Partial<TrainingSettings>,
  { val, from, resume, threads, shards }: RunOptions,
  { words }: Task,
): void {
  if (val !== undefined && valSplit !== undefined) {
    throw new InputError("--val and --val-split exclude each other", {
      hint: `--val names a file to validate on, --val-split keeps a part of the ${words.data} for it`,
    });
  }
  if (from !== undefined && initUniform !== undefined) {
    throw new InputError("--from and --init-uniform exclude each other", {
      hint: "--from brings the values to start from",
    });
  }
  if (lrDecayAfter !== undefined && lrDecay === undefined && !resume) {
    throw new InputError(`--lr-decay-after ${lrDecayAfter} needs --lr-decay`, {
      hint: "say what the learning rate is multiplied by after each pass",
    });
  }
  if (shards !== undefined && threads !== undefined && shards % threads !== 0) {
    throw new InputError(`--shards ${shards} must be a multiple of --threads ${threads}`, {
      hint: "each thread takes the same number of shards",
    });
  }
}

/** What 32-bit addresses reach. */
const HEAP_BYTES = 4 * 2 ** 30;

/** @throws InputError with the memory that the model would need, when that is more than a heap can have */
export function checkMemory(task: Task, config: unknown, settings: TrainingSettings, bound = ""): void {
  const bytes = task.trainingBytes?.(config, settings) ?? 0;
  if (bytes <= HEAP_BYTES) return;
  const { hidden, layers, seqLength } = settings as TrainingSettings & Record<string, unknown>;
  const sizes = [
    hidden === undefined ? "the model" : `--hidden ${hidden}`,
    ...(layers === undefined ? [] : [`--layers ${layers}`]),
    `--batch-size ${settings.batchSize}`,
    ...(seqLength === undefined ? [] : [`--seq-length ${seqLength}`]),
  ];
  const last = sizes.pop();
  const [first, ...middle] = sizes;
  const others = [...middle, ""].length > 1 ? `${middle.join(", ")} and ${last}` : last;
  throw new InputError(
    `${first} with ${others} needs ${bound}${formatBytes(bytes)} of memory, ` +
      `more than the ${formatBytes(HEAP_BYTES)} of the heap`,
    { hint: "make the model, the batch or the sequences smaller" },
  );
}

/** More replicas than this gain little at these batch sizes: the sum of the gradients grows with each. */
const MAXIMUM_DEFAULT_THREADS = 4;

function chooseThreads(batchSize: number, shards: number | undefined): number {
  const most = Math.min(availableParallelism(), MAXIMUM_DEFAULT_THREADS, batchSize);
  if (shards === undefined) return most;
  let threads = Math.min(most, shards);
  while (shards % threads !== 0) threads--;
  return threads;
}

/** @throws InputError when a shard would never have a row */
function checkShards(shards: number, batchSize: number): void {
  if (shards <= batchSize) return;
  throw new InputError(`--shards ${shards} is more than the ${batchSize} rows of a batch`, {
    hint: `use --shards ${batchSize} or less, or a larger --batch-size`,
  });
}

/** @throws InputError when a replica would never have a row */
export function checkThreads(threads: number, batchSize: number): void {
  if (threads <= batchSize) return;
  throw new InputError(`--threads ${threads} is more than the ${batchSize} rows of a batch`, {
    hint: `use --threads ${batchSize} or less, or a larger --batch-size`,
  });
}

/** What computes a training. */
export type Machine = Engine & Pick<TaskRun, "threads" | "precision"> & { readonly shards: number };

/** What computes: as it is said now, else as in the run that goes on, else what is best here. */
export function chooseMachine(
  options: RunOptions,
  before: TaskRun | undefined,
  batchSize: number,
  { onNote }: Hooks,
): Machine {
  const precision = options.precision ?? before?.precision;
  const { backend, instructions } = chooseEngine(options.backend ?? chooseBackend(before), onNote, precision);
  const asked = options.shards ?? (before === undefined ? undefined : (before.shards ?? before.threads));
  const threads = options.threads ?? before?.threads ?? chooseThreads(batchSize, asked);
  checkThreads(threads, batchSize);
  // A run that is resumed on other threads goes on with its shards where these can be divided among them.
  const shards = asked !== undefined && asked % threads === 0 ? asked : threads;
  checkShards(shards, batchSize);
  return { backend, instructions, threads, shards, precision: precision ?? precisionOf(instructions) };
}

/** A resumed run stays on its backend, whose bits are its own; where native kernels are missing it goes on all the same. */
function chooseBackend(run: TaskRun | undefined): BackendChoice | undefined {
  if (run?.backend === "wasm" || run?.backend === "reference") return run.backend;
  return undefined;
}

/** What is given counts; a resumed run keeps its horizon, and nothing at all means a number of passes. */
export function chooseLimits(options: RunOptions, run: TaskRun | undefined): TaskRun["limits"] {
  const { steps, epochs, maxSeconds, patience = run?.limits.patience } = options;
  if (steps === undefined && epochs === undefined && maxSeconds === undefined) {
    return { ...(run?.limits ?? { epochs: DEFAULT_EPOCHS }), patience };
  }
  // A run that followed its passes goes on doing so: a new --steps or --max-seconds then only stops it.
  return { steps, epochs: epochs ?? run?.limits.epochs, maxSeconds, patience };
}

/** A trained model on disk: a run, or a checkpoint file by itself. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Backend } from "../backend/backend.ts";
import { FormatError, InputError, UnrolledError } from "../core/errors.ts";
import { Rng } from "../core/rng.ts";
import { shellWord } from "../core/shell-word.ts";
import { isParameterName } from "../io/checkpoint-names.ts";
import type { SafetensorsFile } from "../io/safetensors.ts";
import {
  type CodeFile,
  checkStoredSize,
  metadataReader,
  parseCodeFile,
  parsePosition,
} from "../run/checkpoint-metadata.ts";
import { loadWeights } from "../run/load-weights.ts";
import type { BuildContext, Task, TrainedModel } from "../tasks/task.ts";
import { type LoadTaskOptions, loadTask, taskOf } from "./load-task.ts";
import type { OwnCell } from "./own-cell.ts";
import type { TaskRun } from "./run-file.ts";
import { RunStore, readCheckpointFile } from "./run-store.ts";

/** A checkpoint that has been read and checked, with the task that it is of. */
export interface OpenedCheckpoint {
  readonly task: Task;
  readonly config: unknown;
  readonly facts: object;
  readonly cellFile: CodeFile | undefined;
  readonly file: SafetensorsFile;
  /** The checkpoint that was read. */
  readonly path: string;
  /** The run that it was named by; undefined for a checkpoint file. */
  readonly store: RunStore | undefined;
  readonly step: number;
  readonly seconds: number;
}

export interface OpenOptions extends LoadTaskOptions {
  /** A task that has been loaded: of a checkpoint with its name it is taken. */
  readonly known?: Task;
}

/**
 * The best checkpoint of a run (the latest when none has been evaluated, or the best is damaged or gone, which is told),
 * or the checkpoint file that was named.
 * @throws InputError when there is none; FormatError when none is whole
 */
export async function openCheckpoint(path: string, options: OpenOptions): Promise<OpenedCheckpoint> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isFile) return readCheckpoint(await readCheckpointFile(path), { path, store: undefined }, options);
  const store = await RunStore.open(path);
  const checkpoint = await store.bestOrLatestCheckpoint();
  if (checkpoint === undefined) {
    const { name: task, file } = taskOf(await store.readRunJson(), join(path, "run.json"));
    const name = file?.path ?? task;
    throw new InputError(`${path} has no checkpoint yet`, {
      hint: `train it: npx unrolled train ${shellWord(name)} --resume --out ${shellWord(path)}`,
    });
  }
  for (const warning of checkpoint.warnings) options.onNote(`${warning}; taking ${checkpoint.path} instead`);
  return readCheckpoint(checkpoint, { path: checkpoint.path, store }, options);
}

/** @throws FormatError naming what is missing or wrong */
export async function readCheckpoint(
  file: SafetensorsFile,
  { path, store }: Pick<OpenedCheckpoint, "path" | "store">,
  options: OpenOptions,
): Promise<OpenedCheckpoint> {
  const read = metadataReader(file, path);
  const taskFile =
    file.metadata.taskFile === undefined ? undefined : parseCodeFile(read("taskFile"), "taskFile", path);
  const name = file.metadata.task ?? "";
  const { known } = options;
  const task = known?.name === name ? known : await loadTask({ name, file: taskFile }, path, options);
  const position = parsePosition(file, path);
  const { config, facts } = task.parse(read, path);
  const least = task.leastParameters?.(config);
  if (least !== undefined) checkStoredSize(least, file.tensors, path);
  const cellFile =
    file.metadata.cellFile === undefined ? undefined : parseCodeFile(read("cellFile"), "cellFile", path);
  return { task, config, facts, cellFile, file, path, store, ...position };
}

/** The run of a checkpoint. @throws FormatError for a run.json that is not as this program writes it */
export async function runOf({ store, task }: OpenedCheckpoint): Promise<TaskRun | undefined> {
  if (store === undefined) return undefined;
  // Only where it is needed: sampling has to begin at once.
  const { parseTaskRun } = await import("./run-file.ts");
  return parseTaskRun(task, await store.readRunJson(), join(store.folder, "run.json"));
}

/**
 * The cell of a model, where it is one of the user's own.
 * @param named what `--cell` says; without it the cell must have been named before
 * @throws InputError for a cell that nobody has named, that is gone or has changed, and for one where there is none
 */
export async function loadCellOf(
  { cellFile, path }: Pick<OpenedCheckpoint, "cellFile" | "path">,
  named: string | undefined,
  onNote: (text: string) => void,
): Promise<OwnCell | undefined> {
  if (cellFile !== undefined) {
    const { loadNamedCell, loadRecordedCell } = await import("./code-choice.ts");
    return named === undefined ? loadRecordedCell(cellFile, path) : loadNamedCell(named, cellFile, onNote);
  }
  if (named === undefined) return undefined;
  throw new InputError(`--cell ${named}: the model has no cell of your own`, { hint: "leave it out" });
}

/** Initial values that are overwritten at once: drawing a million of them takes longer than all the rest. */
class NoRng extends Rng {
  constructor() {
    super(0);
  }

  override uniform(): number {
    return 0;
  }
}

export function buildContextOf(backend: Backend, cell: OwnCell | undefined): BuildContext {
  return { rng: new NoRng(), backend, createCell: cell?.create, cellName: cell?.name };
}

/**
 * The model with its trained weights, for inference.
 * @param cell from {@link loadCellOf}
 * @throws FormatError naming the tensors that do not fit
 */
export async function buildTrained(
  opened: OpenedCheckpoint,
  backend: Backend,
  cell: OwnCell | undefined,
): Promise<TrainedModel<never, unknown, object, object>> {
  const { task, config, facts, file, path } = opened;
  const model = inFile(path, () => task.build(config, buildContextOf(backend, cell)));
  const weights = new Map([...file.tensors].filter(([name]) => isParameterName(name)));
  loadWeights(model, { metadata: {}, tensors: weights }, { where: path });
  return { model, config, facts, backend, settings: undefined };
}

function inFile<Result>(where: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof UnrolledError) || cause instanceof InputError) throw cause;
    throw new FormatError(where, cause.problem, { cause });
  }
}

import { InputError } from "../core/errors.ts";
import type { LoadHooks } from "../core/hooks.ts";
import { shellWord } from "../core/shell-word.ts";
import type { DataFile } from "../data/data-source.ts";
import { sourceOf } from "../sources/paths.ts";
import { type BackendChoice, chooseEngine, openBackend } from "../tasks/engine.ts";
import { pickSearch, type SearchOptions } from "../tasks/search-options.ts";
import type { Prediction, PredictionInput, Task, TrainedModel } from "../tasks/task.ts";
import type { TrainingSettings } from "../tasks/training-options.ts";
import { buildTrained, loadCellOf, openCheckpoint } from "./open-trained.ts";

export interface PredictOptions extends SearchOptions {
  /** One input, as it stands here. */
  readonly text?: string;
  readonly backend?: BackendChoice;
  /** The file of the run's own task; default: where it was, if it was named there before. */
  readonly task?: string;
  /** The file of the run's own cell; default: where it was, if it was named there before. */
  readonly cell?: string;
}

export interface Predictions {
  readonly predictions: AsyncIterable<Prediction>;
  /** SVG of some of them; undefined for a task without such a picture. */
  readonly draw: ((predictions: readonly Prediction[]) => string) | undefined;
}

/**
 * What a trained model says of each line of some files, or of one text.
 * @param path a run folder or a checkpoint file
 * @param inputs files, folders, or "-" for standard input; empty with `options.text`
 * @throws InputError for a task that predicts nothing, and for inputs that are missing or given twice
 */
export async function predictRun(
  path: string,
  inputs: readonly string[],
  options: PredictOptions,
  hooks: LoadHooks,
): Promise<Predictions> {
  const { text } = options;
  if (text !== undefined && inputs.length > 0) {
    throw new InputError("INPUT and --text exclude each other", {
      hint: "--text is one input, INPUT names files with one on each line",
    });
  }
  if (text === undefined && inputs.length === 0) {
    throw new InputError("predict needs an input", {
      hint: 'name a file, - for stdin, or give --text "..."',
    });
  }
  const opened = await openCheckpoint(path, { task: options.task, onNote: hooks.onNote });
  const { task } = opened;
  if (task.predict === undefined && task.predictFile === undefined) {
    throw new InputError(`a model of the task ${task.name} predicts nothing`, {
      hint: task.language === undefined ? undefined : `this model writes text: npx unrolled sample ${path}`,
    });
  }
  if (task.predict === undefined && text !== undefined) {
    throw new InputError(`a model of the task ${task.name} reads files, and no --text`, {
      hint: `name a file: npx unrolled predict ${shellWord(path)} FILE`,
    });
  }
  const search = pickSearch(task, options);
  const cell = await loadCellOf(opened, options.cell, hooks.onNote);
  const backend = openBackend(chooseEngine(options.backend, hooks.onNote));
  const trained = { ...(await buildTrained(opened, backend, cell)), search };
  const { predictionPicture } = task;
  return {
    predictions:
      text === undefined
        ? predictFiles(task, trained as never, await sourceOf(inputs).listFiles(hooks), hooks)
        : task.predict!(trained as never, single(text)),
    draw: predictionPicture && ((predictions) => predictionPicture(predictions).svg),
  };
}

async function* single(text: string): AsyncGenerator<PredictionInput> {
  yield { name: "--text", text };
}

/** What a model says of files, one after another: of each as a whole, or of its lines. */
export async function* predictFiles(
  task: Task,
  trained: TrainedModel<TrainingSettings, unknown, object, object>,
  files: readonly DataFile[],
  hooks: LoadHooks,
): AsyncGenerator<Prediction> {
  for (const file of files) {
    const isWhole = task.readsWholeFile?.(trained.facts, file.name) ?? task.predict === undefined;
    if (isWhole && task.predictFile !== undefined) yield* task.predictFile(trained, file, hooks);
    else if (task.predict !== undefined) yield* task.predict(trained, linesOf(file));
    else throw new InputError(`a model of the task ${task.name} predicts nothing`);
  }
}

/** The lines of a file that are not empty. */
async function* linesOf(file: DataFile): AsyncGenerator<PredictionInput> {
  const bytes = await file.read();
  let content: string;
  try {
    content = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new InputError(`${file.name} is not UTF-8`, { hint: "convert it to UTF-8 first", cause });
  }
  for (const [index, text] of content.split(/\r?\n/).entries()) {
    if (text.trim() !== "") yield { name: `${file.name}:${index + 1}`, text };
  }
}

import { InputError } from "../core/errors.ts";
import type { LoadHooks } from "../core/hooks.ts";
import { sourceOf } from "../sources/paths.ts";
import { type BackendChoice, chooseEngine, openBackend } from "../tasks/engine.ts";
import type { Prediction, PredictionInput } from "../tasks/task.ts";
import { buildTrained, loadCellOf, openCheckpoint } from "./open-trained.ts";

export interface PredictOptions {
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
  if (task.predict === undefined) {
    throw new InputError(`a model of the task ${task.name} predicts nothing`, {
      hint: task.language === undefined ? undefined : `let it write: unrolled sample ${path}`,
    });
  }
  const cell = await loadCellOf(opened, options.cell, hooks.onNote);
  const backend = openBackend(chooseEngine(options.backend, hooks.onNote));
  const trained = await buildTrained(opened, backend, cell);
  const lines = text === undefined ? linesOf(inputs, hooks) : single(text);
  const { predictionPicture } = task;
  return {
    predictions: task.predict(trained as never, lines),
    draw: predictionPicture && ((predictions) => predictionPicture(predictions).svg),
  };
}

async function* single(text: string): AsyncGenerator<PredictionInput> {
  yield { name: "--text", text };
}

/** The lines of all inputs that are not empty. */
async function* linesOf(inputs: readonly string[], hooks: LoadHooks): AsyncGenerator<PredictionInput> {
  for (const file of await sourceOf(inputs).listFiles(hooks)) {
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
}

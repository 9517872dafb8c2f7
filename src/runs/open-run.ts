import type { Backend } from "../backend/backend.ts";
import { InputError } from "../core/errors.ts";
import {
  BYTES,
  checkValue,
  FUNCTION,
  LIST,
  OBJECT,
  optional,
  type Range,
  type Ranges,
  settle,
  TEXT,
} from "../core/options.ts";
import type { DataFile } from "../data/data-source.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import { chooseEngine, openBackend } from "../tasks/engine.ts";
import { pickSearch, type SearchOptions } from "../tasks/search-options.ts";
import type { Task } from "../tasks/task.ts";
import { buildTrained, loadCellOf, openCheckpoint } from "./open-trained.ts";
import { predictFiles } from "./predict-run.ts";

export interface OpenRunOptions {
  /** Where the model is built; default: native where that loads, else WebAssembly. */
  readonly backend?: Backend;
  /** The file of the run's own cell; default: where it was, if it was named there before. */
  readonly cell?: string;
  /** The file of the run's own task; default: where it was, if it was named there before. */
  readonly task?: string;
  /** How outputs are searched for, of a model that writes sequences. */
  readonly search?: SearchOptions;
  /** Called with what is worth a line, such as a damaged checkpoint that was passed over. */
  readonly onNote?: (text: string) => void;
}

/** A trained model of a run, and all that is needed to use it. */
export interface OpenedRun {
  readonly task: Task;
  /** With its trained weights: a `LanguageModel` of `text`, a `SequenceClassifier` of `classify`, a `Forecaster` of `forecast`. */
  readonly model: object;
  /** The sizes of the model. */
  readonly config: unknown;
  /** What the model needs of its data: a vocabulary, labels. */
  readonly facts: object;
  /** Of a language model: text to ids and back. */
  readonly tokenizer: Tokenizer | undefined;
  readonly backend: Backend;
  /** The checkpoint that was read. */
  readonly path: string;
  /** Updates that the model was trained for. */
  readonly step: number;
  /** Seconds that the model was trained for. */
  readonly seconds: number;
  /**
   * What the model says of one text, as the line of `unrolled predict --json` has it; of a model that reads numbers, of
   * one sequence: the features of each step, as they are in the data. What it is called in TypeScript depends on the task,
   * which only the file knows, and is not checked: `predict<ClassifyPrediction>("...")`, with the types of `unrolled/tasks`.
   * @throws InputError for a task that predicts nothing, and for an input of another kind than the model reads
   */
  predict<Prediction extends object = Readonly<Record<string, unknown>>>(
    input: string | readonly (readonly number[] | Float32Array | Float64Array)[],
  ): Promise<Prediction>;
  /**
   * What the model says of each item in a file, as the lines of `unrolled predict --json` have it.
   * @param file its name, whose ending says what it is (.csv, .wav, .npz), and all of its bytes
   * @throws InputError, FormatError for a file that the model cannot read
   */
  predictFile<Prediction extends object = Readonly<Record<string, unknown>>>(file: {
    readonly name: string;
    readonly bytes: Uint8Array;
  }): Promise<readonly Prediction[]>;
}

const PATH: Range = {
  text: "the path of a run folder or a checkpoint",
  fits: (value) => TEXT.fits(value) && value !== "",
};
const INPUT: Range = {
  text: "a text, or a list of steps, each a list of numbers",
  fits: (value) => TEXT.fits(value) || (Array.isArray(value) && value.every((step) => LIST.fits(step))),
};
const NAMED_BYTES: Range = {
  text: "a file { name, bytes }",
  fits: (value) => {
    const { name, bytes } = (OBJECT.fits(value) ? value : {}) as { name?: unknown; bytes?: unknown };
    return TEXT.fits(name) && BYTES.fits(bytes);
  },
};
const RANGES: Ranges<OpenRunOptions> = {
  backend: optional(OBJECT),
  cell: optional(PATH),
  task: optional(PATH),
  search: optional(OBJECT),
  onNote: optional(FUNCTION),
};

/**
 * The trained model of a run folder, from its best checkpoint, or of a checkpoint file. In Node; a page opens the bytes of
 * a checkpoint with `openModel` of `unrolled/run`.
 * @throws InputError where there is none, and for code of a cell or a task that has not been named; FormatError for a file
 * that is damaged
 */
export async function openRun(path: string, options: OpenRunOptions = {}): Promise<OpenedRun> {
  checkValue("openRun: path", PATH, path);
  const settings = settle<OpenRunOptions>("openRun", RANGES, {}, options);
  const { onNote = () => {} } = settings;
  const opened = await openCheckpoint(path, { task: settings.task, onNote });
  const cell = await loadCellOf(opened, settings.cell, onNote);
  const backend = settings.backend ?? openBackend(chooseEngine("auto"));
  const search = pickSearch(opened.task, settings.search ?? {});
  const trained = { ...(await buildTrained(opened, backend, cell)), search };
  const { task, config, facts, step, seconds } = opened;
  return {
    task,
    model: trained.model,
    config,
    facts,
    tokenizer: task.language?.tokenizer(facts),
    backend,
    path: opened.path,
    step,
    seconds,
    async predict<Prediction extends object>(input: Parameters<OpenedRun["predict"]>[0]) {
      checkValue("openedRun.predict: input", INPUT, input);
      if (task.predict === undefined) {
        throw new InputError(`openedRun.predict: a model of the task ${task.name} predicts nothing`);
      }
      const one =
        typeof input === "string"
          ? { name: "text", text: input }
          : { name: "openedRun.predict: input", text: "", frames: input };
      const inputs = async function* () {
        yield one;
      };
      for await (const { json } of task.predict(trained as never, inputs())) return json as Prediction;
      throw new InputError("openedRun.predict: the task predicts nothing of this input");
    },
    async predictFile<Prediction extends object>(file: Parameters<OpenedRun["predictFile"]>[0]) {
      checkValue("openedRun.predictFile: file", NAMED_BYTES, file);
      const { name, bytes } = file;
      const data: DataFile = { name, size: bytes.length, read: async () => bytes };
      const hooks = { onProgress() {}, onNote };
      const all: Prediction[] = [];
      for await (const { json } of predictFiles(task, trained as never, [data], hooks)) {
        all.push(json as Prediction);
      }
      return all;
    },
  };
}

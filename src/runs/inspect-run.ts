import { existsSync } from "node:fs";
import type { Backend } from "../backend/backend.ts";
import { InputError } from "../core/errors.ts";
import type { LoadHooks } from "../core/hooks.ts";
import { type Job, runJob, runJobInTurns } from "../core/job.ts";
import { Rng } from "../core/rng.ts";
import type { CharacterIds } from "../data/id-store.ts";
import { countOf, UNITS, unknownShare } from "../data/symbol-text.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import { WordTokenizer } from "../data/word-tokenizer.ts";
import {
  type FoundCell,
  type GateSaturation,
  type LayerTrace,
  SIGNALS,
  type SignalValues,
  searchUnitsJob,
  traceModel,
  valuesOfJob,
} from "../inspect/index.ts";
import {
  type ChosenUnit,
  followedBy,
  type ReadText,
  type ShownText,
  showUnit,
} from "../inspect/shown-unit.ts";
import type { LanguageModel } from "../models/language-model.ts";
import type { LanguageModelConfig } from "../models/language-model-config.ts";
import { describePaths, sourceOf } from "../sources/paths.ts";
import { type BackendChoice, chooseEngine, openBackend } from "../tasks/engine.ts";
import { buildTrained, loadCellOf, type OpenedCheckpoint, openCheckpoint, runOf } from "./open-trained.ts";
import type { OwnCell } from "./own-cell.ts";
import { loadOwnData, requireRun } from "./own-data.ts";
import { validationPaths } from "./run-file.ts";
import { encodeTyped } from "./sample-run.ts";
import { nameOfFile } from "./user-code.ts";

export interface InspectOptions {
  /** Characters, words or tokens to look at; default 16384. */
  length?: number;
  /** `LAYER:UNIT` to show the text by; default the one furthest ahead of the untrained network. */
  unit?: string;
  /** Leave out what the model does not know, instead of refusing characters and reading words as `<unk>`. */
  skipUnknown?: boolean;
  backend?: BackendChoice;
  /** The file of the run's own task; default: where it was, if it was named there before. */
  task?: string;
  /** The file of the run's own cell; default: where it was, if it was named there before. */
  cell?: string;
}

/** A unit, and what the best unit of the same network without any training reaches on its signal. */
export interface InspectedCell extends FoundCell {
  readonly untrainedScore: number;
}

export interface Inspection {
  /** In a few words. */
  readonly modelName: string;
  /** Updates that it was trained for. */
  readonly step: number;
  /** What was read, for people. */
  readonly text: string;
  /** Symbols that were looked at: characters, words or tokens. */
  readonly symbols: number;
  readonly unit: "character" | "word" | "token";
  /** Of the words that were looked at, those that are `<unk>`; undefined where all symbols are known. */
  readonly unknownShare: number | undefined;
  readonly cells: readonly InspectedCell[];
  readonly saturation: readonly GateSaturation[];
  /** Signals that the text has too little of. */
  readonly absent: readonly string[];
  readonly shown: ShownText;
}

export const DEFAULT_INSPECTED = 16_384;

/** Below this neither half has enough of anything. */
const LEAST = 200;

/**
 * Which units of a model follow simple signals of a text. Scores come from text that the model was not trained on:
 * the part of its run's text kept for validation, or the file `text`. A `text` that is no file is only shown.
 */
export async function inspectRun(
  path: string,
  text: string | undefined,
  options: InspectOptions,
  hooks: LoadHooks,
): Promise<Inspection> {
  const { length = DEFAULT_INSPECTED, backend: name } = options;
  if (!Number.isSafeInteger(length) || length < LEAST) {
    throw new InputError(`--length must be an integer of at least ${LEAST}, got ${length}`);
  }
  const opened = await openCheckpoint(path, { task: options.task, onNote: hooks.onNote });
  const { tokenizer, config } = requireLanguage(opened);
  const cell = await loadCellOf(opened, options.cell, hooks.onNote);
  const chosen = options.unit === undefined ? undefined : parseUnit(options.unit, config);
  const file = text !== undefined && (text === "-" || existsSync(text)) ? text : undefined;
  const read = await readScored(opened, file, options, hooks);
  const ids = takeIds(read, length, tokenizer);
  const backend = openBackend(chooseEngine(name, hooks.onNote));
  const model = (await buildTrained(opened, backend, cell)).model as LanguageModel;
  const progress = (activity: string) => (done: number) => hooks.onProgress(activity, done, ids.length);
  const trace = await traceModel(model, ids, progress("reading the text"));
  const scored = await runJobInTurns(readTextJob(tokenizer, ids, trace.layers), hooks.signal);
  const signals = atSymbols(scored);
  const units = await runJobInTurns(searchUnitsJob(trace.layers, signals), hooks.signal);
  const untrained = makeUntrainedModel(opened, backend, cell);
  const { layers } = await traceModel(untrained, ids, progress("the same with an untrained network"));
  const chance = await scoreUntrained(layers, signals, hooks);
  const cells = units.cells.map((cell) => ({ ...cell, untrainedScore: chance.get(cell.signal) ?? 0 }));
  const candidates =
    chosen === undefined
      ? units.cells
      : followedBy(trace.layers[chosen.layer], chosen.unit, signals).map((cell) => ({ ...cell, ...chosen }));
  const unit = findFurthestAhead(candidates, chance) ?? { layer: 0, unit: 0, ...chosen, follows: undefined };

  const own =
    text === undefined || file !== undefined
      ? undefined
      : await readTyped(
          model,
          encodeTyped("the text", text, tokenizer, { ...options, onNote: hooks.onNote }),
          tokenizer,
        );
  return {
    modelName: opened.task.view.model(config, cell && nameOfFile(cell.path)),
    step: opened.step,
    text: read.what,
    symbols: ids.length,
    unit: UNITS[tokenizer.kind],
    cells,
    unknownShare: tokenizer instanceof WordTokenizer ? unknownShare(ids, tokenizer) : undefined,
    saturation: trace.saturation,
    absent: units.absent,
    shown: showUnit(unit, scored, own),
  };
}

/** @throws InputError for a text that is too short to find units in */
function takeIds(
  { ids: all, what }: { readonly ids: CharacterIds; readonly what: string },
  length: number,
  { kind }: Tokenizer,
): Int32Array {
  const ids = Int32Array.from(all.subarray(0, length));
  if (ids.length >= LEAST) return ids;
  throw new InputError(
    `${what} has ${countOf(ids.length, kind)}, at least ${LEAST} are needed to find units`,
    { hint: "name a file with more text" },
  );
}

/** What the best unit of a network without training reaches on each signal. */
async function scoreUntrained(
  layers: Parameters<typeof searchUnitsJob>[0],
  signals: Parameters<typeof searchUnitsJob>[1],
  { signal }: LoadHooks,
): Promise<Map<string, number>> {
  const { cells } = await runJobInTurns(searchUnitsJob(layers, signals, 1), signal);
  return new Map(cells.map(({ signal: name, heldOutScore }) => [name, heldOutScore]));
}

/** A text that was typed, as the model reads it. @throws InputError for an empty one */
async function readTyped(model: LanguageModel, ids: Int32Array, tokenizer: Tokenizer): Promise<ReadText> {
  if (ids.length === 0) throw new InputError("the text is empty");
  const { layers } = await traceModel(model, ids);
  return runJob(readTextJob(tokenizer, ids, layers));
}

/** @throws InputError for a task whose models do not read symbols one after the other */
function requireLanguage({ task, config, facts }: OpenedCheckpoint) {
  if (task.language === undefined) {
    throw new InputError(`inspect looks at models of text, this one is of the task ${task.name}`);
  }
  return { tokenizer: task.language.tokenizer(facts), config: config as LanguageModelConfig };
}

async function readScored(
  opened: OpenedCheckpoint,
  file: string | undefined,
  { skipUnknown = false }: InspectOptions,
  hooks: LoadHooks,
): Promise<{ ids: CharacterIds; what: string }> {
  const { task, config, facts } = opened;
  const { validation } = task.language!;
  const run = await runOf(opened);
  if (file === undefined) {
    const own = requireRun(run, opened, "look at");
    const { paths, validation: held } = own.data;
    const whole =
      paths.length === 0 ? "the bundled corpus (this project's own source)" : describePaths(paths);
    const what =
      held === undefined
        ? `the part of ${whole} kept for validation`
        : describePaths(validationPaths(held));
    return { ids: validation(await loadOwnData(opened, own, hooks)), what };
  }
  const source = sourceOf([file]);
  const data = await task.loadTest({ source, settings: run?.settings, config, facts, skipUnknown }, hooks);
  return { ids: validation(data), what: source.description };
}

/** Symbols that are dealt with between two pauses of a job. */
const PAUSE = 1 << 14;

function* readTextJob(
  tokenizer: Tokenizer,
  ids: ArrayLike<number>,
  layers: readonly LayerTrace[],
): Job<ReadText> {
  const decoder = tokenizer.decoder();
  const pieces: string[] = [];
  const characters: string[] = [];
  const ends: number[] = [];
  for (let at = 0; at < ids.length; at++) {
    const piece = decoder.push(ids[at]);
    for (const character of piece) characters.push(character);
    ends.push(characters.length);
    if (pieces.push(piece) % PAUSE === 0) yield;
  }
  return { pieces, ends, layers, signals: yield* valuesOfJob(SIGNALS, characters) };
}

/** What holds at the end of each symbol. */
function atSymbols({ signals, ends }: ReadText): SignalValues[] {
  return signals.map(({ signal, values }) => ({
    signal,
    values: Float32Array.from(ends, (end) => values[Math.max(0, end - 1)]),
  }));
}

function makeUntrainedModel(
  { task, config }: OpenedCheckpoint,
  backend: Backend,
  cell: OwnCell | undefined,
): LanguageModel {
  const context = { rng: new Rng(1), backend, createCell: cell?.create, cellName: cell?.name };
  return task.build(config, context) as LanguageModel;
}

function parseUnit(text: string, model: LanguageModelConfig): { layer: number; unit: number } {
  const [, layer, unit] = (/^(\d+):(\d+)$/.exec(text) ?? []).map(Number);
  if (!(layer < model.layers && unit < model.hidden)) {
    throw new InputError(
      `--unit must be LAYER:UNIT, up to ${model.layers - 1}:${model.hidden - 1}, got ${text}`,
    );
  }
  return { layer, unit };
}

/** The unit that has learned most: what the best untrained unit follows as well says little. */
function findFurthestAhead(
  cells: readonly FoundCell[],
  chance: ReadonlyMap<string, number>,
): ChosenUnit | undefined {
  const ahead = ({ signal, heldOutScore }: FoundCell) => heldOutScore - (chance.get(signal) ?? 0);
  const [follows] = cells.toSorted((a, b) => ahead(b) - ahead(a));
  return follows && { layer: follows.layer, unit: follows.unit, follows };
}

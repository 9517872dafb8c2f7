import { existsSync } from "node:fs";
import type { Backend } from "../../backend/backend.ts";
import { InputError } from "../../core/errors.ts";
import { type Job, runJob, runJobInTurns } from "../../core/job.ts";
import { Rng } from "../../core/rng.ts";
import { type Tokenizer, WordTokenizer } from "../../data/index.ts";
import {
  type FoundCell,
  type GateSaturation,
  type LayerTrace,
  SIGNALS,
  type SignalValues,
  searchUnitsJob,
  traceModel,
  valuesOfJob,
} from "../../inspect/index.ts";
import { LanguageModel } from "../../models/language-model.ts";
import type { CheckpointFacts } from "../../run/model-metadata.ts";
import { type BackendChoice, chooseEngine, openBackend } from "../engine.ts";
import type { OwnCell } from "../../runs/own-cell.ts";
import { describeData, type LoadHooks, readCorpus } from "../../sources/corpus.ts";
import { buildModel, encodeTyped, loadCellOf, type OpenedModel, openModel, refuseUnknown } from "./open.ts";
import { readOwnText } from "./own-text.ts";
import { type ChosenUnit, followedBy, type ReadText, type ShownText, showUnit } from "./shown-unit.ts";
import { countOf, UNITS, unknownShare, wholeTextJob } from "./tokens.ts";

export interface TextInspectOptions {
  /** Characters, words or tokens to look at; default 16384. */
  length?: number;
  /** `LAYER:UNIT` to show the text by; default the one furthest ahead of the untrained network. */
  unit?: string;
  /** Leave out what the model does not know, instead of refusing characters and reading words as `<unk>`. */
  skipUnknown?: boolean;
  backend?: BackendChoice;
  /** The file of the run's own cell; default: where it was, if it was named there before. */
  cell?: string;
}

/** A unit, and what the best unit of the same network without any training reaches on its signal. */
export interface InspectedCell extends FoundCell {
  readonly untrainedScore: number;
}

export interface TextInspection {
  readonly facts: CheckpointFacts;
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
export async function inspectText(
  path: string,
  text: string | undefined,
  options: TextInspectOptions,
  hooks: LoadHooks,
): Promise<TextInspection> {
  const { length = DEFAULT_INSPECTED, backend: name } = options;
  if (!Number.isSafeInteger(length) || length < LEAST) {
    throw new InputError(`--length must be an integer of at least ${LEAST}, got ${length}`);
  }
  const opened = await openModel(path, hooks.onNote);
  const { facts } = opened;
  const cell = await loadCellOf(opened, options.cell, hooks.onNote);
  const wanted = options.unit === undefined ? undefined : parseUnit(options.unit, facts);
  const file = text !== undefined && (text === "-" || existsSync(text)) ? text : undefined;
  const read = await readScored(opened, path, file, options, hooks);
  const ids = Int32Array.from(read.ids.subarray(0, length));
  if (ids.length < LEAST) {
    throw new InputError(
      `${read.what} has ${countOf(ids.length, facts.vocabulary.kind)}, at least ${LEAST} are needed to find units`,
      {
        hint: "name a file with more text",
      },
    );
  }
  const backend = openBackend(chooseEngine(name, hooks.onNote));
  const model = buildModel(opened, backend, cell);
  const progress = (activity: string) => (done: number) => hooks.onProgress(activity, done, ids.length);
  const trace = await traceModel(model, ids, progress("reading the text"));
  const scored = await runJobInTurns(readTextJob(facts.vocabulary, ids, trace.layers), hooks.signal);
  const signals = atSymbols(scored);
  const found = await runJobInTurns(searchUnitsJob(trace.layers, signals), hooks.signal);
  const untrained = untrainedModel(facts, backend, cell);
  const { layers } = await traceModel(untrained, ids, progress("the same with an untrained network"));
  const byChance = await runJobInTurns(searchUnitsJob(layers, signals, 1), hooks.signal);
  const chance = new Map(byChance.cells.map(({ signal, heldOutScore }) => [signal, heldOutScore]));
  const cells = found.cells.map((cell) => ({ ...cell, untrainedScore: chance.get(cell.signal) ?? 0 }));
  const candidates =
    wanted === undefined
      ? found.cells
      : followedBy(trace.layers[wanted.layer], wanted.unit, signals).map((cell) => ({ ...cell, ...wanted }));
  const unit = furthestAhead(candidates, chance) ?? { layer: 0, unit: 0, ...wanted, follows: undefined };

  let own: ReadText | undefined;
  if (text !== undefined && file === undefined) {
    const ownIds = encodeTyped("the text", text, opened, { ...options, onNote: hooks.onNote });
    if (ownIds.length === 0) throw new InputError("the text is empty");
    const { layers: ownLayers } = await traceModel(model, ownIds);
    own = runJob(readTextJob(facts.vocabulary, ownIds, ownLayers));
  }
  return {
    ...{ facts, text: read.what, symbols: ids.length, unit: UNITS[facts.vocabulary.kind], cells },
    unknownShare: facts.vocabulary instanceof WordTokenizer ? unknownShare(ids, facts.vocabulary) : undefined,
    ...{ saturation: trace.saturation, absent: found.absent },
    shown: showUnit(unit, scored, own),
  };
}

async function readScored(
  opened: OpenedModel,
  path: string,
  file: string | undefined,
  { skipUnknown = false }: TextInspectOptions,
  hooks: LoadHooks,
) {
  const { facts, run } = opened;
  if (file === undefined && run === undefined) {
    throw new InputError("a checkpoint file alone does not say what text to look at", {
      hint: "name a text file, or give the run's folder",
    });
  }
  if (file === undefined && run !== undefined) {
    const { validation } = await readOwnText(run, facts.vocabulary, path, hooks);
    const own =
      run.data.validation?.path ?? `the part of ${describeData(run.data.paths)} kept for validation`;
    return { ids: validation, what: own };
  }
  const paths = file === undefined ? [] : [file];
  const corpus = await readCorpus(paths, hooks);
  if (!skipUnknown) refuseUnknown(describeData(paths), corpus.vocabulary.characters, opened);
  const { ids } = await runJobInTurns(wholeTextJob(corpus, facts.vocabulary, skipUnknown), hooks.signal);
  return { ids, what: describeData(paths) };
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

function untrainedModel(facts: CheckpointFacts, backend: Backend, cell: OwnCell | undefined) {
  return new LanguageModel(facts.model, {
    ...{ rng: new Rng(1), backend, createCell: cell?.create, cellName: cell?.name },
  });
}

function parseUnit(text: string, { model }: CheckpointFacts): { layer: number; unit: number } {
  const [, layer, unit] = (/^(\d+):(\d+)$/.exec(text) ?? []).map(Number);
  if (!(layer < model.layers && unit < model.hidden)) {
    throw new InputError(
      `--unit must be LAYER:UNIT, up to ${model.layers - 1}:${model.hidden - 1}, got ${text}`,
    );
  }
  return { layer, unit };
}

/** The unit that has learned most: what the best untrained unit follows as well says little. */
function furthestAhead(
  cells: readonly FoundCell[],
  chance: ReadonlyMap<string, number>,
): ChosenUnit | undefined {
  const ahead = ({ signal, heldOutScore }: FoundCell) => heldOutScore - (chance.get(signal) ?? 0);
  const [follows] = cells.toSorted((a, b) => ahead(b) - ahead(a));
  return follows && { layer: follows.layer, unit: follows.unit, follows };
}

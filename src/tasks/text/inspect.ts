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
import { type BackendChoice, chooseEngine, openBackend } from "../engine.ts";
import { describeData, type LoadHooks, readCorpus } from "./corpus.ts";
import { buildModel, encodeTyped, type OpenedModel, openModel, ownCellOf, refuseUnknown } from "./open.ts";
import { readOwnText } from "./own-text.ts";
import type { CheckpointFacts } from "./run-file.ts";
import { countOf, UNITS, unknownShare, wholeTextJob } from "./tokens.ts";

export interface TextInspectOptions {
  /** Characters, words or tokens to look at; default 16384. */
  length?: number;
  /** `LAYER:UNIT` to show the text by; default the one furthest ahead of the untrained network. */
  unit?: string;
  /** Leave out what the model does not know, instead of refusing characters and reading words as `<unk>`. */
  skipUnknown?: boolean;
  backend?: BackendChoice;
  /** Where the file of the run's own cell is now; default: where it was. */
  cell?: string;
}

/** A unit, and what the best unit of the same network without any training reaches on its signal. */
export interface InspectedCell extends FoundCell {
  readonly untrainedScore: number;
}

/** A text with the value of one unit after each symbol, in [-1, 1]. */
export interface ShownText {
  /** What each symbol adds to the text. */
  readonly pieces: readonly string[];
  readonly values: Float32Array;
  readonly layer: number;
  readonly unit: number;
  readonly signal: string | undefined;
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

/** Of the second half of the text, when no text was given to be shown. */
const SHOWN = 480;

/**
 * Which units of a model follow simple signals of a text. Scores come from text that the model was not trained on:
 * what its run keeps for validation, or the file `text`. A `text` that is no file is only shown.
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
  const opened = await openModel(path);
  const { facts } = opened;
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
  const model = await buildModel(opened, backend, options.cell);
  const progress = (activity: string) => (done: number) => hooks.onProgress(activity, done, ids.length);
  const pieces = await runJobInTurns(piecesJob(facts.vocabulary, ids), hooks.signal);
  const signals = await runJobInTurns(signalsJob(pieces), hooks.signal);
  const trace = await traceModel(model, ids, progress("reading the text"));
  const found = await runJobInTurns(searchUnitsJob(trace.layers, signals), hooks.signal);
  const untrained = await untrainedModel(facts, backend, options.cell);
  const { layers } = await traceModel(untrained, ids, progress("the same with an untrained network"));
  const byChance = await runJobInTurns(searchUnitsJob(layers, signals, 1), hooks.signal);
  const chance = new Map(byChance.cells.map(({ signal, heldOutScore }) => [signal, heldOutScore]));
  const cells = found.cells.map((cell) => ({ ...cell, untrainedScore: chance.get(cell.signal) ?? 0 }));
  const unit = wanted ?? furthestAhead(cells);

  const own = text === undefined || file !== undefined ? undefined : text;
  let [shownLayers, from, to] = [
    trace.layers,
    ids.length >> 1,
    Math.min(ids.length, (ids.length >> 1) + SHOWN),
  ];
  let shownPieces = pieces.slice(from, to);
  if (own !== undefined) {
    const ownIds = encodeTyped("the text", own, opened, { ...options, onNote: hooks.onNote });
    if (ownIds.length === 0) throw new InputError("the text is empty");
    shownLayers = (await traceModel(model, ownIds)).layers;
    [from, to] = [0, ownIds.length];
    shownPieces = runJob(piecesJob(facts.vocabulary, ownIds));
  }
  return {
    ...{ facts, text: read.what, symbols: ids.length, unit: UNITS[facts.vocabulary.kind], cells },
    unknownShare: facts.vocabulary instanceof WordTokenizer ? unknownShare(ids, facts.vocabulary) : undefined,
    ...{ saturation: trace.saturation, absent: found.absent },
    shown: {
      ...unit,
      pieces: shownPieces,
      values: shownValues(shownLayers[unit.layer], unit.unit, from, to),
    },
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
    const own = run.data.validation?.path ?? `what ${describeData(run.data.paths)} keeps for validation`;
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

/** What each symbol adds to the text. */
function* piecesJob(tokenizer: Tokenizer, ids: ArrayLike<number>): Job<string[]> {
  const decoder = tokenizer.decoder();
  const pieces: string[] = [];
  for (let at = 0; at < ids.length; at++) {
    if (pieces.push(decoder.push(ids[at])) % PAUSE === 0) yield;
  }
  return pieces;
}

function* signalsJob(pieces: readonly string[]): Job<SignalValues[]> {
  const characters: string[] = [];
  const ends: number[] = [];
  for (const piece of pieces) {
    for (const character of piece) characters.push(character);
    if (ends.push(characters.length) % PAUSE === 0) yield;
  }
  return yield* valuesOfJob(SIGNALS, characters, ends);
}

async function untrainedModel(facts: CheckpointFacts, backend: Backend, cellPath: string | undefined) {
  const cell = await ownCellOf(facts, cellPath);
  return new LanguageModel(facts.model, {
    ...{ rng: new Rng(1), backend, createCell: cell?.create, cellName: cell?.name },
  });
}

function parseUnit(
  text: string,
  { model }: CheckpointFacts,
): { layer: number; unit: number; signal: undefined } {
  const [, layer, unit] = (/^(\d+):(\d+)$/.exec(text) ?? []).map(Number);
  if (!(layer < model.layers && unit < model.hidden)) {
    throw new InputError(
      `--unit must be LAYER:UNIT, up to ${model.layers - 1}:${model.hidden - 1}, got ${text}`,
    );
  }
  return { layer, unit, signal: undefined };
}

/** The unit that has learned most: what an untrained one follows too says little. */
function furthestAhead(cells: readonly InspectedCell[]): {
  layer: number;
  unit: number;
  signal: string | undefined;
} {
  const ahead = ({ heldOutScore, untrainedScore }: InspectedCell) => heldOutScore - untrainedScore;
  const [first] = cells.toSorted((a, b) => ahead(b) - ahead(a));
  return first ?? { layer: 0, unit: 0, signal: undefined };
}

/** A cell state as its output gate sees it, else the hidden state; what goes beyond 1 is scaled. */
function shownValues(
  { width, hidden, cell }: LayerTrace,
  unit: number,
  from: number,
  to: number,
): Float32Array {
  const values = Float32Array.from({ length: to - from }, (_, t) => {
    const at = (from + t) * width + unit;
    return cell === undefined ? hidden[at] : Math.tanh(cell[at]);
  });
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return values.map((value) => value / largest);
}

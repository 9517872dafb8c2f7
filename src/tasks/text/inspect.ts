import { existsSync } from "node:fs";
import type { Backend } from "../../backend/backend.ts";
import { InputError } from "../../core/errors.ts";
import { Rng } from "../../core/rng.ts";
import type { Tokenizer } from "../../data/index.ts";
import {
  type FoundCell,
  type GateSaturation,
  type LayerTrace,
  SIGNALS,
  type SignalValues,
  searchUnits,
  traceModel,
  valuesOf,
} from "../../inspect/index.ts";
import { LanguageModel } from "../../models/language-model.ts";
import type { CheckpointFacts } from "../../run/model-metadata.ts";
import { type BackendChoice, chooseEngine, openBackend } from "../engine.ts";
import type { OwnCell } from "../own-cell.ts";
import { describeData, type Hooks, readCorpus } from "./corpus.ts";
import { buildModel, loadCellOf, type OpenedModel, openModel, refuseUnknown } from "./open.ts";
import { readOwnText } from "./own-text.ts";
import { allSymbols, UNITS } from "./tokens.ts";

export interface TextInspectOptions {
  /** Characters, words or tokens to look at; default 16384. */
  length?: number;
  /** `LAYER:UNIT` to show the text by; default the one furthest ahead of the untrained network. */
  unit?: string;
  /** Leave unknown characters of the text out, instead of refusing them. */
  skipUnknown?: boolean;
  backend?: BackendChoice;
  /** The file of the run's own cell; default: where it was, if it was named there before. */
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
  hooks: Pick<Hooks, "onProgress" | "onNote">,
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
      `${read.what} has ${ids.length} ${UNITS[facts.vocabulary.kind]}s, at least ${LEAST} are needed to find units`,
      {
        hint: "name a file with more text",
      },
    );
  }
  const backend = openBackend(chooseEngine(name, hooks.onNote));
  const model = buildModel(opened, backend, cell);
  const progress = (activity: string) => (done: number) => hooks.onProgress(activity, done, ids.length);
  const pieces = piecesOf(facts.vocabulary, ids);
  const signals = signalsOf(pieces);
  const trace = await traceModel(model, ids, progress("reading the text"));
  const found = searchUnits(trace.layers, signals);
  const untrained = untrainedModel(facts, backend, cell);
  const { layers } = await traceModel(untrained, ids, progress("the same with an untrained network"));
  const chance = new Map(
    searchUnits(layers, signals, 1).cells.map(({ signal, heldOutScore }) => [signal, heldOutScore]),
  );
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
    if (options.skipUnknown !== true) refuseUnknown("the text", own, opened);
    const ownIds = facts.vocabulary.encode(own, { skipUnknown: true });
    if (ownIds.length === 0) throw new InputError("the text is empty");
    shownLayers = (await traceModel(model, ownIds)).layers;
    [from, to] = [0, ownIds.length];
    shownPieces = piecesOf(facts.vocabulary, ownIds);
  }
  return {
    ...{ facts, text: read.what, symbols: ids.length, unit: UNITS[facts.vocabulary.kind], cells },
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
  hooks: Pick<Hooks, "onProgress" | "onNote">,
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
  return { ids: allSymbols(corpus, facts.vocabulary), what: describeData(paths) };
}

/** What each symbol adds to the text. */
function piecesOf(tokenizer: Tokenizer, ids: ArrayLike<number>): string[] {
  const decoder = tokenizer.decoder();
  return Array.from(ids, (id) => decoder.push(id));
}

function signalsOf(pieces: readonly string[]): SignalValues[] {
  const characters = pieces.flatMap((piece) => [...piece]);
  let end = 0;
  const ends = pieces.map((piece) => {
    end += [...piece].length;
    return end;
  });
  return valuesOf(SIGNALS, characters, ends);
}

function untrainedModel(facts: CheckpointFacts, backend: Backend, cell: OwnCell | undefined) {
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

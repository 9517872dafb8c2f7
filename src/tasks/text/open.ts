import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Backend } from "../../backend/backend.ts";
import { InputError } from "../../core/errors.ts";
import { shellWord } from "../../core/shell-word.ts";
import { normalizeText } from "../../data/tokenizer.ts";
import { unknownCharacters, Vocabulary } from "../../data/vocabulary.ts";
import { WordTokenizer } from "../../data/word-tokenizer.ts";
import type { SafetensorsFile } from "../../io/safetensors.ts";
import type { LanguageModel } from "../../models/language-model.ts";
import { type CheckpointFacts, readCheckpointFacts } from "../../run/model-metadata.ts";
import { buildTrainedModel } from "../../run/open-model.ts";
import { RunStore, readCheckpointFile } from "../../runs/run-store.ts";
import type { OwnCell } from "../../runs/own-cell.ts";
import { parseTextRun, type TextRun } from "./run-file.ts";

export interface OpenedModel {
  readonly facts: CheckpointFacts;
  readonly file: SafetensorsFile;
  /** The checkpoint that was read. */
  readonly path: string;
  /** Absent when a checkpoint file was named by itself. */
  readonly run: TextRun | undefined;
}

/**
 * The best checkpoint of a run (the latest when none has been evaluated, or the best is damaged or gone, which is told),
 * or the checkpoint file that was named.
 * @throws InputError when there is none; FormatError when none is whole
 */
export async function openModel(path: string, onNote: (text: string) => void): Promise<OpenedModel> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isFile) return opened(await readCheckpointFile(path), path, undefined);
  const store = await RunStore.open(path);
  const run = parseTextRun(await store.readRunJson(), join(path, "run.json"));
  const checkpoint = await store.bestOrLatestCheckpoint();
  if (checkpoint === undefined) {
    throw new InputError(`${path} has no checkpoint yet`, {
      hint: `train it: unrolled train text --resume --out ${shellWord(path)}`,
    });
  }
  for (const warning of checkpoint.warnings) onNote(`${warning}; taking ${checkpoint.path} instead`);
  return opened(checkpoint, checkpoint.path, run);
}

function opened(file: SafetensorsFile, path: string, run: TextRun | undefined): OpenedModel {
  const facts = readCheckpointFacts(file, path);
  return { facts, file, path, run };
}

/** Words that a note names. */
const NAMED_WORDS = 10;

/**
 * The symbols of a text that a person typed, which is taken as a file with that content would be.
 * @param where what holds the text, as `--prime`
 * @param options `skipUnknown`: leave out what the model does not know; else words are `<unk>`, which a note tells
 * @throws InputError naming characters that the model does not know
 */
export function encodeTyped(
  where: string,
  typed: string,
  opened: OpenedModel,
  options: { skipUnknown?: boolean; onNote?: (text: string) => void },
): Int32Array {
  const { skipUnknown = false, onNote } = options;
  const { vocabulary } = opened.facts;
  const text = normalizeText(typed);
  if (!skipUnknown) {
    refuseUnknown(where, text, opened);
    if (vocabulary instanceof WordTokenizer) noteUnknown(where, vocabulary.unknownWords(text), onNote);
  }
  return vocabulary.encode(text, { skipUnknown });
}

function noteUnknown(where: string, words: readonly string[], onNote?: (text: string) => void): void {
  const unknown = [...new Set(words)];
  if (unknown.length === 0) return;
  const what = unknown.length === 1 ? "a word" : `${unknown.length} words`;
  const more = unknown.length > NAMED_WORDS ? ` and ${unknown.length - NAMED_WORDS} more` : "";
  const named = unknown.slice(0, NAMED_WORDS).map((word) => `'${word}'`);
  onNote?.(
    `${where} has ${what} that the model does not know: ${named.join(", ")}${more}, read as <unk>; ` +
      "--skip-unknown leaves unknown words out",
  );
}

/**
 * @param where what holds the text, as `--prime`
 * @param characters of the text, each once or more
 * @throws InputError naming those that the model does not know
 */
export function refuseUnknown(where: string, characters: Iterable<string>, { facts }: OpenedModel): void {
  const { vocabulary } = facts;
  // Unknown words are <unk>, byte pairs can write everything.
  if (!(vocabulary instanceof Vocabulary)) return;
  const unknown = new Set([...characters].filter((character) => vocabulary.id(character) < 0));
  if (unknown.size === 0) return;
  throw new InputError(unknownCharacters(where, unknown).problem, {
    hint: "change the text, or leave them out with --skip-unknown",
  });
}

/**
 * The cell of a model, where it is one of the user's own.
 * @param named what `--cell` says; without it the cell must have been named before
 * @throws InputError for a cell that nobody has named, that is gone or has changed, and for one where there is none
 */
export async function loadCellOf(
  { facts: { cellFile }, path }: OpenedModel,
  named: string | undefined,
  onNote: (text: string) => void,
): Promise<OwnCell | undefined> {
  if (cellFile !== undefined) {
    // Only where it is needed: sampling has to begin at once.
    const { loadNamedCell, loadRecordedCell } = await import("../../runs/cell-choice.ts");
    return named === undefined ? loadRecordedCell(cellFile, path) : loadNamedCell(named, cellFile, onNote);
  }
  if (named === undefined) return undefined;
  throw new InputError(`--cell ${named}: the model has no cell of your own`, { hint: "leave it out" });
}

/**
 * The model with its trained weights, for inference.
 * @param cell from {@link loadCellOf}
 * @throws FormatError naming the tensors that do not fit
 */
export function buildModel(
  { facts, file, path }: OpenedModel,
  backend: Backend,
  cell: OwnCell | undefined,
): LanguageModel {
  return buildTrainedModel(file, facts, path, { backend, createCell: cell?.create, cellName: cell?.name });
}

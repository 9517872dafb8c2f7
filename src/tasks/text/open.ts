import { stat } from "node:fs/promises";
import { join } from "node:path";
import { parameters } from "../../autograd/parameter.ts";
import type { Backend } from "../../backend/backend.ts";
import { FormatError, InputError } from "../../core/errors.ts";
import { Rng } from "../../core/rng.ts";
import { sameShape, showShape } from "../../core/shape.ts";
import { normalizeText } from "../../data/tokenizer.ts";
import { unknownCharacters, Vocabulary } from "../../data/vocabulary.ts";
import { WordTokenizer } from "../../data/word-tokenizer.ts";
import type { SafetensorsFile } from "../../io/safetensors.ts";
import { LanguageModel } from "../../models/language-model.ts";
import { RunStore, readCheckpointFile } from "../../train/run-store.ts";
import type { Snapshot } from "../../train/snapshot.ts";
import {
  type CheckpointFacts,
  parseTextRun,
  readCheckpointFacts,
  snapshotOf,
  type TextRun,
} from "./run-file.ts";

export interface OpenedModel {
  readonly facts: CheckpointFacts;
  readonly snapshot: Snapshot;
  /** The checkpoint that was read. */
  readonly path: string;
  /** Absent when a checkpoint file was named by itself. */
  readonly run: TextRun | undefined;
}

/**
 * The best checkpoint of a run (the latest when none has been evaluated), or the checkpoint file that was named.
 * @throws InputError when there is none; FormatError when it is damaged
 */
export async function openModel(path: string): Promise<OpenedModel> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isFile) return opened(await readCheckpointFile(path), path, undefined);
  const store = await RunStore.open(path);
  const run = parseTextRun(await store.readRunJson(), join(path, "run.json"));
  const checkpoint = (await store.bestCheckpoint()) ?? (await store.latestCheckpoint());
  if (checkpoint === undefined) {
    throw new InputError(`${path} has no checkpoint yet`, { hint: "train it: unrolled train text --resume" });
  }
  return opened(checkpoint, checkpoint.path, run);
}

function opened(file: SafetensorsFile, path: string, run: TextRun | undefined): OpenedModel {
  const facts = readCheckpointFacts(file, path);
  const snapshot = snapshotOf(file, facts.step, path, { parametersOnly: true });
  return { facts, snapshot, path, run };
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
  throw new InputError(unknownCharacters(where, unknown).message, {
    hint: "change the text, or leave them out with --skip-unknown",
  });
}

export async function ownCellOf({ cellFile }: CheckpointFacts, cellPath: string | undefined) {
  if (cellFile !== undefined) {
    // Only where it is needed: sampling has to begin at once.
    const { loadOwnCell } = await import("../own-cell.ts");
    return loadOwnCell(cellPath ?? cellFile.path, cellFile);
  }
  if (cellPath === undefined) return undefined;
  throw new InputError(`--cell ${cellPath}: the model has no cell of your own`, { hint: "leave it out" });
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

/**
 * The model with its trained weights, for inference.
 * @param cellPath where the file of an own cell is now; default: where it was
 * @throws FormatError naming a tensor that does not fit; InputError for an own cell that is gone or has changed
 */
export async function buildModel(
  { facts, snapshot, path }: OpenedModel,
  backend: Backend,
  cellPath?: string,
): Promise<LanguageModel> {
  const cell = await ownCellOf(facts, cellPath);
  const options = { rng: new NoRng(), backend, createCell: cell?.create, cellName: cell?.name };
  const model = new LanguageModel(facts.model, options);
  for (const { name, tensor } of parameters(model)) {
    const stored = snapshot.tensors.get(name);
    if (stored === undefined) throw new FormatError(path, `has no tensor ${name}`);
    if (!sameShape(stored.shape, tensor.shape)) {
      throw new FormatError(
        path,
        `tensor ${name} must be ${showShape(tensor.shape)}, got ${showShape(stored.shape)}`,
      );
    }
    tensor.write(stored.data);
  }
  return model;
}

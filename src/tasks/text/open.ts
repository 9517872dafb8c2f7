import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Backend } from "../../backend/backend.ts";
import { InputError } from "../../core/errors.ts";
import { unknownCharacters, Vocabulary } from "../../data/vocabulary.ts";
import type { SafetensorsFile } from "../../io/safetensors.ts";
import type { LanguageModel } from "../../models/language-model.ts";
import { type CheckpointFacts, readCheckpointFacts } from "../../run/model-metadata.ts";
import { buildTrainedModel } from "../../run/open-model.ts";
import { RunStore, readCheckpointFile } from "../../train/run-store.ts";
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
  return { facts, file, path, run };
}

/**
 * @param where what holds the text, as `--prime`
 * @param characters of the text, each once or more
 * @throws InputError naming those that the model does not know
 */
export function refuseUnknown(where: string, characters: Iterable<string>, { facts }: OpenedModel): void {
  const { vocabulary } = facts;
  // Words have a symbol for those that are unknown, byte pairs can write everything.
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

/**
 * The model with its trained weights, for inference.
 * @param cellPath where the file of an own cell is now; default: where it was
 * @throws FormatError naming the tensors that do not fit; InputError for an own cell that is gone or has changed
 */
export async function buildModel(
  { facts, file, path }: OpenedModel,
  backend: Backend,
  cellPath?: string,
): Promise<LanguageModel> {
  const cell = await ownCellOf(facts, cellPath);
  return buildTrainedModel(file, facts, path, { backend, createCell: cell?.create, cellName: cell?.name });
}

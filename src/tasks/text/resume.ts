import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import type { TextCorpus } from "../../data/index.ts";
import { isCellFile } from "../../run/cell-file.ts";
import type { OwnCell } from "../../runs/own-cell.ts";
import { given, type TextSettings, type TextTrainOptions } from "./options.ts";
import type { TextRun } from "./run-file.ts";

/** Where runs go unless --out says otherwise. */
export const RUNS = "runs";

/** A folder for a new run: `runs/text-20261123-094500`, and `-2` behind it for a second one in that second. */
export function newRunFolder(now: Date = new Date()): string {
  const [date, time] = now.toISOString().replace(/[-:]/g, "").split("T");
  const first = join(RUNS, `text-${date}-${time.slice(0, 6)}`);
  let folder = first;
  for (let n = 2; existsSync(folder); n++) folder = `${first}-${n}`;
  return folder;
}

/** The text run in `runs/` that was started or resumed last, whatever its name. @throws InputError for none */
export async function newestRun(): Promise<string> {
  const names = await readdir(RUNS).catch(() => [] as string[]);
  const runs = await Promise.all(names.map((name) => textRunAt(join(RUNS, name))));
  const [newest] = runs.filter((run) => run !== undefined).sort((a, b) => b.started - a.started);
  if (newest === undefined) {
    throw new InputError(`there is no run to resume in ${RUNS}/`, { hint: "name its folder with --out" });
  }
  return newest.folder;
}

async function textRunAt(folder: string): Promise<{ folder: string; started: number } | undefined> {
  const path = join(folder, "run.json");
  try {
    // Written at the start of every sitting, and never in between.
    const { mtimeMs } = await stat(path);
    const { task } = JSON.parse(await readFile(path, "utf8")) as { task?: unknown };
    return task === "text" ? { folder, started: mtimeMs } : undefined;
  } catch {
    // No run, or a broken one: not what `--resume` alone can mean. Named with --out it says what is wrong.
    return undefined;
  }
}

const FLAGS: Record<keyof TextSettings, string> = {
  cell: "--cell",
  layers: "--layers",
  hidden: "--hidden",
  dropout: "--dropout",
  variational: "--variational",
  embedding: "--embedding",
  tieWeights: "--tie-weights",
  tokens: "--tokens",
  vocabSize: "--vocab-size",
  seqLength: "--seq-length",
  batchSize: "--batch-size",
  optimizer: "--optimizer",
  lr: "--lr",
  lrDecay: "--lr-decay",
  lrDecayAfter: "--lr-decay-after",
  initUniform: "--init-uniform",
  clipNorm: "--clip-norm",
  clipValue: "--clip-value",
  weightDecay: "--weight-decay",
  valSplit: "--val-split",
  seed: "--seed",
};

/** Options that fix the shapes of the weights, and what they stand for. */
const MODEL_OPTIONS = ["cell", "layers", "hidden", "embedding", "tieWeights", "tokens", "vocabSize"] as const;

/**
 * @param cell the file that `--cell` names, if it does
 * @throws InputError listing every option that was given and differs from the run's
 */
export function refuseOtherSettings(
  run: TextRun,
  options: TextTrainOptions,
  folder: string,
  cell: OwnCell | undefined,
): void {
  const own = given(options);
  const differences = Object.entries(own).flatMap(([name, value]) => {
    if (name === "cell" && cell !== undefined && run.cellFile !== undefined) {
      if (cell.sha256 === run.cellFile.sha256) return [];
      const [now, before] = [cell.sha256, run.cellFile.sha256].map((hash) => `${hash.slice(0, 12)}...`);
      return [`--cell ${value} with SHA-256 ${now} (the run has ${before})`];
    }
    const stored = run.settings[name as keyof TextSettings];
    return stored === value ? [] : [`${FLAGS[name as keyof TextSettings]} ${value} (the run has ${stored})`];
  });
  if (differences.length === 0) return;
  const isOtherModel = MODEL_OPTIONS.some(
    (name) => own[name] !== undefined && own[name] !== run.settings[name],
  );
  throw new InputError(`${folder} cannot be resumed with ${differences.join(", ")}`, {
    // The weights of this run would not fit another model.
    hint: isOtherModel
      ? "leave these options out to go on with the run's own, or start a new run"
      : "leave these options out to go on with the run's own, or start a new run with --from",
  });
}

/** @throws InputError listing how the model that is asked for differs from the one whose weights it is to get */
export function refuseOtherModel(brought: Partial<TextSettings>, options: TextTrainOptions): void {
  const differences = MODEL_OPTIONS.filter(
    (name) => options[name] !== undefined && options[name] !== brought[name],
  )
    // Another version of a file may still fit: the shapes of its parameters decide.
    .filter((name) => name !== "cell" || !(isCellFile(`${options.cell}`) && isCellFile(`${brought.cell}`)))
    .map((name) => `${FLAGS[name]} ${options[name]} (they have ${brought[name]})`);
  if (differences.length === 0) return;
  throw new InputError(`the weights of ${options.from} do not fit ${differences.join(", ")}`, {
    hint: "leave these options out to go on with that model, or leave out --from",
  });
}

/** @throws InputError saying how the text differs from the one that the run was trained on */
export function refuseOtherCorpus(run: TextRun, corpus: TextCorpus, folder: string): void {
  if (corpus.fingerprint === run.data.fingerprint) return;
  const now = new Set(corpus.vocabulary.characters);
  // Words and byte pairs say less about what is different than the number of characters does.
  const before = Array.isArray(run.data.vocabulary) ? new Set<string>(run.data.vocabulary) : now;
  const added = [...now].filter((character) => !before.has(character)).length;
  const gone = [...before].filter((character) => !now.has(character)).length;
  const differences = [`${corpus.characters} characters (the run has ${run.data.characters})`];
  if (added + gone > 0) differences.push(`a vocabulary with ${added} characters more and ${gone} fewer`);
  differences.push(
    `SHA-256 ${corpus.fingerprint.slice(0, 12)}... (the run has ${run.data.fingerprint.slice(0, 12)}...)`,
  );
  throw new InputError(`${folder} cannot be resumed with another text: ${differences.join(", ")}`, {
    hint: "give the text that it was trained on, or start a new run from its weights with --from",
  });
}

/**
 * @param held the text that is to be validated on now; undefined: the end of the text
 * @throws InputError unless it is what the run has validated on so far
 */
export function refuseOtherValidation(run: TextRun, held: TextCorpus | undefined, folder: string): void {
  const before = run.data.validation?.fingerprint;
  if (held?.fingerprint === before) return;
  const hash = (fingerprint: string) => `a text with SHA-256 ${fingerprint.slice(0, 12)}...`;
  const name = (fingerprint?: string) =>
    fingerprint === undefined ? "the end of its text" : hash(fingerprint);
  throw new InputError(
    `${folder} validates on ${name(before)}, it cannot go on with ${name(held?.fingerprint)}`,
    { hint: "give the same --val, or start a new run from its weights with --from" },
  );
}

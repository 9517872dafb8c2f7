import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import type { TextCorpus } from "../../data/index.ts";
import { given, type TextSettings, type TextTrainOptions } from "./options.ts";
import type { TextRun } from "./run-file.ts";

/** Where runs go unless --out says otherwise. */
export const RUNS = "runs";

/** A folder for a new run: `runs/text-20261123-094500`. */
export function newRunFolder(now: Date = new Date()): string {
  const [date, time] = now.toISOString().replace(/[-:]/g, "").split("T");
  return join(RUNS, `text-${date}-${time.slice(0, 6)}`);
}

/** The newest text run in `runs/`: names carry their date. @throws InputError when there is none */
export async function newestRun(): Promise<string> {
  const names = await readdir(RUNS).catch(() => [] as string[]);
  const newest = names
    .filter((name) => name.startsWith("text-"))
    .sort()
    .at(-1);
  if (newest === undefined) {
    throw new InputError(`there is no run to resume in ${RUNS}/`, { hint: "name its folder with --out" });
  }
  return join(RUNS, newest);
}

const FLAGS: Record<keyof TextSettings, string> = {
  cell: "--cell",
  layers: "--layers",
  hidden: "--hidden",
  dropout: "--dropout",
  seqLength: "--seq-length",
  batchSize: "--batch-size",
  optimizer: "--optimizer",
  lr: "--lr",
  clipNorm: "--clip-norm",
  clipValue: "--clip-value",
  valSplit: "--val-split",
  seed: "--seed",
};

/** @throws InputError listing every option that was given and differs from the run's */
export function refuseOtherSettings(run: TextRun, options: TextTrainOptions, folder: string): void {
  const differences = Object.entries(given(options)).flatMap(([name, value]) => {
    const stored = run.settings[name as keyof TextSettings];
    return stored === value ? [] : [`${FLAGS[name as keyof TextSettings]} ${value} (the run has ${stored})`];
  });
  if (differences.length === 0) return;
  throw new InputError(`${folder} cannot be resumed with ${differences.join(", ")}`, {
    hint: "leave these options out to go on with the run's own, or start a new run with --from",
  });
}

/** @throws InputError saying how the text differs from the one that the run was trained on */
export function refuseOtherCorpus(run: TextRun, corpus: TextCorpus, folder: string): void {
  if (corpus.fingerprint === run.data.fingerprint) return;
  const before = new Set(run.data.vocabulary);
  const now = new Set(corpus.vocabulary.characters);
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

/** Files of sequences whose steps have labels, by the ends of their names. */
import { FormatError, InputError } from "../core/errors.ts";
import type { LoadHooks } from "../core/hooks.ts";
import type { DataFile, DataSource } from "./data-source.ts";
import { sequencesFromTable } from "./sequence-table.ts";
import { fromArrays, fromTable, joinSequences, type StepSequences } from "./step-sequences.ts";

export interface ReadStepOptions {
  /** Column of the labels in a table. Default `label`. */
  readonly labelColumn?: string;
  /** The numbers of a step that a model knows, by the names of their columns. Default: all columns. */
  readonly features?: readonly string[];
}

/**
 * All files of a source as one list of sequences: tables (.csv, .tsv), arrays (.npz).
 * @throws InputError, FormatError naming the file, and the line or array in it that is wrong
 */
export async function readStepSequences(
  source: DataSource,
  options: ReadStepOptions,
  hooks: LoadHooks,
): Promise<StepSequences> {
  const files = await source.listFiles(hooks);
  if (files.length === 0) throw new InputError(`there is no file in ${source.description}`);
  const parts: StepSequences[] = [];
  for (const [index, file] of files.entries()) {
    hooks.onProgress(`reading ${source.description}`, index, files.length);
    hooks.signal?.throwIfAborted();
    parts.push(await readStepFile(file, options));
  }
  return joinSequences(
    parts,
    files.map(({ name }) => name),
  );
}

/** One file. @throws InputError, FormatError as {@link readStepSequences} */
export async function readStepFile(file: DataFile, options: ReadStepOptions): Promise<StepSequences> {
  const bytes = await file.read();
  const { labelColumn = "label", features } = options;
  if (/\.npz$/i.test(file.name)) {
    const { parseNpz } = await import("../io/npz.ts");
    return fromArrays(parseNpz(bytes, file.name), file.name);
  }
  if (!/\.(csv|tsv)$/i.test(file.name)) {
    throw new FormatError(file.name, "is no table (.csv, .tsv) and no file of arrays (.npz)");
  }
  const { parseTable } = await import("../io/table.ts");
  const table = parseTable(bytes, { name: file.name });
  return fromTable(sequencesFromTable(table, { labels: "step", labelColumn, features }));
}

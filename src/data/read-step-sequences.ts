/** Files of sequences whose steps have labels, by the ends of their names. */
import { InputError } from "../core/errors.ts";
import type { LoadHooks } from "../core/hooks.ts";
import type { DataFile, DataSource } from "./data-source.ts";
import { sequencesFromTable } from "./sequence-table.ts";
import { fromArrays, fromConll, fromTable, joinSequences, type StepSequences } from "./step-sequences.ts";

export interface ReadStepOptions {
  /** Column of the labels: its name in a table (default `label`), its number in a CoNLL format (default: the last one). */
  readonly labelColumn?: string;
  /** Whether a table must have that column where it was named. Default false: there may be no labels to compare with. */
  readonly needsLabels?: boolean;
  /** The numbers of a step that a model knows, by the names of their columns. Default: all columns. */
  readonly features?: readonly string[];
}

/**
 * All files of a source as one list of sequences: tables (.csv, .tsv), arrays (.npz), and in files of any other name words
 * with tags in a CoNLL format.
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
    return fromArrays(parseNpz(bytes, file.name), file.name, features);
  }
  if (!/\.(csv|tsv)$/i.test(file.name)) {
    const { parseConll } = await import("../io/conll.ts");
    const columns = conllColumns(file.name, options.labelColumn);
    return fromConll(parseConll(bytes, { name: file.name, ...columns }));
  }
  const { parseTable, requireColumn } = await import("../io/table.ts");
  const table = parseTable(bytes, { name: file.name });
  if (options.needsLabels && options.labelColumn !== undefined) requireColumn(table, labelColumn);
  return fromTable(sequencesFromTable(table, { labels: "step", labelColumn, features }));
}

/** Where the words and the tags are. */
function conllColumns(name: string, labelColumn: string | undefined) {
  const isUniversal = /\.conllu$/i.test(name);
  if (labelColumn !== undefined && !/^-?\d{1,2}$/.test(labelColumn)) {
    throw new InputError(`${name} has columns without names, so --label-column must be a number`, {
      hint: "count the columns from 0, or from the end with -1",
    });
  }
  const own = labelColumn === undefined ? undefined : Number(labelColumn);
  // CoNLL-U has numbers in its first column, and universal parts of speech in its fourth.
  return isUniversal ? { wordColumn: 1, tagColumn: own ?? 3 } : { tagColumn: own ?? -1 };
}

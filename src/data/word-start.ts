/** Vectors of words from a file, which a model starts from. */
import { escapeControl, InputError } from "../core/index.ts";
import { parseWordVectors, type WordVectors } from "../io/word-vectors.ts";
import type { DataFile } from "./data-source.ts";
import type { Items } from "./items.ts";
import { textOf } from "./labelled-lines.ts";
import { type LineWords, splitWords } from "./line-words.ts";
import { sharedFloats } from "./shared-arrays.ts";

/** Vectors of some words. */
export interface WordStart {
  readonly ids: Int32Array;
  /** [ids, width] */
  readonly values: Float32Array;
  readonly width: number;
}

/**
 * The vectors of a file for the words of a training part.
 * @param lines code points, as those of `LabelledLines`
 * @throws FormatError for a file that holds no vectors, InputError for one with none of the words
 */
export async function readWordVectors(lines: Items<Int32Array>, file: DataFile): Promise<WordVectors> {
  const words = new Set<string>();
  for (let index = 0; index < lines.count; index++) {
    for (const word of splitWords(textOf(lines.item(index)))) words.add(word);
  }
  const read = parseWordVectors(await file.read(), { name: file.name, words });
  if (read.vectors.size > 0) return read;
  throw new InputError(`${escapeControl(file.name)} has a vector for none of the ${words.size} words`, {
    hint: "name vectors of the language of the texts; words are looked for in lower case",
  });
}

/** The vectors by the ids of their words. */
export function startOf({ vectors, width }: WordVectors, { words }: LineWords): WordStart {
  const known = [...words.keys()].filter((id) => vectors.has(words[id]));
  const values = sharedFloats(known.length * width);
  for (const [row, id] of known.entries()) values.set(vectors.get(words[id])!, row * width);
  return { ids: Int32Array.from(known), values, width };
}

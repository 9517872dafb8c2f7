/** What a text is cut into for a classifier: characters or words, each with one symbol for all that are unknown. */
import { oneOf } from "../core/options.ts";
import { Items as ItemList, type Items, type ItemValues } from "./items.ts";
import { LineVocabulary } from "./line-vocabulary.ts";
import { LineWords } from "./line-words.ts";
import { sharedInts } from "./shared-arrays.ts";

export const LINE_TOKENS = ["char", "word"] as const;
export type LineTokenKind = (typeof LINE_TOKENS)[number];
export const LINE_TOKEN_KIND = oneOf(...LINE_TOKENS);

/** What both have. */
export type LineTokens = LineVocabulary | LineWords;

/** The symbols of a training part. @param lines code points, as those of `LabelledLines` */
export function lineTokensOf(
  kind: LineTokenKind,
  lines: Items<Int32Array>,
  words: { readonly most: number; readonly known?: ReadonlySet<string> },
): LineTokens {
  return kind === "char" ? LineVocabulary.fromLines(lines) : LineWords.fromLines(lines, words);
}

/** @throws FormatError for a list that is no vocabulary of this kind */
export function lineTokensFromJSON(kind: LineTokenKind, value: unknown, where: string): LineTokens {
  return kind === "char" ? LineVocabulary.fromJSON(value, where) : LineWords.fromJSON(value, where);
}

/** Items of which only the first `most` elements count, and how many are longer. Nothing is copied. */
export function cutItems<Values extends ItemValues>(
  items: Items<Values>,
  most: number,
): { readonly items: Items<Values>; readonly cut: number } {
  if (items.longest <= most) return { items, cut: 0 };
  const { store } = items;
  const lengths = sharedInts(store.lengths.length);
  let cut = 0;
  for (let index = 0; index < lengths.length; index++) {
    lengths[index] = Math.min(most, store.lengths[index]);
    if (lengths[index] < store.lengths[index]) cut++;
  }
  return { items: new ItemList({ ...store, lengths }), cut };
}

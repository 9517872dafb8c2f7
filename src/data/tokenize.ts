import { checkValue } from "../core/options.ts";
import { allocateIds, type CharacterIds } from "./id-store.ts";
import { DECODER, IDS, TOKENIZER } from "./ranges.ts";
import type { Tokenizer } from "./tokenizer.ts";
import type { Vocabulary } from "./vocabulary.ts";

const SLICE = 1 << 16;

/** A text of characters as strings, each to the end of a line or at least of a word where there is one. */
export function* slicesOf(ids: CharacterIds, vocabulary: Vocabulary): Generator<string> {
  checkValue("slicesOf: ids", IDS, ids);
  checkValue("slicesOf: vocabulary", DECODER, vocabulary);
  let open = "";
  for (let at = 0; at < ids.length; at += SLICE) {
    const text = open + vocabulary.decode(ids.subarray(at, at + SLICE));
    if (at + SLICE >= ids.length) {
      yield text;
      return;
    }
    const cut = text.lastIndexOf("\n") + 1 || Math.max(0, text.lastIndexOf(" ")) || text.length;
    yield text.slice(0, cut);
    open = text.slice(cut);
  }
}

/** The symbols of a text, in memory that workers can share. */
export function tokenize(ids: CharacterIds, vocabulary: Vocabulary, tokenizer: Tokenizer): CharacterIds {
  checkValue("tokenize: tokenizer", TOKENIZER, tokenizer);
  const parts = Array.from(slicesOf(ids, vocabulary), (text) => tokenizer.encode(text));
  const length = parts.reduce((total, part) => total + part.length, 0);
  const all = allocateIds(length, tokenizer.size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

import { FormatError } from "../core/index.ts";
import { checkValue, TEXT } from "../core/options.ts";
import { BpeTokenizer } from "./bpe-tokenizer.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { Vocabulary } from "./vocabulary.ts";
import { WordTokenizer } from "./word-tokenizer.ts";

/**
 * The tokenizer that `toJSON` wrote: a list for characters, else an object with its kind.
 * @param where names the file in errors
 * @throws FormatError that names the file and the entry
 */
export function tokenizerFromJSON(value: unknown, where = "vocabulary"): Tokenizer {
  checkValue("tokenizerFromJSON: where", TEXT, where);
  if (Array.isArray(value)) return Vocabulary.fromJSON(value, where);
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  if (kind === "word") return WordTokenizer.fromJSON(value as object, where);
  if (kind === "bpe") return BpeTokenizer.fromJSON(value as object, where);
  throw new FormatError(where, `vocabulary must be a list, or an object of kind "word" or "bpe"`);
}

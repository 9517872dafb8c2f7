import { InputError } from "../core/errors.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { unknownCharacters, Vocabulary } from "./vocabulary.ts";

/**
 * @param where what holds the text, as `--prime`
 * @param characters of the text, each once or more
 * @throws InputError naming those that the tokenizer does not know
 */
export function refuseUnknown(where: string, characters: Iterable<string>, tokenizer: Tokenizer): void {
  // Unknown words are <unk>, byte pairs can write everything.
  if (!(tokenizer instanceof Vocabulary)) return;
  const unknown = new Set([...characters].filter((character) => tokenizer.id(character) < 0));
  if (unknown.size === 0) return;
  throw new InputError(unknownCharacters(where, unknown).problem, {
    hint: "change the text, or leave them out with --skip-unknown",
  });
}

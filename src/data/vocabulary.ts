import { escapeControl, FormatError, InputError } from "../core/index.ts";
import { checkValue, type Range, TEXT } from "../core/options.ts";
import { checkEncodeOptions, checkSymbol, checkSymbols, MAX_VOCABULARY } from "./ranges.ts";
import type { EncodeOptions, TokenDecoder, Tokenizer } from "./tokenizer.ts";

export { MAX_VOCABULARY } from "./ranges.ts";

/**
 * The characters that a model knows, in code point order. The id of a character is its index.
 *
 * A character is one Unicode code point. Texts are not normalised: "é" as one code point and "e" + U+0301 are different
 * texts, and an emoji of several code points takes several ids.
 */
export class Vocabulary implements Tokenizer {
  readonly kind = "char";
  /** Sorted by code point, each once. */
  readonly characters: readonly string[];
  private readonly idOf: ReadonlyMap<string, number>;

  /**
   * @param characters in any order and with repeats; each is one code point and not half a surrogate pair
   * @throws InputError for any other element, and if there is none
   */
  constructor(characters: Iterable<string>) {
    checkValue("vocabulary: characters", CHARACTERS, characters);
    const different = new Set(characters);
    for (const character of different) checkValue("vocabulary: each character", TEXT, character);
    const sorted = [...different].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
    const odd = sorted.find((character) => !isCharacter(character));
    if (odd !== undefined) {
      throw new InputError(`vocabulary: ${escapeControl(JSON.stringify(odd))} is not one Unicode character`);
    }
    if (sorted.length === 0) throw new InputError("a vocabulary needs at least one character");
    if (sorted.length > MAX_VOCABULARY) throw tooManyCharacters("the vocabulary");
    this.characters = sorted;
    this.idOf = new Map(sorted.map((character, id) => [character, id]));
  }

  get size(): number {
    return this.characters.length;
  }

  /** The id of a character, or -1. */
  id(character: string): number {
    checkValue("vocabulary.id: character", TEXT, character);
    return this.idOf.get(character) ?? -1;
  }

  /** The ids of a text, one per code point. @throws InputError that names the unknown characters */
  encode(text: string, options: EncodeOptions = {}): Int32Array {
    checkValue("encode: text", TEXT, text);
    checkEncodeOptions("encode", options);
    const ids = new Int32Array(text.length);
    const unknown = new Set<string>();
    let length = 0;
    for (const character of text) {
      const id = this.idOf.get(character);
      if (id !== undefined) ids[length++] = id;
      else if (options.skipUnknown !== true) unknown.add(character);
    }
    if (unknown.size > 0) throw unknownCharacters("the text", unknown);
    return ids.slice(0, length);
  }

  /** The text of a list of ids, each in [0, size). */
  decode(ids: ArrayLike<number>): string {
    checkSymbols(ids, this.size);
    let text = "";
    for (let at = 0; at < ids.length; at++) {
      text += this.characters[ids[at]];
    }
    return text;
  }

  decoder(): TokenDecoder {
    return {
      push: (id) => {
        checkSymbol(id, this.size);
        return this.characters[id];
      },
      end: () => "",
    };
  }

  toJSON(): string[] {
    return [...this.characters];
  }

  /**
   * The vocabulary that {@link toJSON} wrote. The value comes from a file, so all of it is checked.
   * @param where names the file and the field in errors
   * @throws FormatError
   */
  static fromJSON(value: unknown, where = "vocabulary"): Vocabulary {
    checkValue("Vocabulary.fromJSON: where", TEXT, where);
    if (!Array.isArray(value)) throw new FormatError(where, "must be a list of characters");
    if (value.length < 1 || value.length > MAX_VOCABULARY) {
      throw new FormatError(where, `must hold 1 to ${MAX_VOCABULARY} characters, holds ${value.length}`);
    }
    let previous = -1;
    for (let id = 0; id < value.length; id++) {
      const entry: unknown = value[id];
      if (typeof entry !== "string" || !isCharacter(entry)) {
        throw new FormatError(where, `entry ${id} must be a string of one Unicode character`);
      }
      const codePoint = entry.codePointAt(0)!;
      if (codePoint <= previous) {
        throw new FormatError(where, `entry ${id}, ${showCharacter(entry)}, breaks the order by code point`);
      }
      previous = codePoint;
    }
    return new Vocabulary(value as string[]);
  }
}

const CHARACTER: Range = {
  text: "a character",
  fits: (value) => typeof value === "string" && value !== "",
};

const CHARACTERS: Range = {
  text: "a text, an array or another iterable of characters",
  fits: (value) =>
    typeof value === "string" ||
    (typeof value === "object" &&
      value !== null &&
      typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === "function"),
};

function isCharacter(text: string): boolean {
  const codePoint = text.codePointAt(0);
  if (codePoint === undefined || text.length !== (codePoint > 0xffff ? 2 : 1)) return false;
  return codePoint < 0xd800 || codePoint > 0xdfff;
}

/** A character for messages: `'é' (U+00E9)`. One that is invisible or combines with its neighbour is shown as `U+0301`. */
export function showCharacter(character: string): string {
  checkValue("showCharacter: character", CHARACTER, character);
  const code = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
  return /[\p{C}\p{M}\p{Zl}\p{Zp}]/u.test(character) ? code : `'${character}' (${code})`;
}

/** The error for characters outside a model's vocabulary. It names at most ten of them. */
export function unknownCharacters(where: string, characters: Iterable<string>): InputError {
  const all = [...characters];
  const shown = all.slice(0, 10).map(showCharacter).join(", ");
  const more = all.length > 10 ? ` and ${all.length - 10} more` : "";
  const what = all.length === 1 ? "a character" : `${all.length} characters`;
  return new InputError(`${where} has ${what} that the model has not seen in training: ${shown}${more}`, {
    hint: "leave them out, or train on a text that has them",
  });
}

export function tooManyCharacters(where: string): InputError {
  return new InputError(`${where} has more than ${MAX_VOCABULARY} different characters`, {
    hint: "a character model needs an alphabet; check that this is text",
  });
}

import { checkValue, listOfAny, TEXT } from "../core/options.ts";

/**
 * A simple property of a text that a unit may have learned to follow. It has a value for every character, namely after
 * that character was read, which is when states are recorded: an opening quote is inside the quotes, a closing quote is
 * not.
 */
export interface Signal {
  readonly name: string;
  /** `share`: the signal holds for some of the characters; `amount`: it is a number. */
  readonly kind: "share" | "amount";
  /** @param characters the code points of the text */
  of(characters: readonly string[]): Float32Array;
}

const TEXTS = listOfAny(TEXT, "a list of the text's characters");

/** A signal of kind `share`, or `amount`, from a function that reads the text character by character. */
const walk = (
  name: string,
  start: () => (character: string, at: number, all: readonly string[]) => number | boolean,
  kind: Signal["kind"] = "share",
): Signal => ({
  name,
  kind,
  of(characters) {
    checkValue(`signal "${name}": characters`, TEXTS, characters);
    const step = start();
    return Float32Array.from(characters, (character, at) => Number(step(character, at, characters)));
  },
});

/** A signal that holds in all matches of a pattern, from the first character of each to the one before its last. */
const within = (name: string, pattern: RegExp): Signal => ({
  name,
  kind: "share",
  of(characters) {
    checkValue(`signal "${name}": characters`, TEXTS, characters);
    const values = new Float32Array(characters.length);
    const text = characters.join("");
    // The index of a match is in UTF-16 units, that of the values in characters.
    const units = characters.some((character) => character.length > 1) ? unitsOf(characters) : undefined;
    for (const match of text.matchAll(pattern)) {
      const [first, end] = [match.index, match.index + match[0].length - 1];
      for (let unit = first; unit < end; unit++) values[units?.[unit] ?? unit] = 1;
    }
    return values;
  },
});

function unitsOf(characters: readonly string[]): number[] {
  return characters.flatMap((character, at) => new Array<number>(character.length).fill(at));
}

/** The depth of brackets. An empty line closes all of them, so that a missing bracket has little effect. */
const depth = (open: string, close: string) => () => {
  let now = 0;
  return (character: string, at: number, all: readonly string[]) => {
    if (open.includes(character)) now++;
    else if (close.includes(character)) now = Math.max(0, now - 1);
    else if (character === "\n" && all[at - 1] === "\n") now = 0;
    return now > 0;
  };
};

export const SIGNALS: readonly Signal[] = [
  within("inside quotes", /"[^"\n]*(?:\n(?!\n)[^"\n]*)*"|“[^”]*”|«[^»]*»/g),
  walk("inside brackets", depth("([", ")]")),
  walk("inside braces", depth("{", "}")),
  within("inside a URL", /https?:\/\/[^\s)>"'`]+[\s\S]/g),
  within("inside a comment", /(?<!:)\/\/[^\n]*\n|\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->/g),
  within("inside a code span", /`[^`\n]+`/g),
  walk("inside a word", () => (character) => /[\p{L}\p{M}\p{N}_]/u.test(character)),
  walk("upper case", () => (character) => /\p{Lu}/u.test(character)),
  walk("in a number", () => (character) => /\p{Nd}/u.test(character)),
  walk("in the indentation", () => {
    let only = true;
    return (character) => {
      only = character === "\n" || (only && /[ \t]/.test(character));
      return only;
    };
  }),
  walk(
    "position in line",
    () => {
      let column = 0;
      return (character) => {
        column = character === "\n" ? 0 : column + 1;
        return column;
      };
    },
    "amount",
  ),
];

/** All advice in the source: what errors say in `hint`, and what notes say. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const SRC = fileURLToPath(new URL("../../src", import.meta.url));

/** One sentence of advice: the file below src/ in which it stands, and its text with `*` for what is filled in. */
export interface Advice {
  readonly file: string;
  readonly text: string;
}

/**
 * Where advice begins: `hint: ...` and `const hint = ...` (not a type: `hint: string`), the arguments of `note(...)` and
 * `onNote(...)`, and what stands in for a literal at such a place.
 */
const BEGINNINGS: readonly RegExp[] = [
  /\bhint\??:\s(?!\s*string\b)/g,
  /\bhint =\s/g,
  /\b(?:note|onNote)(?:\?\.)?\((?!text: string)/g,
  /\bfunction (?:hintFor|suggestForPath)\b/g,
  /\bconst REASONS: .* = /g, // pairs of what is wrong and what to do
];

/** Each place with advice in the source, in order; the same text at two places comes twice. */
export function adviceInSource(): Advice[] {
  return sourceFiles().flatMap((path) => {
    const file = relative(SRC, path).split(sep).join("/");
    const source = readFileSync(path, "utf8");
    const found = BEGINNINGS.flatMap((beginning) =>
      [...source.matchAll(beginning)].flatMap((match) => {
        const from = match.index + match[0].length;
        if (isInComment(source, match.index)) return [];
        const literals = literalsFrom(source, from);
        const arePairs = match[0].startsWith("const REASONS");
        return arePairs ? literals.filter((_, index) => index % 2 === 1) : literals;
      }),
    );
    // A place that two beginnings have found counts once.
    const places = new Map(found.map(({ at, text }) => [at, text]));
    return [...places]
      .toSorted(([a], [b]) => a - b)
      .map(([, text]) => ({ file, text }))
      .filter(({ text }) => isSentence(text));
  });
}

function sourceFiles(): string[] {
  return readdirSync(SRC, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

function isInComment(source: string, at: number): boolean {
  const line = source.slice(source.lastIndexOf("\n", at) + 1, at);
  return /^\s*(\/\/|\/?\*)/.test(line);
}

/** Two words or more; `"; "` joins sentences, and `"TYPESCRIPT"` is compared with. */
function isSentence(text: string): boolean {
  return /[a-z*]\S* \S*[a-z*]/i.test(text) && !/^[^a-z]*$/.test(text);
}

/** The string literals of the expression, the function or the object that begins at a place. */
function literalsFrom(source: string, from: number): { at: number; text: string }[] {
  const found: { at: number; text: string }[] = [];
  const isFunction = /function $/.test(source.slice(0, from).replace(/\w+$/, ""));
  let depth = 0;
  let at = from;
  while (at < source.length) {
    const character = source[at];
    if (source.startsWith("//", at)) at = source.indexOf("\n", at);
    else if (source.startsWith("/*", at)) at = source.indexOf("*/", at) + 1;
    else if (character === '"' || character === "'" || character === "`") {
      const { text, end } = literalAt(source, at);
      found.push({ at, text });
      at = end;
    } else if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) {
      if (depth === 0) break;
      depth--;
      if (isFunction && depth === 0 && character === "}") break;
    } else if (depth === 0 && !isFunction && ",;".includes(character)) break;
    at++;
  }
  return found;
}

/** A literal and the place of its closing quote; `${...}` becomes `*`. */
function literalAt(source: string, from: number): { text: string; end: number } {
  const quote = source[from];
  let text = "";
  let at = from + 1;
  for (; source[at] !== quote; at++) {
    if (source[at] === "\\") {
      at++;
      text += source[at];
    } else if (quote === "`" && source.startsWith("${", at)) {
      at = endOfSubstitution(source, at + 2);
      text += "*";
    } else text += source[at];
  }
  return { text, end: at };
}

function endOfSubstitution(source: string, from: number): number {
  let depth = 1;
  let at = from;
  for (; ; at++) {
    if ("\"'`".includes(source[at])) at = literalAt(source, at).end;
    else if (source[at] === "{") depth++;
    else if (source[at] === "}" && --depth === 0) return at;
  }
}

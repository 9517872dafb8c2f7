/**
 * The parser of the JSON header of a safetensors file. It accepts only the grammar of such headers:
 *   { "__metadata__": { string: string }, name: { "dtype": string, "shape": [n...], "data_offsets": [n, n] } }
 * JSON.parse would hide duplicate names, round large integers and build whatever a hostile file contains. This parser
 * builds only tensor entries, bounds all lists, and throws at the first violation.
 */
import { escapeControl, FormatError } from "../core/index.ts";

export const METADATA_NAME = "__metadata__";

/** The most axes of a tensor, as in PyTorch. */
export const MAX_RANK = 64;

export interface HeaderEntry {
  name: string;
  dtype: string;
  /** Non-negative safe integers. */
  shape: number[];
  /** The first byte, and the byte after the last one, counted from the start of the data section. */
  begin: number;
  end: number;
}

export interface Header {
  /** Without a prototype, so that `__proto__` is a key like any other. */
  metadata: Record<string, string>;
  entries: Map<string, HeaderEntry>;
}

/**
 * Parses a header.
 * @param text the whole header, including its padding
 * @param where names the file in errors
 * @throws FormatError at the first violation of the format
 */
export function parseHeader(text: string, where: string): Header {
  return new HeaderParser(text, where).parse();
}

/** A name from a file for a message: in quotes, cut if it is long, with control characters escaped. */
export function quoteName(name: string): string {
  const shown = name.length > 80 ? `${name.slice(0, 80)}...` : name;
  return `"${escapeControl(shown)}"`;
}

class HeaderParser {
  private at = 0;
  private readonly text: string;
  private readonly file: string;
  /** What is being parsed, for messages. */
  private place: string;

  constructor(text: string, where: string) {
    this.text = text;
    this.file = where;
    this.place = "header";
  }

  parse(): Header {
    const entries = new Map<string, HeaderEntry>();
    const found: { metadata?: Record<string, string> } = {};
    // No white space may precede it: a header starts with its brace.
    if (this.text[0] !== "{") this.fail("must be a JSON object and start with {");
    this.object((name) => {
      if (name === METADATA_NAME) {
        if (found.metadata !== undefined) this.fail(`${METADATA_NAME} appears twice`);
        found.metadata = this.metadata();
        return;
      }
      if (entries.has(name)) this.fail(`tensor ${quoteName(name)} appears twice`);
      entries.set(name, this.tensor(name));
    });
    this.skipSpace();
    if (this.at < this.text.length)
      this.fail(`has something after its closing brace, at character ${this.at}`);
    return { metadata: found.metadata ?? Object.create(null), entries };
  }

  private metadata(): Record<string, string> {
    const metadata: Record<string, string> = Object.create(null);
    this.place = METADATA_NAME;
    this.object((key) => {
      if (key in metadata) this.fail(`key ${quoteName(key)} appears twice`);
      if (this.peek() !== '"') this.fail(`the value of ${quoteName(key)} must be a string`);
      metadata[key] = this.string();
    });
    this.place = "header";
    return metadata;
  }

  private tensor(name: string): HeaderEntry {
    this.place = `tensor ${quoteName(name)}`;
    const found: { dtype?: string; shape?: number[]; offsets?: number[] } = {};
    this.object((field) => {
      if (field === "dtype") {
        if (found.dtype !== undefined) this.fail("dtype appears twice");
        if (this.peek() !== '"') this.fail("dtype must be a string");
        found.dtype = this.string();
      } else if (field === "shape") {
        if (found.shape !== undefined) this.fail("shape appears twice");
        found.shape = this.integers(field);
      } else if (field === "data_offsets") {
        if (found.offsets !== undefined) this.fail("data_offsets appears twice");
        found.offsets = this.integers(field);
      } else {
        this.fail(`unknown field ${quoteName(field)}, expected dtype, shape and data_offsets`);
      }
    });
    const { dtype, shape, offsets } = found;
    if (dtype === undefined) this.fail("dtype is missing");
    if (shape === undefined) this.fail("shape is missing");
    if (offsets === undefined) this.fail("data_offsets is missing");
    if (offsets.length !== 2) this.fail(`data_offsets must be [begin, end], got ${offsets.length} numbers`);
    this.place = "header";
    return { name, dtype, shape, begin: offsets[0], end: offsets[1] };
  }

  /** Parses `{ name: value, ... }`. `value` is called with the cursor on each value and must consume it. */
  private object(value: (name: string) => void): void {
    if (this.peek() !== "{") this.fail("must be a JSON object");
    this.at++;
    if (this.take("}")) return;
    do {
      if (this.peek() !== '"') this.failSyntax("a name in quotes");
      const name = this.string();
      if (!this.take(":")) this.failSyntax('":"');
      this.skipSpace();
      value(name);
    } while (this.take(","));
    if (!this.take("}")) this.failSyntax('"," or "}"');
  }

  private integers(field: string): number[] {
    const list: number[] = [];
    if (!this.take("[")) this.fail(`${field} must be a list of non-negative integers`);
    if (this.take("]")) return list;
    do {
      this.skipSpace();
      list.push(this.integer(field));
      if (list.length > MAX_RANK) this.fail(`${field} has more than ${MAX_RANK} numbers`);
    } while (this.take(","));
    if (!this.take("]")) this.failSyntax('"," or "]"');
    return list;
  }

  /** Parses digits only. Refuses 1.0, 1e3, -1, 007 and integers that a double cannot represent. */
  private integer(field: string): number {
    const begin = this.at;
    while (this.at < this.text.length && isNumberCharacter(this.text.charCodeAt(this.at))) this.at++;
    const digits = this.text.slice(begin, this.at);
    const got = digits === "" ? quoteName(this.text.slice(begin, begin + 1)) : digits.slice(0, 40);
    if (!/^(0|[1-9][0-9]*)$/.test(digits)) {
      this.fail(`${field} must hold non-negative integers, got ${got}`);
    }
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) this.fail(`${field}: ${got} is too large`);
    return value;
  }

  /** The cursor is on the opening quote. */
  private string(): string {
    const begin = this.at;
    let end = begin + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === "\\" ? 2 : 1;
    if (end >= this.text.length) this.failSyntax("the end of a string");
    this.at = end + 1;
    let value: unknown;
    try {
      // This is one string literal: JSON.parse handles its escapes and refuses raw control characters.
      value = JSON.parse(this.text.slice(begin, end + 1));
    } catch (cause) {
      this.fail(`is not valid JSON: bad string at character ${begin}`, cause);
    }
    if (typeof value !== "string" || !value.isWellFormed()) {
      this.fail(`the string at character ${begin} is not valid Unicode`);
    }
    return value;
  }

  /** Moves the cursor to the next character that is not white space. Returns it, or "" at the end. */
  private peek(): string {
    this.skipSpace();
    return this.text[this.at] ?? "";
  }

  private take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.at++;
    return true;
  }

  private skipSpace(): void {
    while (this.at < this.text.length && " \t\n\r".includes(this.text[this.at])) this.at++;
  }

  private failSyntax(expected: string): never {
    const found = this.at < this.text.length ? quoteName(this.text[this.at]) : "the end";
    this.fail(`is not valid JSON: expected ${expected} at character ${this.at}, found ${found}`);
  }

  private fail(problem: string, cause?: unknown): never {
    const place = this.place === "header" ? "the header" : this.place;
    throw new FormatError(`${this.file}: ${place}`, problem, { cause });
  }
}

/** Whether a JSON number may contain the character, so that a message can show the whole of a wrong number. */
function isNumberCharacter(code: number): boolean {
  return (
    (code >= 48 && code <= 57) || code === 43 || code === 45 || code === 46 || code === 69 || code === 101
  );
}

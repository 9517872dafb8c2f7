import { type ErrorDetails, escapeControl, FormatError } from "../core/index.ts";
import { BYTES, checkValue, type Range, type Ranges, settle, TEXT } from "../core/options.ts";
import { DAMAGED } from "./damaged.ts";
import { quote } from "./table-columns.ts";

export interface WordVectorOptions {
  /** The file's name, for errors. */
  name: string;
  /** The words to keep. A file may have millions, of which a model knows some thousands. */
  words: ReadonlySet<string>;
}

export interface WordVectors {
  /** Numbers in a vector. */
  readonly width: number;
  /** The vectors of those words that the file has, each `[width]`. */
  readonly vectors: ReadonlyMap<string, Float32Array>;
  /** Words in the file. */
  readonly total: number;
}

const WORDS: Range = { text: "a set of words", fits: (value) => value instanceof Set };
const RANGES: Ranges<WordVectorOptions> = { name: TEXT, words: WORDS };
const MAX_WIDTH = 10_000;

/**
 * Parse vectors of words in the text format of GloVe, one word per line with its numbers, or that of word2vec and
 * fastText, which has a first line with the number of words and of numbers. A word may have spaces in it: the numbers
 * are the last ones of the line. Only the vectors of the words that are asked for are kept, and only their numbers are
 * looked at.
 * @param bytes UTF-8
 * @throws FormatError naming file and line, for a line with another number of numbers, what is no finite number, a word
 * that is there twice, and, of a file with a first line of counts, other counts
 */
export function parseWordVectors(bytes: Uint8Array, options: WordVectorOptions): WordVectors {
  checkValue("parseWordVectors: bytes", BYTES, bytes);
  const settings = settle<WordVectorOptions>("parseWordVectors", RANGES, {}, options);
  return new VectorReader(bytes, escapeControl(settings.name), settings.words).read();
}

class VectorReader {
  private readonly bytes: Uint8Array;
  private readonly name: string;
  private readonly words: ReadonlySet<string>;
  private readonly decoder = new TextDecoder("utf-8", { fatal: true });
  private readonly vectors = new Map<string, Float32Array>();
  private line = 0;
  private width = 0;
  private total = 0;
  /** The number of words in the first line; undefined without it. */
  private expected: number | undefined;

  constructor(bytes: Uint8Array, name: string, words: ReadonlySet<string>) {
    this.bytes = bytes;
    this.name = name;
    this.words = words;
  }

  read(): WordVectors {
    const { bytes } = this;
    // Line by line from the bytes: the text of a whole file may be longer than a string can be.
    for (let from = 0; from < bytes.length; ) {
      const end = bytes.indexOf(0x0a, from);
      const to = end < 0 ? bytes.length : end;
      this.line++;
      this.readLine(bytes.subarray(from, trimmedEnd(bytes, from, to)));
      from = to + 1;
    }
    const { width, vectors, total, expected } = this;
    if (total === 0) throw new FormatError(this.name, "the file has no vectors");
    if (expected !== undefined && expected !== total) {
      throw new FormatError(
        this.name,
        `the first line says ${expected} words, but there are ${total}`,
        DAMAGED,
      );
    }
    return { width, vectors, total };
  }

  private readLine(line: Uint8Array): void {
    if (line.length === 0) return;
    if (this.line === 1 && this.readCounts(line)) return;
    const spaces = countSpaces(line);
    if (this.width === 0) this.setWidth(spaces);
    const { width, words, vectors } = this;
    this.total++;
    const [wordEnd, isWhole] = spaces === width ? [line.indexOf(SPACE), false] : [line.length, true];
    const cells = this.decode(line.subarray(0, wordEnd)).split(" ");
    // A word of GloVe may have spaces, such as ". . .".
    const word = isWhole ? cells.slice(0, -width).join(" ") : cells[0];
    if (spaces < width || word === "") {
      const problem =
        spaces < width ? `expected ${width} numbers after the word, got ${spaces}` : "the word is empty";
      throw this.error(problem, {
        hint: "write a word and its numbers on each line, as GloVe and word2vec do in their text formats",
      });
    }
    if (!words.has(word)) return;
    if (vectors.has(word)) {
      throw this.error(`the word ${quote(word)} is there a second time`, {
        hint: "remove one of its two lines",
      });
    }
    vectors.set(word, this.readNumbers(this.decode(line).split(" ").slice(-width), word));
  }

  /** Whether the first line has counts and no vector. */
  private readCounts(line: Uint8Array): boolean {
    const [, words, width] = /^(\d{1,15}) (\d{1,15})$/.exec(this.decode(line)) ?? [];
    if (width === undefined) return false;
    this.expected = Number(words);
    this.setWidth(Number(width));
    return true;
  }

  private decode(bytes: Uint8Array): string {
    try {
      return this.decoder.decode(bytes);
    } catch (error) {
      throw this.error("the text is not UTF-8", {
        hint: "save the vectors in the text format, in UTF-8",
        cause: error,
      });
    }
  }

  private setWidth(width: number): void {
    if (width < 1 || width > MAX_WIDTH) {
      throw this.error(`expected 1 to ${MAX_WIDTH} numbers per word, got ${width}`, {
        hint: "separate the word and its numbers by single spaces",
      });
    }
    this.width = width;
  }

  private readNumbers(cells: readonly string[], word: string): Float32Array {
    const numbers = new Float32Array(cells.length);
    for (const [at, cell] of cells.entries()) {
      const number = /^[-+\d.eE]+$/.test(cell) ? Number(cell) : Number.NaN;
      numbers[at] = number;
      if (Number.isFinite(numbers[at])) continue;
      throw this.error(`number ${at + 1} of the word ${quote(word)} is ${quote(cell)}, no finite number`, {
        hint: "correct the line, or remove it",
      });
    }
    return numbers;
  }

  private error(problem: string, details: ErrorDetails): FormatError {
    return new FormatError(`${this.name}:${this.line}`, problem, details);
  }
}

const SPACE = 0x20;

/** Where a line ends without the white space behind its last number, which word2vec writes. */
function trimmedEnd(bytes: Uint8Array, from: number, to: number): number {
  let end = to;
  while (end > from && (bytes[end - 1] === SPACE || bytes[end - 1] === 0x0d)) end--;
  return end;
}

function countSpaces(line: Uint8Array): number {
  let spaces = 0;
  for (let at = 0; at < line.length; at++) if (line[at] === SPACE) spaces++;
  return spaces;
}

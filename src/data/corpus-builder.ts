import { InputError, type Job, runJob } from "../core/index.ts";
import { BYTES, checkValue, TEXT } from "../core/options.ts";
import { IdStore } from "./id-store.ts";
import { HASHER } from "./ranges.ts";
import { type Hasher, Sha256 } from "./sha256.ts";
import { fingerprintJob, TextCorpus } from "./text-corpus.ts";
import { decodeSequence, INCOMPLETE, INVALID, sequenceLength } from "./utf8.ts";
import { MAX_VOCABULARY, tooManyCharacters, Vocabulary } from "./vocabulary.ts";

const CR = 13;
const LF = 10;
const BYTE_ORDER_MARK = 0xfeff;
/** A zero byte among the first bytes marks a binary file; this is checked before anything else. */
const SNIFFED_BYTES = 65_536;

const NOTHING = new Uint8Array(0);

/** The bytes are not text, because one of them is zero. */
export class BinaryContentError extends InputError {
  override name = "BinaryContentError";
  readonly offset: number;

  constructor(name: string, offset: number) {
    super(`${name} is a binary file: byte ${offset} is zero`, { hint: "give a text file in UTF-8" });
    this.offset = offset;
  }
}

/**
 * Turns UTF-8 bytes, in pieces of any size, into a {@link TextCorpus} without ever making a string of the text.
 *
 * Sources are joined with nothing between them. A byte order mark at the start of a source is dropped, CRLF becomes LF
 * (counted in {@link crlf}), a lone CR stays. While reading, ids are numbered in order of appearance; at the end they
 * are renumbered in code point order. The corpus and the errors do not depend on where the pieces end.
 */
export class CorpusBuilder {
  private readonly store = new IdStore();
  /** The code point of each provisional id. */
  private codePoints: number[] = [];
  /** Code point -> provisional id + 1; 0 for a code point that has not occurred yet. */
  private readonly idOf = new Uint16Array(0x110000);
  /** The same for ASCII except NUL and CR, which need further checks. */
  private readonly quick = new Uint16Array(256);
  private name = "the text";
  /** Whether a source was begun and has not ended. */
  private isOpen = false;
  /** The first bytes of this source, collected until there are enough to tell whether it is text. */
  private readonly head = new Uint8Array(SNIFFED_BYTES);
  private headLength = 0;
  private isSniffed = false;
  /** The number of bytes of this source before the current piece, and a copy of the unfinished end of the last piece. */
  private offset = 0;
  private carried = NOTHING;
  private mark = { characters: 0, vocabulary: 0, crlf: 0 };

  /** CRLF pairs that became LF. */
  crlf = 0;

  /** How many characters were read. */
  get characters(): number {
    return this.store.length;
  }

  /**
   * Ends the source before and starts the next one.
   * @param name the name for errors, already quoted and escaped
   */
  begin(name: string): void {
    checkValue("corpusBuilder.begin: name", TEXT, name);
    this.end();
    this.restart(name);
  }

  /**
   * Reads the next bytes of the source. The caller may reuse the buffer afterwards.
   * @throws BinaryContentError for a zero byte; InputError with byte offset and line for bytes that are not UTF-8
   */
  push(piece: Uint8Array): void {
    checkValue("corpusBuilder.push: piece", BYTES, piece);
    this.isOpen = true;
    if (this.isSniffed) this.read(piece);
    else if (this.headLength + piece.length < SNIFFED_BYTES) {
      this.head.set(piece, this.headLength);
      this.headLength += piece.length;
    } else this.readHead(piece);
  }

  /** Ends the source. Throws the errors of {@link push}. */
  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (!this.isSniffed) this.readHead(NOTHING);
    if (this.carried.length === 0) return;
    if (this.carried[0] !== CR) throw this.notUtf8(this.offset, this.carried, "it ends inside a character");
    this.add(CR);
    this.carried = NOTHING;
  }

  /** Removes the source that was begun last. */
  discard(): void {
    this.store.truncate(this.mark.characters);
    for (const codePoint of this.codePoints.slice(this.mark.vocabulary)) {
      this.idOf[codePoint] = 0;
      if (codePoint < 0x80) this.quick[codePoint] = 0;
    }
    this.codePoints.length = this.mark.vocabulary;
    this.crlf = this.mark.crlf;
    this.restart(this.name);
  }

  /**
   * Returns the corpus. The builder cannot be used afterwards.
   * @param hasher computes the fingerprint
   * @throws InputError if there is not a single character
   */
  finish(hasher: Hasher = new Sha256()): TextCorpus {
    return runJob(this.finishJob(hasher));
  }

  /** {@link finish} as a job. */
  *finishJob(hasher: Hasher = new Sha256()): Job<TextCorpus> {
    checkValue("corpusBuilder.finish: hasher", HASHER, hasher);
    this.end();
    if (this.characters === 0) {
      throw new InputError(`${this.name} is empty`, {
        hint: "give a text of at least some thousand characters",
      });
    }
    const vocabulary = new Vocabulary(this.codePoints.map((codePoint) => String.fromCodePoint(codePoint)));
    const renamed = Uint16Array.from(this.codePoints, (code) => vocabulary.id(String.fromCodePoint(code)));
    const ids = yield* this.store.drain(renamed);
    return new TextCorpus(ids, vocabulary, yield* fingerprintJob(ids, vocabulary, hasher));
  }

  private restart(name: string): void {
    this.name = name;
    this.isOpen = false;
    this.headLength = 0;
    this.isSniffed = false;
    this.offset = 0;
    this.carried = NOTHING;
    this.mark = { characters: this.store.length, vocabulary: this.codePoints.length, crlf: this.crlf };
  }

  /** Reads the bytes that were held back, and the piece after them. */
  private readHead(piece: Uint8Array): void {
    const start = join(this.head.subarray(0, this.headLength), piece);
    this.headLength = 0;
    this.isSniffed = true;
    this.sniff(start);
    this.read(start);
  }

  private read(piece: Uint8Array): void {
    const bytes = join(this.carried, piece);
    const consumed = this.consume(bytes);
    this.offset += consumed;
    // Not `slice`, which of a Node Buffer gives a view of the caller's memory.
    this.carried = new Uint8Array(bytes.subarray(consumed));
  }

  /** Adds all complete characters and returns the number of their bytes. A CR at the end waits for the next byte. */
  private consume(bytes: Uint8Array): number {
    const { store, quick } = this;
    const end = bytes.length;
    let at = 0;
    while (at < end) {
      const known = quick[bytes[at]];
      if (known !== 0) {
        store.push(known - 1);
        at++;
        continue;
      }
      const codePoint = decodeSequence(bytes, at);
      if (codePoint === INCOMPLETE || (codePoint === CR && at + 1 === end)) return at;
      if (codePoint === INVALID) throw this.notUtf8(this.offset + at, bytes.subarray(at));
      if (codePoint === 0) throw new BinaryContentError(this.name, this.offset + at);
      if (codePoint === CR && bytes[at + 1] === LF) this.crlf++;
      else if (codePoint !== BYTE_ORDER_MARK || this.offset + at > 0) this.add(codePoint);
      at += sequenceLength(codePoint);
    }
    return at;
  }

  private add(codePoint: number): void {
    let known = this.idOf[codePoint];
    if (known === 0) {
      if (this.codePoints.length === MAX_VOCABULARY) throw tooManyCharacters(this.name);
      known = this.codePoints.push(codePoint);
      this.idOf[codePoint] = known;
      if (codePoint < 0x80 && codePoint !== CR) this.quick[codePoint] = known;
    }
    this.store.push(known - 1);
  }

  private sniff(bytes: Uint8Array): void {
    const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    if (utf16) {
      throw new InputError(`${this.name} is UTF-16, expected UTF-8`, {
        hint: "convert it: iconv -f utf-16 -t utf-8",
      });
    }
    const zero = bytes.subarray(0, SNIFFED_BYTES).indexOf(0);
    if (zero >= 0) throw new BinaryContentError(this.name, zero);
  }

  private notUtf8(offset: number, bytes: Uint8Array, why?: string): InputError {
    const feed = this.idOf[LF];
    const line = 1 + (feed === 0 ? 0 : this.store.count(feed - 1, this.mark.characters));
    const hex = bytes[0].toString(16).padStart(2, "0");
    const what = why ?? `0x${hex} does not belong there`;
    return new InputError(`${this.name} is not UTF-8 at byte ${offset} (line ${line}): ${what}`, {
      hint: "convert it to UTF-8 first, for example: iconv -f latin1 -t utf-8",
    });
  }
}

/** Joins two arrays of bytes, in new memory unless one of them is empty. */
function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

/** A corpus from a string, which is treated like a file with that content. */
export function corpusFromText(text: string, name = "the text"): TextCorpus {
  checkValue("corpusFromText: text", TEXT, text);
  checkValue("corpusFromText: name", TEXT, name);
  if (!text.isWellFormed()) throw new InputError(`${name} has half a surrogate pair, which is no character`);
  const builder = new CorpusBuilder();
  builder.begin(name);
  builder.push(new TextEncoder().encode(text));
  builder.end();
  return builder.finish();
}

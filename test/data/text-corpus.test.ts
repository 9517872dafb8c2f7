import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/index.ts";
import { BinaryContentError, CorpusBuilder, corpusFromText, Vocabulary } from "../../src/data/index.ts";

/** Feeds the sources, each cut after every `size` bytes. */
function build(sources: (string | Uint8Array)[], size: number): CorpusBuilder {
  const builder = new CorpusBuilder();
  sources.forEach((source, index) => {
    const bytes = typeof source === "string" ? new TextEncoder().encode(source) : source;
    builder.begin(`'file ${index}'`);
    for (let at = 0; at < bytes.length; at += size) builder.push(bytes.slice(at, at + size));
    builder.end();
  });
  return builder;
}

const cut = fc.integer({ min: 1, max: 9 });
const source = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\r\n", "\r", "\n", "\ufeff", "e\u0301", "\u{1f600}", "ß", "水"),
    fc.string({ unit: "binary", maxLength: 1 }),
  ),
  maxLength: 40,
});

describe("CorpusBuilder", () => {
  it("gives the joined text, whatever the pieces", () => {
    fc.assert(
      fc.property(fc.array(source, { minLength: 1, maxLength: 4 }), cut, (sources, size) => {
        const clean = sources.map((one) => one.replaceAll("\0", "."));
        const expected = clean.map((one) => one.replace(/^\ufeff/, "").replaceAll("\r\n", "\n")).join("");
        fc.pre(expected.length > 0);
        const builder = build(clean, size);
        expect(builder.crlf).toBe(clean.join("\0").split("\r\n").length - 1);
        const corpus = builder.finish();
        expect(corpus.text()).toBe(expected);
        expect(corpus.characters).toBe([...expected].length);
        expect(corpus.vocabulary.characters).toEqual(new Vocabulary(expected).characters);
        expect(corpus.fingerprint).toBe(createHash("sha256").update(expected).digest("hex"));
      }),
    );
  });

  /** Everything that a source becomes, or the error that it ends with. */
  const outcome = (sources: Iterable<Uint8Array>[]): unknown => {
    const builder = new CorpusBuilder();
    try {
      for (const [index, pieces] of sources.entries()) {
        builder.begin(`'file ${index}'`);
        for (const piece of pieces) builder.push(piece);
        builder.end();
      }
      const { ids, vocabulary, fingerprint } = builder.finish();
      return `${ids.length} ${vocabulary.characters.join("")} ${fingerprint} ${builder.crlf}`;
    } catch (error) {
      return error instanceof InputError ? `${error.constructor.name} ${error.message}` : error;
    }
  };
  /** A reader that reads every piece into the same Buffer, as files are read: what is kept must be a copy. */
  function* throughOneBuffer(bytes: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
    const buffer = Buffer.alloc(bytes.length);
    let at = 0;
    for (const end of [...cuts, bytes.length]) {
      buffer.fill(0x2a).set(bytes.subarray(at, end));
      yield buffer.subarray(0, end - at);
      at = end;
    }
  }
  const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const hard: [string, Uint8Array][] = [
    ...(
      [
        ["one to four bytes", "aé水\u{1f468}\u200d\u{1f469}z\u{10ffff}\u07ff\u0800\uffff\u{10000}"],
        ["CRLF, CR and LF", "a\r\nb\r\r\nc\n\r\r\r\n\r"],
        ["a byte order mark before text", "\ufeffa\ufeffb"],
        ["two byte order marks", "\ufeff\ufeff"],
        ["a byte order mark before CRLF", "\ufeff\r\n\r"],
        ["a byte order mark alone", "\ufeff"],
        ["nothing", ""],
      ] as const
    ).map(([name, text]): [string, Uint8Array] => [name, new TextEncoder().encode(text)]),
    ["UTF-16", latin1("\xff\xfea\0")],
    ["UTF-16 the other way round", latin1("\xfe\xff\0a")],
    ["a byte that is none, before a zero byte", latin1("ab\xffcd\0e")],
    ["a character that is cut off", latin1("ab\xf0\x9f\x98")],
    ["an overlong form", latin1("a\xe0\x80\x80b")],
    ["half a surrogate pair", latin1("a\n\xed\xa0\x80b")],
    ["a stray continuation after CRLF", latin1("a\r\n\x80")],
  ];

  it.each(hard)("gives the same for %s, wherever it is cut and whoever uses the buffer again", (_, bytes) => {
    const atOnce = outcome([[bytes], [latin1("end")]]);
    const every = Array.from(bytes.keys(), (at) => at + 1);
    const pairs = every.flatMap((a) => every.filter((b) => b > a && b < a + 4).map((b) => [a, b]));
    const cuts = [[], every, ...every.map((at) => [at]), ...pairs];
    const others = cuts.filter((at) => outcome([throughOneBuffer(bytes, at), [latin1("end")]]) !== atOnce);
    expect(others).toEqual([]);
  });

  it("gives the same behind the part that is looked at for zero bytes, wherever that is cut", () => {
    const bytes = new TextEncoder().encode(`${"a".repeat(65_520)}é水\u{1f600}\r\nb\r`);
    const atOnce = outcome([[bytes]]);
    expect(atOnce).toMatch(/ 1$/);
    const every = Array.from({ length: bytes.length - 65_515 }, (_, k) => 65_515 + k);
    const cuts = every.flatMap((at) => [[at], [1, at, at + 1]]);
    expect(cuts.filter((at) => outcome([throughOneBuffer(bytes, at)]) !== atOnce)).toEqual([]);
  });

  it("does not lose the start of a source that nobody ended", () => {
    const builder = new CorpusBuilder();
    for (const text of ["one", "two"]) {
      builder.begin(text);
      builder.push(latin1(text));
    }
    expect(builder.finish().text()).toBe("onetwo");
  });

  it.each([1, 2, 3, 100])("names byte and line of invalid UTF-8 in pieces of %i", (size) => {
    const bytes = Uint8Array.of(0x61, 0x0a, 0x62, 0x0a, 0xc3, 0xa9, 0xc3, 0x28, 0x63);
    expect(() => build(["x\ny\n", bytes], size)).toThrow(
      "'file 1' is not UTF-8 at byte 6 (line 3): 0xc3 does not belong there",
    );
    expect(() => build([Uint8Array.of(0x61, 0xf0, 0x9f, 0x98)], size)).toThrow(
      "'file 0' is not UTF-8 at byte 1 (line 1): it ends inside a character",
    );
  });

  it.each([1, 3, 100])("calls a zero byte binary, and UTF-16 by its name, in pieces of %i", (size) => {
    expect(() => build(["abc\0d"], size)).toThrow(BinaryContentError);
    expect(() => build(["abc\0d"], size)).toThrow("'file 0' is a binary file: byte 3 is zero");
    expect(() => build([Uint8Array.of(0xff, 0xfe, 0x61, 0)], size)).toThrow("is UTF-16");
  });

  it("forgets a discarded source, its characters too", () => {
    const builder = build(["ab"], 100);
    builder.begin("'binary'");
    builder.push(new TextEncoder().encode("xyz水\r\n"));
    builder.discard();
    builder.begin("'next'");
    builder.push(new TextEncoder().encode("水a"));
    builder.end();
    const corpus = builder.finish();
    expect(corpus.text()).toBe("ab水a");
    expect(corpus.vocabulary.characters).toEqual(["a", "b", "水"]);
    expect(builder.crlf).toBe(0);
  });

  it("goes over to two bytes at the 257th character, also after a discard, across storage chunks", () => {
    const ascii = "abcdefgh".repeat(140_000);
    const wide = String.fromCodePoint(...Array.from({ length: 600 }, (_, k) => 0x4e00 + k));
    const builder = build([ascii], 1 << 16);
    builder.begin("'discarded'");
    builder.push(new TextEncoder().encode(wide.repeat(1000)));
    builder.discard();
    for (const text of [wide, ascii, wide]) {
      builder.begin("'kept'");
      builder.push(new TextEncoder().encode(text));
      builder.end();
    }
    const corpus = builder.finish();
    expect(corpus.ids).toBeInstanceOf(Uint16Array);
    expect(corpus.vocabulary.size).toBe(608);
    expect(corpus.text() === ascii + wide + ascii + wide).toBe(true);
    expect(corpus.ids.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it("uses one byte up to 256 characters", () => {
    const text = String.fromCodePoint(...Array.from({ length: 256 }, (_, k) => 0x100 + k));
    expect(corpusFromText(text).ids).toBeInstanceOf(Uint8Array);
    expect(corpusFromText(`${text}a`).ids).toBeInstanceOf(Uint16Array);
    expect(corpusFromText(`${text}a`).text()).toBe(`${text}a`);
  });

  it("refuses an alphabet that 16 bits cannot number", () => {
    const codes = Array.from({ length: 65_536 }, (_, k) => String.fromCodePoint(0x10000 + k));
    expect(() => corpusFromText(codes.join(""))).toThrow("the text has more than 65535 different characters");
    expect(corpusFromText(codes.slice(1).join("")).vocabulary.size).toBe(65_535);
  });

  it("refuses empty text and half surrogate pairs", () => {
    expect(() => corpusFromText("")).toThrow("the text is empty");
    expect(() => corpusFromText("\ufeff")).toThrow("the text is empty");
    expect(() => corpusFromText("a\ud83d")).toThrow(InputError);
  });
});

describe("TextCorpus", () => {
  it("takes the ids of another vocabulary", () => {
    const corpus = corpusFromText("banana");
    const other = new Vocabulary("nabx");
    const moved = corpus.withVocabulary(other);
    expect(moved.text()).toBe("banana");
    expect(moved.vocabulary).toBe(other);
    expect(() => corpus.withVocabulary(new Vocabulary("an"))).toThrow("not seen in training: 'b' (U+0062)");
    expect(corpus.withVocabulary(new Vocabulary("an"), { skipUnknown: true }).text()).toBe("anana");
    expect(() => corpus.withVocabulary(new Vocabulary("x"), { skipUnknown: true })).toThrow("no character");
  });

  it("validates on the tail", () => {
    const corpus = corpusFromText("0123456789".repeat(10));
    const { train, validation } = corpus.split(0.05);
    expect(corpus.vocabulary.decode(train)).toBe(`${"0123456789".repeat(9)}01234`);
    expect(corpus.vocabulary.decode(validation)).toBe("56789");
    expect(train.buffer).toBe(corpus.ids.buffer);
    expect(corpus.split(0).validation.length).toBe(0);
  });

  it.each([
    ["aaaa", 0, 1, "at least 2 different characters; all 4 are the same", undefined],
    ["abcd", 1, 1, "the share for validation must be at least 0 and below 1, got 1", undefined],
    ["abcd", Number.NaN, 1, "got NaN", undefined],
    [
      "abcd",
      0,
      4,
      "the text has 4 characters, a sequence needs at least 5",
      "use sequences of at most 3 characters, or a longer text",
    ],
    [
      "abcdefgh",
      0.5,
      4,
      "the training part (8 characters less 4 for validation) has 4 characters",
      "sequences of at most 3 characters",
    ],
    [
      "abcdefgh",
      0.1,
      4,
      "a share of 0.1 of 8 characters leaves 0 for validation",
      "a share of 0.25, a share of 0 for no validation",
    ],
  ])("split refuses %s with %d and sequences of %i", (text, fraction, sequenceLength, message, hint) => {
    try {
      corpusFromText(text).split(fraction, { sequenceLength });
      expect.fail("nothing thrown");
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message).toContain(message);
      if (hint !== undefined) expect((error as InputError).hint).toContain(hint);
    }
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError, InputError } from "../../src/core/index.ts";
import { MAX_VOCABULARY, Vocabulary } from "../../src/data/index.ts";

const text = fc.string({ unit: "binary", minLength: 1, maxLength: 200 });

describe("Vocabulary", () => {
  it("encodes and decodes any text of code points", () => {
    fc.assert(
      fc.property(text, (sample) => {
        const vocabulary = new Vocabulary(sample);
        const ids = vocabulary.encode(sample);
        expect(ids.length).toBe([...sample].length);
        expect(vocabulary.decode(ids)).toBe(sample);
        expect(Vocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary))).characters).toEqual(
          vocabulary.characters,
        );
      }),
    );
  });

  it("is sorted by code point, not by UTF-16 unit", () => {
    expect(new Vocabulary("\u{1f600}\uffe5ba").characters).toEqual(["a", "b", "\uffe5", "\u{1f600}"]);
  });

  it("does not normalise: combining marks are characters of their own", () => {
    const vocabulary = new Vocabulary("e\u0301\u00e9");
    expect(vocabulary.size).toBe(3);
    expect([...vocabulary.encode("e\u0301")]).toEqual([0, 2]);
    expect([...vocabulary.encode("\u00e9")]).toEqual([1]);
  });

  it("names unknown characters, ten at most, escaped", () => {
    const vocabulary = new Vocabulary("abc");
    expect(() => vocabulary.encode("abéé\n")).toThrow(
      "the text has 2 characters that the model has not seen in training: 'é' (U+00E9), U+000A",
    );
    expect(() => vocabulary.encode("a\u0301")).toThrow(/a character .*: U\+0301 — /);
    expect(() => vocabulary.encode("\ud800")).toThrow(/U\+D800 — /);
    expect(() => vocabulary.encode("0123456789XYZ")).toThrow(/'9' \(U\+0039\) and 3 more — /);
    expect(() => vocabulary.encode("z")).toThrow(InputError);
  });

  it("leaves unknown characters out when asked", () => {
    expect([...new Vocabulary("ab").encode("xa\u{1f600}b", { skipUnknown: true })]).toEqual([0, 1]);
  });

  it("refuses ids outside, and what is no character", () => {
    expect(() => new Vocabulary("ab").decode([0, 2])).toThrow("id 2 at position 1 is not in 0..1");
    expect(() => new Vocabulary([])).toThrow("at least one");
    expect(() => new Vocabulary(["ab"])).toThrow('"ab" is not one Unicode character');
    expect(() => new Vocabulary(["\ud800"])).toThrow(InputError);
  });

  it.each([
    ["no list", { length: 2 }, "must be a list"],
    ["nothing", null, "must be a list"],
    ["an empty list", [], "1 to 65535"],
    ["too long a list", new Array(MAX_VOCABULARY + 1).fill("a"), "holds 65536"],
    ["a number", ["a", 7], "entry 1"],
    ["two characters", ["ab"], "entry 0"],
    ["an empty string", [""], "entry 0"],
    ["half a pair", ["a", "\ud83d"], "entry 1"],
    ["a repeat", ["a", "a"], "entry 1, 'a' (U+0061), breaks the order"],
    ["a wrong order", ["b", "a"], "breaks the order"],
    ["a hole", [undefined, "a"], "entry 0"],
  ])("fromJSON refuses %s", (_, value, message) => {
    expect(() => Vocabulary.fromJSON(value, "run.json: vocabulary")).toThrow(FormatError);
    expect(() => Vocabulary.fromJSON(value, "run.json: vocabulary")).toThrow(message as string);
    expect(() => Vocabulary.fromJSON(value, "run.json: vocabulary")).toThrow(/^run\.json: vocabulary: /);
  });
});

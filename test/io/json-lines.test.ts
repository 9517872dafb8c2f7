import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/core/index.ts";
import { parseJsonLines, textField } from "../../src/io/json-lines.ts";

const parse = (text: string) => parseJsonLines(new TextEncoder().encode(text), { name: "a.jsonl" });

describe("parseJsonLines", () => {
  test("reads records and their lines", () => {
    const file = parse('\ufeff{"text": "a\\nb", "label": 3}\r\n\r\n{"text": "é", "label": true}');
    expect(file.records).toEqual([
      { text: "a\nb", label: 3 },
      { text: "é", label: true },
    ]);
    expect([...file.lines]).toEqual([1, 3]);
    expect(textField(file, 0, "text")).toBe("a\nb");
    expect(textField(file, 0, "label")).toBe("3");
    expect(textField(file, 1, "label")).toBe("true");
  });

  test.each([
    ["", "a.jsonl: the file is empty"],
    ["\n \n", "a.jsonl: the file has no record"],
    ['{"a": 1}\n{"a": 1', "a.jsonl:2: the line is not JSON"],
    ['{"a": NaN}', "a.jsonl:1: the line is not JSON"],
    ["[1, 2]", "a.jsonl:1: the line is no JSON object but [1, 2]"],
    ["null", "a.jsonl:1: the line is no JSON object but null"],
  ])("refuses %j", (text, message) => {
    expect(() => parse(text)).toThrow(FormatError);
    expect(() => parse(text)).toThrow(message);
  });

  test("a field that is missing or no text is named with its line", () => {
    const file = parse('{"text": "a"}\n{"text": null, "other": 1}\n{"__proto__": "x"}');
    expect(() => textField(file, 1, "label")).toThrow(
      "a.jsonl:2: there is no field 'label'; the fields are 'text', 'other'",
    );
    expect(() => textField(file, 1, "text")).toThrow("a.jsonl:2: field 'text' must be a text, got null");
    expect(() => textField(file, 0, "toString")).toThrow("there is no field 'toString'");
    expect(textField(file, 2, "__proto__")).toBe("x");
    expect(() => textField(file, 3, "text")).toThrow("textField: index must be an integer in [0, 3), got 3");
  });

  test("reads what JSON.stringify writes, and throws only FormatError for a part of it", () => {
    const record = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(fc.array(record, { minLength: 1 }), fc.nat(), (records, cut) => {
        const text = records.map((value) => JSON.stringify(value)).join("\n");
        expect(JSON.stringify(parse(text).records)).toBe(
          JSON.stringify(text.split("\n").map((line) => JSON.parse(line))),
        );
        try {
          parse(text.slice(0, cut % text.length));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });

  test("a line that is nested a million times is read or refused, and stops nothing", () => {
    const deep = `{"a": ${"[".repeat(1e6)}${"]".repeat(1e6)}}`;
    try {
      expect(parse(deep).records).toHaveLength(1);
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
    }
  });
});

/** Tables of text: what is read, where errors are said to be, and files from strangers. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError, InputError } from "../../src/core/index.ts";
import { numericColumn, parseTable, requireColumn, textColumn } from "../../src/io/table.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const parse = (text: string, delimiter?: string) => parseTable(encode(text), { name: "data.csv", delimiter });

const problem = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return (error as FormatError).problem;
  }
  throw new Error("nothing was thrown");
};

describe("parseTable", () => {
  test("reads cells, and the line where each row begins, with quotes, empty lines and every line end", () => {
    const table = parse('\ufeffa, b \r\n1,"x, ""y""\r\nz"\r\n\r\n2,é\n3,\r4,5');
    expect(table.columns).toEqual(["a", "b"]);
    expect(table.rows).toEqual([
      ["1", 'x, "y"\r\nz'],
      ["2", "é"],
      ["3", ""],
      ["4", "5"],
    ]);
    expect([...table.lines]).toEqual([2, 5, 6, 7]);
  });

  test.each([
    ["a,b;c,d\n1,2;3,4\n", ["a", "b;c", "d"]],
    ["a;b\n1,5;2\n", ["a", "b"]],
    ["a\tb,c\td\n1\t2\t3\n", ["a", "b,c", "d"]],
    ['"a;;;b",c\n1,2\n', ["a;;;b", "c"]],
    ["text\nhello\n", ["text"]],
  ])("guesses the delimiter of %j", (text, columns) => {
    expect(parse(text).columns).toEqual(columns);
  });

  test("takes the delimiter that is given", () => {
    expect(parse("a,b;c\n1,2;3\n", ";").columns).toEqual(["a,b", "c"]);
  });

  test("takes a quote within a cell as it is, in a table with tabs", () => {
    expect(parse('text\tlabel\nthe 5" disk\tgood\n').rows).toEqual([['the 5" disk', "good"]]);
  });

  test.each([
    ["a,b\n1,2\n3\n", "data.csv:3: too few cells: 1, but the header has 2 columns ('a', 'b')"],
    ["a,b\n\n1,2,3\n", "data.csv:3: too many cells: 3, but the header has 2 columns ('a', 'b')"],
    ["a,b,a\n1,2,3\n", "data.csv:1: two columns have the name 'a'"],
    [",b\n1,2\n", "data.csv:1: column 1 has no name"],
    ["a,b\n", "data.csv: there is a header, but no row after it"],
    ["", "data.csv: the file is empty"],
    ["\n\n", "data.csv: the file is empty"],
    ['a,b\n1,2\n3,"four\n5,6\n', "data.csv:3: a quote that opens a cell is not closed"],
    ['a,b\n1,x"y\n', "data.csv:2: a quote stands inside a cell that is not in quotes"],
    ['a,b\n\n1,"x"y\n', "data.csv:3: a closing quote is followed by more than a delimiter"],
    ["a,b\n1,\u0000\n", "data.csv:2: a byte 0: this is no text"],
  ])("refuses %j", (text, message) => {
    expect(problem(() => parse(text))).toBe(message);
  });

  test("names the line that is not UTF-8, and the encoding that it is in", () => {
    const bytes = Uint8Array.of(...encode("a,b\n1,é\n2,"), 0xe9, 0x0a);
    expect(problem(() => parseTable(bytes, { name: "x.csv" }))).toBe("x.csv:3: the text is not UTF-8");
    expect(problem(() => parseTable(Uint8Array.of(0xff, 0xfe, 97, 0), { name: "x" }))).toMatch(/UTF-16/);
  });

  test("reads what was written, whatever the cells are", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "é", '"', ",", ";", "\t", "\n", "\r\n", " ", "😀") });
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const tables = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(tables, fc.constantFrom(",", ";", "\t"), (rows, delimiter) => {
        const lines = rows.map((row) => row.map(quoted).join(delimiter));
        const table = parse([`a${delimiter}b`, ...lines].join("\n"), delimiter);
        expect(table.rows).toEqual(rows);
      }),
    );
  });

  test("throws nothing but FormatError for any bytes", () => {
    const bytes = encode('a,b,c\n1,"x\ny",3\n4,5,é\n"""",,\n');
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.nat(bytes.length - 1), fc.nat(255), (length, at, value) => {
        const damaged = bytes.slice(0, length);
        if (at < length) damaged[at] = value;
        try {
          parseTable(damaged, { name: "x" });
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
        try {
          parseTable(random, { name: "x" });
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });
});

describe("columns", () => {
  test("are found by name, or the error lists them", () => {
    const table = parse("a,b\n1,x\n");
    expect(requireColumn(table, "b")).toBe(1);
    expect(problem(() => requireColumn(table, "c"))).toBe(
      "data.csv: there is no column 'c'; the columns are 'a', 'b'",
    );
    expect(textColumn(table, "b")).toEqual(["x"]);
    expect(() => numericColumn(table, 2)).toThrow(InputError);
  });

  test("of numbers are read in every way of writing them", () => {
    expect([...numericColumn(parse("a,b\n1,0\n -2.5e-3 ,0\n.5,0\n+7.,0\n"), "a")]).toEqual([
      1, -0.0025, 0.5, 7,
    ]);
  });

  test.each([
    ["", "data.csv:4, column 'a': the cell is empty"],
    ["NaN", "data.csv:4, column 'a': 'NaN' is no finite number"],
    ["Infinity", "data.csv:4, column 'a': 'Infinity' is no finite number"],
    ["1e999", "data.csv:4, column 'a': '1e999' is no finite number"],
    ["0x10", "data.csv:4, column 'a': '0x10' is no finite number"],
    ["abc", "data.csv:4, column 'a': 'abc' is no finite number"],
    ["1,5", "data.csv:4, column 'a': '1,5' is no number"],
  ])("of numbers refuse %j with its place", (cell, message) => {
    expect(problem(() => numericColumn(parse(`a;b\n1;"two\nlines"\n${cell};0\n`), "a"))).toBe(message);
  });
});

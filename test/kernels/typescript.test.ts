/** The TypeScript that is written from a header of kernels. */
import { describe, expect, test } from "vitest";
import { parseEnumerations, parseHeader } from "../../kernels/header.ts";
import { typescriptSource } from "../../kernels/typescript.ts";
import {
  BINARY,
  CELL_KINDS,
  REDUCE,
  STREAM_PLAN,
  UNARY,
  WEIGHT_FORMATS,
} from "../../src/backend/kernels.generated.ts";

const HEADER = `
/* ---- first things ---- */
/* Fills:
 *   y = value */
//@ y n
void fill_it(float *y, float the_value, int n);   /* in place */
//@ y n
void bare(float *y, int n); /* behind */
/* What it is. */
enum some_kinds {
  KIND_ONE, /* the first */
  KIND_TWO_MORE
};
/* Words of scratch. */
double scratch(int n);
`;

describe("the TypeScript of a header", () => {
  const declarations = parseHeader(HEADER);
  const text = typescriptSource({
    about: "All of it.",
    sections: [{ title: "first things", before: "fill_it" }],
    declarations,
    enumerations: parseEnumerations(HEADER),
  });

  test("has the comments above a kernel and behind it", () => {
    expect(declarations.map(({ doc }) => doc)).toEqual([
      "Fills:\n  y = value\nin place",
      "behind",
      "Words of scratch.",
    ]);
    expect(text).toContain("  /**\n   * Fills:\n   *   y = value\n   * in place\n   */\n  fill_it(");
    expect(text).toContain("  /** behind */\n  bare(y: Address, n: number): void;");
  });

  test("has addresses for pointers, numbers for the rest, and names as TypeScript writes them", () => {
    expect(text).toContain("fill_it(y: Address, theValue: number, n: number): void;");
    expect(text).toContain("scratch(n: number): number;");
    expect(text).toContain("export interface Kernels {\n  // first things\n\n  /**");
    expect(text).toContain('= [\n  "fill_it",\n  "bare",\n  "scratch",\n];');
  });

  test("has an enum as constants without the words that all its names begin with", () => {
    expect(text).toContain(
      "/** What it is. */\nexport const SOME_KINDS = {\n  /** the first */\n  one: 0,\n  twoMore: 1,\n} as const;",
    );
  });

  test.each([
    ["enum { A, B };", "an enum without a tag: A, B"],
    ["enum kinds { A = 1, B };", "enum kinds: not a list of names: A = 1, B"],
  ])("cannot be written for %s", (text, message) => {
    expect(() => parseEnumerations(text)).toThrow(message);
  });
});

test("the kernels' kinds are those that streams, cells and checkpoints have always had", () => {
  expect(CELL_KINDS).toEqual({ rnnTanh: 0, rnnRelu: 1, lstm: 2, gruAfter: 3, gruBefore: 4 });
  expect(WEIGHT_FORMATS).toEqual({ f32: 0, bf16: 1, int8: 2 });
  expect([UNARY.exp, UNARY.pow, BINARY.add, BINARY.equal, REDUCE.sum, REDUCE.max]).toEqual([
    0, 8, 0, 6, 0, 1,
  ]);
  expect(Object.keys(STREAM_PLAN).at(-1)).toBe("outputs");
});

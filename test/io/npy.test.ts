/** NumPy's files: what NumPy wrote is read, what we write is read again, and files from strangers do no harm. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { strToU8, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { FormatError, InputError } from "../../src/core/index.ts";
import { type NpyValues, parseNpy, writeNpy } from "../../src/io/npy.ts";
import { parseNpz, writeNpz } from "../../src/io/npz.ts";

interface Golden {
  base64: string;
  dtype?: string;
  shape?: number[];
  values?: (number | string | boolean)[];
}

const GOLDENS = JSON.parse(
  readFileSync(new URL("../goldens/numpy-files.json", import.meta.url), "utf8"),
) as Record<string, Golden>;

const bytesOf = (name: string) => Uint8Array.from(Buffer.from(GOLDENS[name].base64, "base64"));
const read = Object.entries(GOLDENS).filter(([, { values }]) => values !== undefined);

/** A file with this header, and so many bytes of data. */
function file(header: string, data = 8, version = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const size =
    version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.of(0x93, ...strToU8("NUMPY"), version, 0, ...size, ...text, ...new Uint8Array(data));
}
const header = (shape: string, descr = "<f4") =>
  `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;

describe("parseNpy", () => {
  test.each(read)("reads what NumPy wrote: %s", (name, { dtype, shape, values }) => {
    const array = parseNpy(bytesOf(name), name);
    expect(array.shape).toEqual(shape);
    expect(Array.from(array.values as ArrayLike<unknown>)).toEqual(
      values!.map((v) => (typeof v === "boolean" ? Number(v) : v)),
    );
    expect(array.dtype).toBe(dtype!.startsWith("str") ? "str" : dtype!.startsWith("bytes") ? "bytes" : dtype);
  });

  test("reads bytes that begin at an odd place of their memory", () => {
    const bytes = bytesOf("float64");
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    expect(parseNpy(moved.subarray(3), "a").values).toEqual(parseNpy(bytes, "a").values);
  });

  test.each([
    ["objects", "a.npy: an array of Python objects is a pickle, which could run a program"],
    ["records", "a.npy: an array of records (a structured dtype) is not read"],
    ["complex", 'a.npy: arrays of type "<c8" are not read'],
    ["longdouble", 'a.npy: arrays of type "<f16" are not read'],
    ["dates", "a.npy: arrays of type"],
    ["beyond 2^53", "a.npy: the integer 1152921504606846976 is beyond 2^53"],
    ["pickle", "a.npy: this is no npy file"],
    ["npz", "a.npy: this is no npy file"],
  ])("refuses %s", (name, message) => {
    expect(() => parseNpy(bytesOf(name), "a.npy")).toThrow(FormatError);
    expect(() => parseNpy(bytesOf(name), "a.npy")).toThrow(message);
  });

  test.each([
    ["a length beyond the file", file(header("(3,)")), "has 12 bytes, but the file has 8"],
    ["a length beyond any machine", file(header("(999999999999999,)")), "has 3999999999999996 bytes"],
    ["a product beyond any number", file(header("(999999999999999, 999999999999999)")), "is too large"],
    ["bytes behind the data", file(header("(1,)")), "has 4 bytes, but the file has 8"],
    ["text of no width, of any number", file(header("(999999999,)", "<U0"), 0), "are not read"],
    ["text of any width", file(header("(0,)", "<U999999999"), 0), "are not read"],
    ["a negative size", file(header("(-1,)")), "the header is not as NumPy writes it"],
    ["a key twice", file(header("(2,), 'shape': (2,)")), "the header is not as NumPy writes it"],
    ["another key", file(header("(2,), 'evil': (2,)")), "the header is not as NumPy writes it"],
    ["an expression", file(header("(__import__('os').system('true'),)")), "the header is not as NumPy"],
    ["no header", file(""), "the header is not as NumPy writes it"],
    ["version 4", file(header("(2,)"), 8, 4), "npy version 4 is not known"],
    ["65 axes", file(header(`(${"1,".repeat(65)})`), 4), "is too large"],
    ["a header beyond the file", file(header("(2,)"), 8).subarray(0, 40), "the header claims"],
    ["no bytes", new Uint8Array(0), "this is no npy file"],
    [
      "a character that is none",
      (() => {
        const bytes = file(header("(2,)", "<U1"));
        bytes[bytes.length - 1] = 0x7f;
        return bytes;
      })(),
      "element 1 has the character",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => parseNpy(bytes, "a")).toThrow(FormatError);
    expect(() => parseNpy(bytes, "a")).toThrow(message);
  });

  test("throws nothing but FormatError, wherever a file is cut or changed", () => {
    const names = fc.constantFrom(...Object.keys(GOLDENS));
    fc.assert(
      fc.property(names, fc.nat(400), fc.nat(400), fc.nat(255), (name, cut, at, value) => {
        const bytes = bytesOf(name);
        const damaged = bytes.subarray(0, bytes.length - (cut % 2 === 0 ? 0 : cut % bytes.length));
        damaged[at % bytes.length] = value;
        for (const parse of [parseNpy, parseNpz]) {
          try {
            parse(damaged, "a");
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("writeNpy", () => {
  const typed: fc.Arbitrary<NpyValues> = fc.oneof(
    fc.float64Array(),
    fc.float32Array(),
    fc.int32Array(),
    fc.uint32Array(),
    fc.int16Array(),
    fc.uint16Array(),
    fc.int8Array(),
    fc.uint8Array(),
    fc.array(fc.string({ unit: "grapheme" }).filter((text) => !text.endsWith("\0"))),
  );

  test("writes what is read as the same", () => {
    fc.assert(
      fc.property(typed, (values) => {
        const array = parseNpy(writeNpy({ shape: [values.length], values }), "a");
        expect(array.values).toEqual(values);
        expect(array.shape).toEqual([values.length]);
      }),
    );
  });

  test("writes what NumPy writes, byte by byte", () => {
    const { shape, values, dtype } = parseNpy(bytesOf("float64"), "a");
    for (const name of [
      "float64",
      "int64",
      "bool",
      "uint64",
      "int8",
      "text",
      "no axes",
      "no elements",
      "version 1",
    ]) {
      const array = parseNpy(bytesOf(name), name);
      expect(Buffer.from(writeNpy(array)).toString("latin1"), name).toBe(
        Buffer.from(bytesOf(name)).toString("latin1"),
      );
    }
    expect(writeNpy({ shape, values })).toEqual(writeNpy({ shape, values, dtype }));
  });

  test("refuses what does not fit", () => {
    const values = Float64Array.of(1, 2.5);
    expect(() => writeNpy({ shape: [3], values })).toThrow(
      "shape must have the 2 elements of values, got [3]",
    );
    expect(() => writeNpy({ shape: [2], values, dtype: "int64" })).toThrow("got 2.5 at position 1");
    expect(() => writeNpy({ shape: [2], values, dtype: "float16" })).toThrow("dtype must be float64");
    expect(() => writeNpy({ shape: [1], values: Uint8Array.of(2), dtype: "bool" })).toThrow(
      "got 2 at position 0",
    );
    expect(() => writeNpy({ shape: [1], values: [1] as never })).toThrow(InputError);
  });
});

describe("npz", () => {
  test.each(["npz", "npz compressed"])("reads what NumPy wrote: %s", (name) => {
    const arrays = parseNpz(bytesOf(name), "a.npz");
    expect([...arrays.keys()]).toEqual(["x", "y"]);
    expect(arrays.get("x")!.shape).toEqual([2, 3, 4]);
    expect(arrays.get("x")!.values).toEqual(Float32Array.from({ length: 24 }, (_, at) => at));
    expect(arrays.get("y")!.values).toEqual(["a", "b"]);
  });

  test("reads what it writes, and writes the same bytes each time", () => {
    const arrays = new Map([
      ["x", { shape: [2], values: Float32Array.of(1, 2) }],
      ["__proto__", { shape: [1], values: ["text"] }],
    ]);
    const bytes = writeNpz(arrays);
    expect(writeNpz(arrays)).toEqual(bytes);
    const again = parseNpz(bytes, "a");
    expect([...again.keys()]).toEqual(["x", "__proto__"]);
    expect(again.get("x")!.values).toEqual(Float32Array.of(1, 2));
    expect(() => writeNpz(new Map([["../x", { shape: [1], values: ["a"] }]]))).toThrow(
      "is no name for an array",
    );
  });

  const zip = (files: Record<string, Uint8Array>) => zipSync(files);
  test.each([
    [
      "an array of objects",
      bytesOf("npz with objects"),
      "a.npz: meta: an array of Python objects is a pickle",
    ],
    [
      "a pickle",
      zip({ "x.npy": bytesOf("int8"), "data.pkl": bytesOf("pickle") }),
      "a.npz: data.pkl: a member that is no .npy",
    ],
    ["a pickle that says it is npy", zip({ "x.npy": bytesOf("pickle") }), "a.npz: x: this is no npy file"],
    ["no arrays", zip({}), "a.npz: the file has no arrays"],
    ["what is no zip file", bytesOf("int8"), "a.npz: this is no zip file"],
    ["no bytes", new Uint8Array(0), "a.npz: this is no zip file"],
    ["a file cut off", bytesOf("npz").subarray(0, 500), "a.npz: this is no zip file"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => parseNpz(bytes, "a.npz")).toThrow(FormatError);
    expect(() => parseNpz(bytes, "a.npz")).toThrow(message);
  });

  test("refuses more than the given number of bytes before it unpacks them", () => {
    const bytes = writeNpz(new Map([["x", { shape: [1e6], values: new Uint8Array(1e6) }]]));
    expect(bytes.length).toBeLessThan(2000);
    expect(parseNpz(bytes, "a").get("x")!.values).toHaveLength(1e6);
    expect(() => parseNpz(bytes, "a", { maxBytes: 1e5 })).toThrow("the arrays would need more than 97.7 KiB");
  });

  test("refuses a file of which one bit of the numbers has changed", () => {
    const bytes = bytesOf("npz");
    // Not compressed, so that the numbers stand in the file.
    const at = Buffer.from(bytes).indexOf(Buffer.from(Float32Array.of(5).buffer));
    expect(at).toBeGreaterThan(0);
    bytes[at] ^= 1;
    expect(() => parseNpz(bytes, "a.npz")).toThrow("a.npz: x.npy: the checksum is wrong");
  });

  test("refuses a size that no compression can have", () => {
    const bytes = writeNpz(new Map([["x", { shape: [10], values: new Uint8Array(10) }]]));
    // In the central directory, 24 bytes after its signature: the size when unpacked.
    const at = Buffer.from(bytes).indexOf("PK\u0001\u0002", 0, "latin1") + 24;
    new DataView(bytes.buffer).setUint32(at, 1_500_000_000, true);
    expect(() => parseNpz(bytes, "a")).toThrow(FormatError);
  });
});

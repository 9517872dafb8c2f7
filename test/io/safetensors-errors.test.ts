import { describe, expect, test } from "vitest";
import { FormatError, InputError } from "../../src/core/index.ts";
import { readSafetensors, type TensorToStore, writeSafetensors } from "../../src/io/index.ts";
import { oneTensor, rawFile } from "./hostile.ts";

const entry = (begin: number, end: number) =>
  `{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
const length = (value: bigint, rest = 0) => {
  const file = new Uint8Array(8 + rest);
  new DataView(file.buffer).setBigUint64(0, value, true);
  return file;
};

const refused: [name: string, file: Uint8Array, message: RegExp][] = [
  ["an empty file", new Uint8Array(0), /0 bytes are too few/],
  ["a file shorter than the header length", new Uint8Array(7), /7 bytes are too few/],
  ["a header cut off", length(10n, 9), /cut off: the header claims 10 bytes, 9 are there/],
  ["a header length above the limit", length(100_000_001n), /claims 100000001 bytes, the limit is 100000000/],
  ["a header length above 2^53", length(2n ** 64n - 1n, 16), /claims 18446744073709551615 bytes/],
  ["a header of no bytes", rawFile(""), /must be a JSON object and start with \{/],
  ["invalid UTF-8", rawFile(Uint8Array.of(0x7b, 0xff, 0x7d)), /not valid UTF-8/],
  ["a byte order mark", rawFile("\ufeff{}"), /start with \{/],
  ["white space before the header", rawFile(" {}"), /start with \{/],
  ["a header that is an array", rawFile("[]"), /must be a JSON object/],
  [
    "JSON cut off in an object",
    rawFile('{"a"'),
    /not valid JSON: expected ":" at character 4, found the end/,
  ],
  ["JSON cut off in a string", rawFile('{"a'), /expected the end of a string/],
  ["JSON cut off after a backslash", rawFile('{"a\\'), /expected the end of a string/],
  ["JSON with a trailing comma", rawFile("{,}"), /expected a name in quotes at character 1, found ","/],
  ["JSON with a bad escape", rawFile('{"\\x":1}'), /bad string at character 1/],
  ["JSON with a raw control character", rawFile('{"\n":1}'), /bad string/],
  ["a lone surrogate in a name", rawFile('{"\\ud800":{}}'), /not valid Unicode/],
  ["something after the object", rawFile("{} {}"), /something after its closing brace, at character 3/],
  ["NUL padding", rawFile("{}\0"), /something after its closing brace/],
  [
    "a tensor name twice",
    rawFile(`{"a":${entry(0, 1)},"a":${entry(0, 1)}}`, new Uint8Array(1)),
    /"a" appears twice/,
  ],
  [
    "a tensor name twice in two spellings",
    rawFile(`{"a":${entry(0, 1)},"\\u0061":${entry(0, 1)}}`, new Uint8Array(1)),
    /"a" appears twice/,
  ],
  ["__metadata__ twice", rawFile('{"__metadata__":{},"__metadata__":{}}'), /__metadata__ appears twice/],
  [
    "a metadata key twice",
    rawFile('{"__metadata__":{"k":"1","k":"2"}}'),
    /__metadata__: key "k" appears twice/,
  ],
  ["metadata that is no object", rawFile('{"__metadata__":"x"}'), /__metadata__: must be a JSON object/],
  [
    "a metadata value that is no string",
    rawFile('{"__metadata__":{"k":1}}'),
    /value of "k" must be a string/,
  ],
  ["a tensor that is no object", rawFile('{"w":[]}'), /tensor "w": must be a JSON object/],
  [
    "an unknown field",
    oneTensor({ ...({ strides: "[1]" } as object) }),
    /tensor "w": unknown field "strides"/,
  ],
  ["a missing dtype", rawFile('{"w":{"shape":[],"data_offsets":[0,0]}}'), /tensor "w": dtype is missing/],
  ["a missing shape", rawFile('{"w":{"dtype":"U8","data_offsets":[0,0]}}'), /shape is missing/],
  ["missing data_offsets", rawFile('{"w":{"dtype":"U8","shape":[]}}'), /data_offsets is missing/],
  ["dtype twice", rawFile('{"w":{"dtype":"U8","dtype":"I8"}}'), /dtype appears twice/],
  ["shape twice", rawFile('{"w":{"shape":[],"shape":[]}}'), /shape appears twice/],
  [
    "data_offsets twice",
    rawFile('{"w":{"data_offsets":[0,0],"data_offsets":[0,0]}}'),
    /offsets appears twice/,
  ],
  ["a dtype that is no string", oneTensor({ dtype: "32" }), /dtype must be a string/],
  ["an unknown dtype", oneTensor({ dtype: '"F12"' }), /dtype "F12" is unknown, expected one of F64, F32/],
  ["a dtype named as a method of Object", oneTensor({ dtype: '"toString"' }), /dtype "toString" is unknown/],
  ["a shape that is no list", oneTensor({ shape: "2" }), /shape must be a list/],
  ["a negative size", oneTensor({ shape: "[-2]" }), /shape must hold non-negative integers, got -2/],
  ["a fractional size", oneTensor({ shape: "[2.5]" }), /got 2\.5/],
  ["an integer written as a fraction", oneTensor({ shape: "[2.0]" }), /got 2\.0/],
  ["a size with an exponent", oneTensor({ shape: "[2e0]" }), /got 2e0/],
  ["a size with a leading zero", oneTensor({ shape: "[02]" }), /got 02/],
  ["a size in quotes", oneTensor({ shape: '["2"]' }), /shape must hold non-negative integers, got "/],
  ["a size above 2^53", oneTensor({ shape: "[9007199254740993]" }), /9007199254740993 is too large/],
  ["a size list without its comma", oneTensor({ shape: "[2 2]" }), /expected "," or "]"/],
  ["more than 64 axes", oneTensor({ shape: `[${"1,".repeat(64)}2]` }), /shape has more than 64 numbers/],
  ["a product that overflows", oneTensor({ shape: "[4294967296,4294967296]" }), /shape \[.*\] is too large/],
  ["a product that overflows before a zero", oneTensor({ shape: "[4294967296,4294967296,0]" }), /too large/],
  [
    "a shape that disagrees with the data",
    oneTensor({ shape: "[3]" }),
    /takes 12 bytes, data_offsets give 8/,
  ],
  ["one offset", oneTensor({ data_offsets: "[0]" }), /must be \[begin, end\], got 1 numbers/],
  ["three offsets", oneTensor({ data_offsets: "[0,8,8]" }), /must be \[begin, end\], got 3 numbers/],
  ["reversed offsets", oneTensor({ data_offsets: "[8,0]" }), /reversed: \[8, 0\]/],
  ["a negative offset", oneTensor({ data_offsets: "[-1,7]" }), /data_offsets must hold non-neg.* got -1/],
  ["a fractional offset", oneTensor({ data_offsets: "[0,8.5]" }), /got 8\.5/],
  ["an offset above 2^64", oneTensor({ data_offsets: "[0,18446744073709551617]" }), /is too large/],
  ["data beyond the file", oneTensor({}, 7), /data ends at byte 8, the file holds 7 bytes of data/],
  ["trailing bytes", oneTensor({}, 9), /1 bytes after the last tensor belong to no tensor/],
  [
    "data without a tensor",
    rawFile("{}", new Uint8Array(3)),
    /3 bytes after the last tensor belong to no tensor/,
  ],
  ["a hole before the first tensor", oneTensor({ data_offsets: "[4,12]" }, 12), /4 bytes before its data/],
  [
    "a hole between tensors",
    rawFile(`{"a":${entry(0, 1)},"b":${entry(2, 3)}}`, new Uint8Array(3)),
    /tensor "b": 1 bytes before its data belong to no tensor/,
  ],
  [
    "overlapping tensors",
    rawFile(`{"a":${entry(0, 2)},"b":${entry(1, 3)}}`, new Uint8Array(3)),
    /tensor "b": its data overlaps another tensor's/,
  ],
  [
    "two tensors over the same bytes",
    rawFile(`{"a":${entry(0, 2)},"b":${entry(0, 2)}}`, new Uint8Array(2)),
    /overlaps/,
  ],
  [
    "an empty tensor inside another",
    rawFile(`{"a":${entry(0, 2)},"b":${entry(1, 1)}}`, new Uint8Array(2)),
    /overlaps/,
  ],
];

describe("readSafetensors refuses", () => {
  test.each(refused)("%s", (_, file, message) => {
    const read = () => readSafetensors(file, "model.safetensors");
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^model\.safetensors: /);
  });

  test("a header above a limit of the caller's", () => {
    expect(() => readSafetensors(rawFile("{}"), "f", { maxHeaderBytes: 1 })).toThrow(/the limit is 1/);
  });

  test("a BOOL that is neither 0 nor 1, when its data is asked for", () => {
    const file = rawFile('{"b":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}', Uint8Array.of(1, 2));
    const tensor = readSafetensors(file, "f").tensors.get("b")!;
    expect(() => tensor.data()).toThrow(/f: tensor "b": a BOOL must be 0 or 1/);
  });

  test("to turn integers into floats", () => {
    const file = writeSafetensors({ n: { dtype: "I32", shape: [1], data: Int32Array.of(1) } });
    expect(() => readSafetensors(file, "f").tensors.get("n")!.toFloat32()).toThrow(FormatError);
  });

  test("with control characters escaped and long names cut in the message", () => {
    const name = `\\u001b[2J${"x".repeat(500)}`;
    const read = () => readSafetensors(rawFile(`{"${name}":1}`), "evil\nname");
    expect(read).toThrow(/^evil\\nname: tensor "\\u\{1b\}\[2Jx{50,80}\.\.\.": must be a JSON object$/);
  });
});

describe("writeSafetensors refuses", () => {
  const f32 = (fields: Partial<TensorToStore>): TensorToStore => ({
    dtype: "F32",
    shape: [2],
    data: Float32Array.of(1, 2),
    ...fields,
  });
  const cases: [string, Record<string, TensorToStore>, RegExp][] = [
    ["data that disagrees with the shape", { w: f32({ shape: [3] }) }, /takes 12 bytes, data has 8/],
    ["an array of another type", { w: f32({ data: Float64Array.of(1) }) }, /F32 cannot be a Float64Array/],
    ["a fractional size", { w: f32({ shape: [0.5] }) }, /shape must be .* got \[0\.5\]/],
    ["a negative size", { w: f32({ shape: [-2] }) }, /shape must be/],
    ["a product that overflows", { w: f32({ shape: [2 ** 40, 2 ** 40] }) }, /shape must be/],
    ["the reserved name", { __metadata__: f32({}) }, /reserved/],
    ["a name that is not Unicode", { "\ud800": f32({}) }, /not valid Unicode/],
    ["an unknown dtype", { w: f32({ dtype: "F12" as "F32" }) }, /dtype "F12" is unknown/],
  ];
  test.each(cases)("%s", (_, tensors, message) => {
    expect(() => writeSafetensors(tensors)).toThrow(InputError);
    expect(() => writeSafetensors(tensors)).toThrow(message);
  });

  test("metadata that is no string", () => {
    expect(() => writeSafetensors({}, { k: 1 as unknown as string })).toThrow(
      /metadata "k" must be a string/,
    );
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/core/index.ts";
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  readSafetensors,
  type StoredDType,
  type TensorToStore,
  writeSafetensors,
} from "../../src/io/index.ts";
import { flipped, rawFile } from "./hostile.ts";

const sizes: Record<StoredDType, number> = {
  ...{ F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, U64: 8 },
  ...{ I32: 4, U32: 4, I16: 2, U16: 2, I8: 1, U8: 1, BOOL: 1 },
};

const tensor: fc.Arbitrary<TensorToStore> = fc
  .tuple(fc.constantFrom(...(Object.keys(sizes) as StoredDType[])), fc.array(fc.nat(4), { maxLength: 3 }))
  .chain(([dtype, shape]) => {
    const length = sizes[dtype] * shape.reduce((a, b) => a * b, 1);
    return fc
      .uint8Array({ minLength: length, maxLength: length, max: dtype === "BOOL" ? 1 : 255 })
      .map((data) => ({ dtype, shape, data }));
  });
const name = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("__proto__", "constructor", "", '"\\', "\u0000\u2028"),
);
const tensors = fc.array(fc.tuple(name, tensor), { maxLength: 6 }).map((pairs) => new Map(pairs));
const metadata = fc.dictionary(name, fc.string({ unit: "grapheme" }), { maxKeys: 4, noNullPrototype: false });

const sample = () =>
  writeSafetensors(
    {
      "rnn.weight_ih_l0": { dtype: "F32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      step: { dtype: "I64", shape: [], data: BigInt64Array.of(-7n) },
      mask: { dtype: "BOOL", shape: [3], data: Uint8Array.of(1, 0, 1) },
    },
    { task: "text", note: "a b" },
  );

/** Reads everything that a file offers; gives "refused" for a FormatError and lets any other exception out. */
function readAll(bytes: Uint8Array): "read" | "refused" {
  try {
    for (const stored of readSafetensors(bytes, "fuzz").tensors.values()) stored.data();
    return "read";
  } catch (error) {
    if (error instanceof FormatError) return "refused";
    throw error;
  }
}

describe("safetensors", () => {
  test("gives back every tensor and all metadata that was written", () => {
    fc.assert(
      fc.property(tensors, metadata, (written, notes) => {
        const file = readSafetensors(writeSafetensors(written, notes), "f");
        expect(Object.entries(file.metadata)).toEqual(Object.entries(notes));
        expect([...file.tensors.keys()].sort()).toEqual([...written.keys()].sort());
        for (const [key, { dtype, shape, data }] of written) {
          const stored = file.tensors.get(key)!;
          expect([stored.dtype, stored.shape]).toEqual([dtype, shape]);
          const copy = stored.data();
          expect(new Uint8Array(copy.buffer)).toEqual(
            new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
          );
        }
      }),
    );
  });

  test("writes the same bytes in whatever order the tensors come", () => {
    fc.assert(
      fc.property(tensors, metadata, (written, notes) => {
        const reversed = new Map([...written].reverse());
        expect(writeSafetensors(reversed, notes)).toEqual(writeSafetensors(written, notes));
      }),
    );
  });

  test("writes the bytes that the format's page describes", () => {
    const file = writeSafetensors({ w: { dtype: "F32", shape: [1], data: Float32Array.of(1) } }, { k: "v" });
    const header = '{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    expect(new TextDecoder().decode(file.subarray(8, 8 + 80))).toBe(header.padEnd(80));
    expect([...file.subarray(0, 8)]).toEqual([80, 0, 0, 0, 0, 0, 0, 0]);
    expect([...file.subarray(88)]).toEqual([0, 0, 0x80, 0x3f]);
  });

  test("aligns each tensor in the file to the size of its elements", () => {
    fc.assert(
      fc.property(tensors, (written) => {
        const file = writeSafetensors(written);
        for (const { dtype, bytes } of readSafetensors(file, "f").tensors.values()) {
          expect(bytes.byteOffset % sizes[dtype]).toBe(0);
        }
      }),
    );
  });

  test("gives typed arrays of the stored values, by dtype", () => {
    const file = readSafetensors(sample(), "f").tensors;
    expect(file.get("rnn.weight_ih_l0")!.data()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    const step = file.get("step")!;
    expect(step.dtype === "I64" && step.data()[0]).toBe(-7n);
    expect(file.get("mask")!.data()).toEqual(Uint8Array.of(1, 0, 1));
  });

  test("stores a view of a larger buffer, and not the buffer around it", () => {
    const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    const file = writeSafetensors({ w: { dtype: "F32", shape: [2], data } });
    expect(readSafetensors(file, "f").tensors.get("w")!.data()).toEqual(Float32Array.of(1, 2));
  });

  test("reads from a Node Buffer at an odd offset, and its copies are not views of it", () => {
    const bytes = sample();
    const odd = Buffer.alloc(bytes.byteLength + 1).subarray(1);
    odd.set(bytes);
    const weight = readSafetensors(odd, "f").tensors.get("rnn.weight_ih_l0")!.data();
    odd.fill(0);
    expect(weight).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  });

  test("keeps a name that is also a property of Object apart from it", () => {
    const json =
      '{"__metadata__":{"__proto__":"m"},"__proto__":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}';
    const file = readSafetensors(rawFile(json, Uint8Array.of(5)), "f");
    expect(Object.entries(file.metadata)).toEqual([["__proto__", "m"]]);
    expect("polluted" in {}).toBe(false);
    expect(file.tensors.get("__proto__")!.data()).toEqual(Uint8Array.of(5));
    expect(file.metadata.toString).toBeUndefined();
  });

  test("accepts white space and any order of fields, as other writers leave them", () => {
    const json = '{ "w" :\n{"data_offsets": [ 0 , 1 ],\t"dtype" : "I8", "shape": [1, 1]}\r\n}  ';
    expect(
      readSafetensors(rawFile(json, Uint8Array.of(255)), "f")
        .tensors.get("w")!
        .data(),
    ).toEqual(Int8Array.of(-1));
  });

  test("converts half precision and bfloat16 to float32 exactly", () => {
    const half = Uint16Array.of(
      0x0000,
      0x8000,
      0x0001,
      0x03ff,
      0x0400,
      0x3c00,
      0xc000,
      0x7bff,
      0x7c00,
      0xfc00,
      0x7e00,
    );
    expect([...float16ToFloat32(half)]).toEqual([
      ...[0, -0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1, -2, 65504, Infinity, -Infinity, NaN],
    ]);
    const brain = Uint16Array.of(0x3f80, 0xc040, 0x7f80, 0x0080);
    expect([...bfloat16ToFloat32(brain)]).toEqual([1, -3, Infinity, 2 ** -126]);
    const file = readSafetensors(writeSafetensors({ w: { dtype: "BF16", shape: [4], data: brain } }), "f");
    expect([...file.tensors.get("w")!.toFloat32()]).toEqual([1, -3, Infinity, 2 ** -126]);
  });
});

describe("a hostile file", () => {
  test("with any one byte changed is read or refused with a FormatError, never anything else", () => {
    const bytes = sample();
    fc.assert(
      fc.property(fc.nat(bytes.byteLength - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        readAll(flipped(bytes, at, mask));
      }),
      { numRuns: 3000 },
    );
  });

  test("cut off anywhere is refused", () => {
    const bytes = sample();
    for (let end = 0; end < bytes.byteLength; end++) expect(readAll(bytes.subarray(0, end))).toBe("refused");
  });

  test("of random bytes, or random text as its header, is read or refused with a FormatError", () => {
    const piece = fc.constantFrom(
      ...['{"', '"', "{", "}", "[", "]", ":", ",", "0", "8", "-1", "1e9", "\\", "\\u00", " ", "null", "true"],
      ...[
        '"dtype":"F32"',
        '"shape":[2]',
        '"data_offsets":[0,8]',
        '"w":',
        '"__metadata__":{"a":"b"}',
        "\ud7ff",
      ],
    );
    const text = fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readAll(bytes)),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(text, fc.boolean(), (header, brace) => {
        readAll(rawFile(brace ? `{${header}}` : header, new Uint8Array(8)));
      }),
      { numRuns: 2000 },
    );
  });

  test("that claims terabytes allocates nothing for them", () => {
    const before = process.memoryUsage().arrayBuffers;
    const json = '{"w":{"dtype":"F64","shape":[1099511627776],"data_offsets":[0,8796093022208]}}';
    expect(readAll(rawFile(json, new Uint8Array(8)))).toBe("refused");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });

  test("nested a million deep is refused at its second level", () => {
    expect(readAll(rawFile('{"a":'.repeat(1e6)))).toBe("refused");
    expect(readAll(rawFile(`{"w":{"shape":${"[".repeat(1e6)}`))).toBe("refused");
  });
});

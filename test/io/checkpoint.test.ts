import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FormatError, InputError } from "../../src/core/index.ts";
import {
  CheckpointVersionError,
  decodeCheckpoint,
  encodeCheckpoint,
  readSafetensors,
  sha256Hex,
  type TensorToStore,
  writeSafetensors,
} from "../../src/io/index.ts";
import { flipped } from "./hostile.ts";

const tensors = () => ({
  "w.weight": { dtype: "F32" as const, shape: [2], data: Float32Array.of(1.5, -2) },
  n: { dtype: "U8" as const, shape: [3], data: Uint8Array.of(1, 2, 3) },
});
const sample = () => encodeCheckpoint(tensors(), { step: "12", rng: "[1,2,3,4]" });

/** The same construction, written a second time from its description, for files of other versions. */
function withChecksum(metadata: Record<string, string>): Uint8Array {
  const bytes = writeSafetensors(tensors(), { sha256: "0".repeat(64), ...metadata });
  const dataBegin = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const data = createHash("sha256").update(bytes.subarray(dataBegin)).digest();
  const whole = createHash("sha256").update(bytes.subarray(0, dataBegin)).update(data).digest("hex");
  const at = Buffer.from(bytes).indexOf("0".repeat(64));
  bytes.set(new TextEncoder().encode(whole), at);
  return bytes;
}

describe("a checkpoint", () => {
  test("gives back its tensors and metadata, without the format's own keys", async () => {
    const { metadata, tensors: read } = await decodeCheckpoint(await sample(), "f");
    expect({ ...metadata }).toEqual({ step: "12", rng: "[1,2,3,4]" });
    expect(read.get("w.weight")!.data()).toEqual(Float32Array.of(1.5, -2));
    expect(read.get("n")!.data()).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("is a plain safetensors file with the documented metadata", async () => {
    const { metadata } = readSafetensors(await sample(), "f");
    expect(Object.keys(metadata)).toEqual(["sha256", "format", "formatVersion", "rng", "step"]);
    expect(metadata).toMatchObject({ format: "unrolled", formatVersion: "1" });
  });

  test("has the same bytes whatever the order of tensors and metadata", async () => {
    const { n, "w.weight": w } = tensors();
    const other = await encodeCheckpoint(
      new Map<string, TensorToStore>([
        ["n", n],
        ["w.weight", w],
      ]),
      { rng: "[1,2,3,4]", step: "12" },
    );
    expect(other).toEqual(await sample());
  });

  test("holds the tensors as they were at the call, even if they change before it is done", async () => {
    const changing = tensors();
    const bytes = encodeCheckpoint(changing, { step: "12", rng: "[1,2,3,4]" });
    changing["w.weight"].data.fill(99);
    expect(await bytes).toEqual(await sample());
  });

  test("is refused with a FormatError that names the file, whichever byte was changed", async () => {
    const bytes = await sample();
    for (let at = 0; at < bytes.byteLength; at++) {
      for (const mask of [1, 0x20, 0x80]) {
        const result = decodeCheckpoint(flipped(bytes, at, mask), "step-12.safetensors");
        await expect(result, `byte ${at} ^ ${mask}`).rejects.toThrow(/^step-12\.safetensors: /);
        await expect(result).rejects.toBeInstanceOf(FormatError);
      }
    }
  });

  test("is refused with any change of one byte, in the padding too", async () => {
    const bytes = await sample();
    const change = fc.tuple(fc.nat(bytes.byteLength - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(change, async ([at, mask]) => {
        await expect(decodeCheckpoint(flipped(bytes, at, mask), "f")).rejects.toBeInstanceOf(FormatError);
      }),
      { numRuns: 500 },
    );
  });

  test("is refused when cut off or longer", async () => {
    const bytes = await sample();
    const longer = new Uint8Array(bytes.byteLength + 1);
    longer.set(bytes);
    await expect(decodeCheckpoint(bytes.subarray(0, -1), "f")).rejects.toBeInstanceOf(FormatError);
    await expect(decodeCheckpoint(longer, "f")).rejects.toBeInstanceOf(FormatError);
  });

  test("of the documented construction is accepted from another writer", async () => {
    const { metadata } = await decodeCheckpoint(
      withChecksum({ format: "unrolled", formatVersion: "1", a: "b" }),
      "f",
    );
    expect({ ...metadata }).toEqual({ a: "b" });
  });
});

describe("decodeCheckpoint refuses", () => {
  const reject = (bytes: Uint8Array) => expect(decodeCheckpoint(bytes, "c.safetensors")).rejects;

  test("a whole checkpoint of another version, naming both versions", async () => {
    const bytes = withChecksum({ format: "unrolled", formatVersion: "2" });
    await reject(bytes).toThrow(CheckpointVersionError);
    await reject(bytes).toThrow(
      'c.safetensors: is a checkpoint of format version "2", this program reads "1"',
    );
  });

  test("a damaged checkpoint of another version, saying that it may be damaged", async () => {
    const bytes = withChecksum({ format: "unrolled", formatVersion: "2" });
    const damaged = flipped(bytes, bytes.byteLength - 1, 1);
    await reject(damaged).toThrow(/version "2".* or it is damaged/);
    await reject(damaged).not.toBeInstanceOf(CheckpointVersionError);
  });

  test("a file without a version", async () => {
    await reject(withChecksum({ format: "unrolled" })).toThrow('"formatVersion" is missing');
  });

  test("a file without a checksum", async () => {
    const bytes = writeSafetensors(tensors(), { format: "unrolled", formatVersion: "1" });
    await reject(bytes).toThrow('c.safetensors: metadata "sha256" is missing');
  });

  test("a wrong checksum", async () => {
    const metadata = { sha256: "f".repeat(64), format: "unrolled", formatVersion: "1" };
    await reject(writeSafetensors(tensors(), metadata)).toThrow(/c\.safetensors: the file is damaged/);
  });

  test("a right checksum at another place", async () => {
    const metadata = { format: "unrolled", formatVersion: "1", sha256: "0".repeat(64) };
    await reject(writeSafetensors(tensors(), metadata)).toThrow(/the file is damaged/);
  });

  test("a safetensors file of another program", async () => {
    await reject(writeSafetensors(tensors(), { format: "pt" })).toThrow(
      'metadata "format" must be "unrolled"',
    );
    await reject(writeSafetensors(tensors())).toThrow("is not a checkpoint");
  });
});

describe("encodeCheckpoint refuses", () => {
  test.each(["sha256", "format", "formatVersion"])("the reserved metadata key %s", async (key) => {
    await expect(encodeCheckpoint({}, { [key]: "x" })).rejects.toThrow(InputError);
  });

  test("a metadata key that is a number, as it would come before the checksum", async () => {
    await expect(encodeCheckpoint({}, { "7": "x" })).rejects.toThrow(/"7": a key must not be a number/);
  });
});

describe("on a page without https, which has no Web Crypto,", () => {
  afterEach(() => void vi.unstubAllGlobals());
  const withoutCrypto = async <T>(work: () => Promise<T>): Promise<T> => {
    vi.stubGlobal("crypto", { getRandomValues: globalThis.crypto.getRandomValues });
    try {
      return await work();
    } finally {
      vi.unstubAllGlobals();
    }
  };

  test("a checkpoint has the same bytes, is read, and is refused when it is damaged", async () => {
    const bytes = await withoutCrypto(sample);
    expect(bytes).toEqual(await sample());
    const { tensors: read } = await withoutCrypto(() => decodeCheckpoint(bytes, "f"));
    expect(read.get("n")!.data()).toEqual(Uint8Array.of(1, 2, 3));
    const damaged = flipped(bytes, bytes.length - 1, 1);
    await expect(withoutCrypto(() => decodeCheckpoint(damaged, "f"))).rejects.toThrow(/the file is damaged/);
  });

  test("any bytes have the same hash", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(await withoutCrypto(() => sha256Hex(bytes))).toBe(await sha256Hex(bytes));
      }),
    );
  });

  test("bytes that change during the call have the hash that they had before it", async () => {
    const bytes = new TextEncoder().encode("abc");
    const hash = await withoutCrypto(() => {
      const promise = sha256Hex(bytes);
      bytes.fill(0);
      return promise;
    });
    expect(hash).toMatch(/^ba7816bf/);
  });

  test("where the package cannot be loaded either, an error says what the page needs", async () => {
    vi.resetModules();
    vi.doMock("@noble/hashes/sha2.js", () => {
      throw new Error("Failed to resolve module specifier");
    });
    try {
      const fresh = await import("../../src/io/sha256.ts");
      const abc = new TextEncoder().encode("abc");
      await expect(withoutCrypto(() => fresh.sha256Hex(abc))).rejects.toMatchObject({
        code: "INPUT",
        problem: "sha256: this page has no Web Crypto, and @noble/hashes/sha2.js cannot be loaded",
        hint: "serve the page over https, or name @noble/hashes/sha2.js in its import map",
      });
      // What the advice says: over https there is Web Crypto, and with an import map the package.
      expect(await fresh.sha256Hex(abc)).toMatch(/^ba7816bf/);
      vi.doUnmock("@noble/hashes/sha2.js");
      expect(await withoutCrypto(() => fresh.sha256Hex(abc))).toMatch(/^ba7816bf/);
    } finally {
      vi.doUnmock("@noble/hashes/sha2.js");
      vi.resetModules();
    }
  });
});

describe("sha256Hex", () => {
  test("gives the digests of the standard's examples", async () => {
    const abc = new TextEncoder().encode("abc");
    expect(await sha256Hex(abc)).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(await sha256Hex(new Uint8Array(0))).toBe(
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
  });

  test("hashes the view and not the buffer around it, and shared memory too", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(5)).subarray(1, 4);
    shared.set(new TextEncoder().encode("abc"));
    expect(await sha256Hex(shared)).toMatch(/^ba7816bf/);
    expect(await sha256Hex(Uint8Array.from([0, ...shared, 0]).subarray(1, 4))).toMatch(/^ba7816bf/);
  });
});

/** Files packed by gzip: their content, damage, and content that is larger than the file says. */
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/core/errors.ts";
import { memorySource } from "../../src/data/index.ts";
import { gunzip } from "../../src/io/gunzip.ts";

const packed = gzipSync("hello\n".repeat(1000));
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("gunzip", () => {
  test("gives back what was packed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 5000 }),
        fc.integer({ min: 0, max: 9 }),
        async (bytes, level) => {
          expect(await gunzip(gzipSync(bytes, { level }), "x.gz")).toEqual(bytes);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("reads shared memory", async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(packed.length));
    shared.set(packed);
    expect((await gunzip(shared, "x.gz")).length).toBe(6000);
  });

  test.each<[string, Uint8Array]>([
    ["that is empty", new Uint8Array(0)],
    ["that is none", bytesOf("hello")],
    ["that is cut off in its content", packed.subarray(0, 20)],
    ["that is cut off in its checksum", packed.subarray(0, -3)],
    [
      "whose checksum is wrong",
      Uint8Array.from(packed, (byte, at) => byte ^ Number(at === packed.length - 6)),
    ],
    ["whose length is wrong", Uint8Array.from(packed, (byte, at) => byte ^ Number(at === packed.length - 1))],
    ["with more behind it", new Uint8Array([...packed, 1, 2, 3])],
    ["of two files", new Uint8Array([...packed, ...packed])],
  ])("refuses a file %s", async (_, bytes) => {
    const refused = gunzip(bytes, "x\n.gz");
    await expect(refused).rejects.toThrow("x\\n.gz: this is not one gzip file, or it is damaged");
    await expect(refused).rejects.toBeInstanceOf(FormatError);
  });

  test("never makes more than a FormatError of any bytes behind a right beginning", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.nat(30), async (bytes, kept) => {
        const file = new Uint8Array([...packed.subarray(0, kept), ...bytes]);
        const result = await gunzip(file, "x").catch((error: unknown) => error);
        if (!(result instanceof Uint8Array)) expect(result).toBeInstanceOf(FormatError);
      }),
    );
  });

  test("stops at the limit, whatever the file says of its length", async () => {
    const bomb = gzipSync(new Uint8Array(50_000_000));
    // The last four bytes are the length.
    bomb.writeUInt32LE(10, bomb.length - 4);
    const before = process.memoryUsage().arrayBuffers;
    await expect(gunzip(bomb, "x.gz", { maxBytes: 1_000_000 })).rejects.toThrow(
      "x.gz: the file has more than 976.6 KiB when it is unpacked",
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
    expect((await gunzip(packed, "x.gz", { maxBytes: 6000 })).length).toBe(6000);
  });
});

describe("a source", () => {
  const hooks = { onProgress() {}, onNote() {} };

  test("gives what is packed, under the name without .gz, and other files as they are", async () => {
    const names = ["a.csv.gz", "b.txt", ".gz"];
    const source = memorySource(
      names.map((name) => ({ name, content: name.startsWith("a") ? packed : "plain" })),
    );
    const files = await source.listFiles(hooks);
    expect(files.map(({ name, size }) => [name, size])).toEqual([
      ["a.csv", null],
      ["b.txt", null],
      [".gz", null],
    ]);
    expect((await files[0].read()).length).toBe(6000);
    expect(await files[2].read()).toEqual(bytesOf("plain"));
    const text = memorySource([{ name: "x.txt.gz", content: packed }]).readText(hooks);
    expect((await text).characters).toBe(6000);
  });
});

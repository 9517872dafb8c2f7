import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/index.ts";
import { readText } from "../../src/sources/text-files.ts";

let root: string;
let serial = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "unrolled-source-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

type Content = string | Uint8Array;

/** A new folder with these files; returns its path. */
async function folder(files: Record<string, Content>): Promise<string> {
  const path = join(root, `f${serial++}`);
  await mkdir(path);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(path, name, ".."), { recursive: true });
    await writeFile(join(path, name), content);
  }
  return path;
}

async function file(content: Content, name = "text.txt"): Promise<string> {
  return join(await folder({ [name]: content }), name);
}

async function read(...paths: string[]) {
  const warnings: string[] = [];
  const corpus = await readText(paths, { onWarning: (message) => warnings.push(message) });
  return { text: corpus.text(), corpus, warnings: warnings.map((warning) => warning.replaceAll(root, "")) };
}

async function failure(...paths: string[]): Promise<string> {
  const error: unknown = await readText(paths).then(
    () => "nothing thrown",
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).problem.replaceAll(root, "");
}

async function* pieces(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

describe("readText: files", () => {
  it("reads emoji and combining marks as they are, and hashes the text", async () => {
    const text = "e\u0301 é \u{1f468}\u200d\u{1f469} 水\n";
    const { corpus, text: found, warnings } = await read(await file(text));
    expect(found).toBe(text);
    expect(corpus.fingerprint).toBe(createHash("sha256").update(text).digest("hex"));
    expect(warnings).toEqual([]);
  });

  it("joins several files in the order given, byte order marks dropped", async () => {
    expect((await read(await file("\ufeffone\n"), await file("\ufefftwo\ufeff"))).text).toBe(
      "one\ntwo\ufeff",
    );
  });

  it("makes CRLF LF and says how often; keeps a lone CR", async () => {
    const { text, warnings } = await read(await file("a\r\nb\rc\r\n\r"));
    expect(text).toBe("a\nb\rc\n\r");
    expect(warnings).toEqual(["2 CRLF line ends became LF"]);
  });

  it("reports progress from the start to the end", async () => {
    const calls: [number, number | null][] = [];
    await readText([await file("ab".repeat(1_500_000)), await file("xyz")], {
      onProgress: (bytes, total) => calls.push([bytes, total]),
    });
    expect(calls[0]).toEqual([0, 3_000_003]);
    expect(calls.at(-1)).toEqual([3_000_003, 3_000_003]);
    expect(calls.length).toBeGreaterThan(3);
  });

  it("refuses what it cannot use, by name", async () => {
    expect(await failure(join(root, "no\nsuch"))).toBe("'/no\\nsuch' does not exist");
    expect(await failure(await file(""))).toMatch(/text\.txt' is empty$/);
    expect(await failure(await file(""), await file("\ufeff"))).toBe("all 2 files are empty");
    expect(await failure(await file("abc\0"))).toMatch(/text\.txt' is a binary file: byte 3 is zero$/);
    expect(await failure(await file(Uint8Array.of(0xff, 0xfe, 0x61, 0)))).toMatch(
      /is UTF-16, expected UTF-8$/,
    );
    expect(await failure()).toBe("no text was given");
    expect(await failure("-", "-")).toContain("named twice");
  });

  it("finds invalid UTF-8 at the boundary of two reads", async () => {
    const bytes = new Uint8Array((1 << 20) + 10).fill(0x61);
    bytes[99] = 0x0a;
    bytes[(1 << 20) - 1] = 0xe6;
    expect(await failure(await file(bytes))).toMatch(
      /text\.txt' is not UTF-8 at byte 1048575 \(line 2\): 0xe6/,
    );
    bytes.set([0xb0, 0xb4], 1 << 20);
    expect((await read(await file(bytes))).text).toContain("a水a");
  });

  it.skipIf(process.getuid?.() === 0)("says that permission is denied", async () => {
    const path = await file("secret");
    await chmod(path, 0);
    expect(await failure(path)).toMatch(/text\.txt' cannot be read: permission denied$/);
  });
});

describe("readText: where a read ends makes no difference", () => {
  const text = "\ufeffaé水\u{1f600}\r\n\ufeffb\r\r\n";
  const clean = "aé水\u{1f600}\n\ufeffb\r\n";
  const borders = Array.from({ length: Buffer.byteLength(text) }, (_, at) => at + 1);

  it("of a file, at every byte", async () => {
    const path = await file(text);
    for (const readBytes of borders) {
      const warnings: string[] = [];
      const corpus = await readText([path, path], {
        readBytes,
        onWarning: (message) => warnings.push(message),
      });
      expect([readBytes, corpus.text(), warnings]).toEqual([
        readBytes,
        clean + clean,
        ["4 CRLF line ends became LF"],
      ]);
    }
  });

  it("of a folder, at every byte, with a binary file in between", async () => {
    const path = await folder({ a: text, b: "a\xe9\0", c: text });
    for (const readBytes of borders)
      expect((await readText([path], { readBytes })).text()).toBe(clean + clean);
  });

  it("of standard input, at every byte, also into one buffer", async () => {
    const bytes = Buffer.from(text);
    for (const size of borders) {
      const buffer = Buffer.alloc(size);
      async function* stdin() {
        for (let at = 0; at < bytes.length; at += size)
          yield buffer.subarray(0, bytes.copy(buffer, 0, at, at + size));
      }
      expect((await readText(["-"], { stdin: stdin() })).text()).toBe(clean);
    }
  });

  it("of a file larger than the buffer, whose characters and line ends lie across its borders", async () => {
    for (const begin of ["", "a"]) {
      const long = `${begin}${"éжa".repeat(2 ** 17)}\r\n${"x".repeat((1 << 20) - begin.length - 3)}\r\n${"水".repeat(2 ** 19)}`;
      const { corpus, warnings } = await read(await file(long));
      expect(corpus.fingerprint).toBe(
        createHash("sha256").update(long.replaceAll("\r\n", "\n")).digest("hex"),
      );
      expect(warnings).toEqual(["2 CRLF line ends became LF"]);
    }
  });

  it("stops when the signal does", async () => {
    const path = await file("abc".repeat(1000));
    const controller = new AbortController();
    const onProgress = (done: number) => done > 1000 && controller.abort(new Error("enough"));
    await expect(readText([path], { readBytes: 100, onProgress, signal: controller.signal })).rejects.toThrow(
      "enough",
    );
  });
});

describe("readText: standard input", () => {
  it("reads pieces cut anywhere, with an unknown total", async () => {
    const bytes = new TextEncoder().encode("\ufeffa\r\n\u{1f600}");
    const calls: (number | null)[] = [];
    const corpus = await readText(["-"], {
      stdin: pieces(...Array.from(bytes, (byte) => Uint8Array.of(byte))),
      onProgress: (_, total) => calls.push(total),
    });
    expect(corpus.text()).toBe("a\n\u{1f600}");
    expect(new Set(calls)).toEqual(new Set([null]));
  });

  it("is named in errors", async () => {
    await expect(readText(["-"], { stdin: pieces() })).rejects.toThrow("standard input is empty");
    await expect(readText(["-"], { stdin: pieces(Uint8Array.of(0xc3)) })).rejects.toThrow(
      "standard input is not UTF-8 at byte 0 (line 1): it ends inside a character",
    );
  });
});

describe("readText: folders", () => {
  it("reads regular files at any depth by path in byte order", async () => {
    const path = await folder({
      "b.txt": "5",
      "a/z.txt": "2",
      "a/é.txt": "3",
      "a-b": "1",
      a0: "4",
      ".hidden": "x",
      ".git/x": "x",
    });
    const { text, warnings } = await read(path);
    expect(text).toBe("12345");
    expect(warnings).toEqual([]);
    expect((await read(`${path}/`)).text).toBe("12345");
  });

  it("skips binary files wherever the zero byte is, links and node_modules, and says so", async () => {
    const late = new Uint8Array(3 << 20).fill(0x71);
    late[late.length - 1] = 0;
    const path = await folder({
      "a.txt": "ab",
      "b.png": "\x89PNG\0",
      "c.bin": late,
      "d.txt": "cd",
      "node_modules/m.js": "no",
    });
    await symlink(path, join(path, "loop"));
    await symlink(join(path, "a.txt"), join(path, "link.txt"));
    const calls: [number, number | null][] = [];
    const warnings: string[] = [];
    const corpus = await readText([path], {
      onProgress: (bytes, total) => calls.push([bytes, total]),
      onWarning: (message) => warnings.push(message.replaceAll(path, "")),
    });
    expect(corpus.text()).toBe("abcd");
    expect(corpus.vocabulary.characters).toEqual(["a", "b", "c", "d"]);
    expect(warnings).toEqual([
      "in '': skipped 2 binary files ('/b.png', '/c.bin'), 2 symbolic links, 1 node_modules folder",
    ]);
    expect(calls.at(-1)![0]).toBe(calls.at(-1)![1]);
  });

  it("names ten binary files at most", async () => {
    const files = Object.fromEntries(Array.from({ length: 12 }, (_, k) => [`b${k}`, "\0"]));
    const { warnings } = await read(await folder({ ...files, text: "ab" }));
    expect(warnings[0]).toMatch(/skipped 12 binary files \(.* and 2 more\)$/);
  });

  it("follows a link that was named itself", async () => {
    const path = await folder({ a: "text" });
    await symlink(path, join(root, "named"));
    expect((await read(join(root, "named"))).text).toBe("text");
  });

  it("refuses a folder without text, and invalid UTF-8 in one", async () => {
    expect(await failure(await folder({}))).toMatch(/^the folder '\/f\d+' holds no text$/);
    expect(await failure(await file("kept"), await folder({ a: "\0" }))).toMatch(
      /holds no text, only 1 binary file \('\/f\d+\/a'\)$/,
    );
    expect(await failure(await folder({ "latin1.txt": Uint8Array.of(0x61, 0xe9, 0x62) }))).toMatch(
      /^'\/f\d+\/latin1\.txt' is not UTF-8 at byte 1 \(line 1\)/,
    );
  });
});

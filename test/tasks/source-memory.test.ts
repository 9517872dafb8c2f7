import { execFile } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const MIB = 1 << 20;
/** The real limit is checked by hand with 200: small sizes keep the suite fast. */
const SIZE = Number(process.env.UNROLLED_BIG_TEXT_MIB ?? 64);
const module = pathToFileURL(join(import.meta.dirname, "../../src/sources/text-files.ts")).href;

/** Reads a file and prints `{growth, reports, characters, size}`: bytes of peak memory beyond the start. */
const program = `
const { readFileSync } = await import("node:fs");
const { readText } = await import(${JSON.stringify(module)});
// Linux hands the parent's maxRSS on to its children; the mark in /proc starts anew with the program.
const peak = () => {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS;
  return Number(/VmHWM:\\s*(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
};
const before = peak();
let reports = 0;
const corpus = await readText([process.argv[1]], { onProgress: () => { reports++; } });
const growth = (peak() - before) * 1024;
console.log(JSON.stringify({ growth, reports, characters: corpus.characters, size: corpus.vocabulary.size }));
`;

interface Outcome {
  growth: number;
  reports: number;
  characters: number;
  size: number;
}

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "unrolled-big-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function readBig(line: string): Promise<{ bytes: number; outcome: Outcome }> {
  const path = join(root, "big.txt");
  const block = Buffer.from(line.repeat(Math.ceil(MIB / Buffer.byteLength(line))));
  const file = await open(path, "w");
  for (let written = 0; written < SIZE; written++) await file.write(block);
  await file.close();
  const arguments_ = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program, path];
  const { stdout } = await promisify(execFile)(process.execPath, arguments_);
  return { bytes: block.length * SIZE, outcome: JSON.parse(stdout) as Outcome };
}

describe(`readText: a file of ${SIZE} MiB`, () => {
  it.each([
    ["ASCII", "The quick brown fox jumps over the lazy dog, 0123456789 times.\n"],
    [
      "CRLF and wide characters",
      `${String.fromCodePoint(...Array.from({ length: 300 }, (_, k) => 0x4e00 + k))}\r\n`,
    ],
  ])("grows by at most five times its size: %s", { timeout: 60_000 }, async (name, line) => {
    const { bytes, outcome } = await readBig(line);
    if (process.env.UNROLLED_BIG_TEXT_MIB !== undefined) console.log(name, bytes, outcome);
    expect(outcome.growth).toBeLessThan(5 * bytes);
    expect(outcome.reports).toBeGreaterThan(4);
    expect(outcome.characters).toBeGreaterThan(bytes / 4);
  });
});

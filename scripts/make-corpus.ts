/**
 * Make corpus/unrolled.txt: a snapshot of this project's own source text, which `train text` learns when no text
 * is named. It is made by hand, now and then: a corpus that changed with every commit would make runs incomparable.
 *
 *     node scripts/make-corpus.ts
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const ROOT = new URL("../", import.meta.url);
const SOURCES = /^(src|test|kernels|bench|docs|examples|scripts)\/.*\.(ts|c|h|md)$/;

const files = execFileSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" }).split("\n");
const parts = files
  .filter((file) => SOURCES.test(file))
  .map((file) => readFileSync(new URL(file, ROOT), "utf8"));
// Rare symbols of tests (emoji, other scripts) would only blow up the vocabulary: a line with one is left out.
const text = parts
  .join("\n")
  .split("\n")
  .filter((line) => /^[\t\x20-\x7e]*$/.test(line))
  .join("\n");
mkdirSync(new URL("corpus/", ROOT), { recursive: true });
writeFileSync(new URL("corpus/unrolled.txt", ROOT), `${text}\n`);
console.log(`${parts.length} files, ${text.length + 1} characters, ${new Set(text).size} different ones`);

import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { cpus, tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { CHROMIUM, openChromium } from "../../test/browser/support/chromium.ts";
import { serveFolder } from "../../test/browser/support/static-server.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ROUNDS = 9;

/** As little of a page as opens a checkpoint in a worker and shows what the model writes. */
const FILES = {
  "package.json": '{ "type": "module" }',
  "index.html": `<!doctype html><meta charset="utf-8" /><link rel="icon" href="data:," />
    <script type="module" src="./page.js"></script><pre></pre>`,
  "page.js": `
    const times = {};
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data: { at, text } }) => {
      times[at] ??= performance.now();
      if (text !== undefined) document.querySelector("pre").append(text);
      if (at === "end") globalThis.times = times;
    };`,
  "worker.js": `
    import { loadWasmBackend, Rng, setDefaultBackend } from "unrolled";
    import { generate } from "unrolled/decode";
    import { openModel } from "unrolled/run";
    postMessage({ at: "script" });
    const [backend, response] = await Promise.all([
      loadWasmBackend({ maximumBytes: 2 ** 28 }),
      fetch(new URL("/model.safetensors", location.origin)),
    ]);
    setDefaultBackend(backend);
    const bytes = await response.arrayBuffer();
    postMessage({ at: "loaded" });
    const { model, tokenizer } = await openModel(bytes);
    postMessage({ at: "opened" });
    const options = { prime: tokenizer.encode("\\n"), length: 200, rng: new Rng(1) };
    for await (const id of generate(model, options)) postMessage({ at: "character", text: tokenizer.decode([id]) });
    postMessage({ at: "end" });`,
  "vite.config.js": 'export default { worker: { format: "es" } };',
};

/**
 * What a page downloads to open a checkpoint and have it write, and the time to the first character: a build of Vite,
 * served from this machine to a Chromium with an empty cache.
 *
 *     npm run build && npm run reproduce page [-- HIDDEN]
 */
export async function reproduce([hidden = "256"]: string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "unrolled-page-"));
  try {
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(ROOT, join(folder, "node_modules", "unrolled"), "junction");
    await node(folder, join(ROOT, "node_modules", "vite", "bin", "vite.js"), "build", "--logLevel", "warn");
    // Of both sets of kernels a browser loads one, and SHA-256 in JavaScript only where the page has no Web Crypto.
    const unused = /unrolled-simd|sha2/;
    const sizes = filesBelow(join(folder, "dist")).filter(({ name }) => !unused.test(name));
    console.log("what a page downloads (bytes; as it is, gzip, brotli)");
    const total = [0, 0, 0];
    for (const { name, bytes } of sizes) {
      const lengths = [bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length];
      for (const [at, length] of lengths.entries()) total[at] += length;
      printSizes(name, lengths);
    }
    printSizes("in all", total);

    const model = await trainModel(folder, hidden);
    cpSync(model, join(folder, "dist", "model.safetensors"));
    console.log(`\na checkpoint of an LSTM of ${hidden} units: ${readFileSync(model).length} bytes besides`);
    if (CHROMIUM === undefined) return console.log("no Chromium found: no times");
    await measureTimes(join(folder, "dist"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a script in a folder, on the Node that runs this. */
const node = (cwd: string, ...args: string[]) => promisify(execFile)(process.execPath, args, { cwd });

function filesBelow(folder: string): { name: string; bytes: Buffer }[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => extname(name) !== "",
  );
  return names.sort().map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}

function printSizes(name: string, lengths: readonly number[]): void {
  const columns = lengths.map((length) => length.toLocaleString("en").padStart(10));
  console.log(`  ${name.padEnd(40)}${columns.join("")}`);
}

/** The checkpoint of a run of one step: its values do not matter here. */
async function trainModel(folder: string, hidden: string): Promise<string> {
  const options = ["--hidden", hidden, "--steps", "1", "--out", "run"];
  await node(folder, join(ROOT, "bin", "unrolled.js"), "train", "text", ...options);
  const checkpoints = join(folder, "run", "checkpoints");
  const name = readdirSync(checkpoints).find((file) => file.endsWith(".safetensors"))!;
  return join(checkpoints, name);
}

async function measureTimes(folder: string): Promise<void> {
  const server = await serveFolder(folder);
  const browser = await openChromium();
  try {
    const rounds: Record<string, number>[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await timesOf(browser, server.url));
    console.log(
      `milliseconds from the navigation on, median of ${ROUNDS}; Chromium ${browser.version()}, ${cpus()[0].model}`,
    );
    for (const [at, words] of [
      ["script", "the worker's script runs"],
      ["loaded", "kernels and checkpoint are there"],
      ["opened", "the model is open"],
      ["character", "the first character"],
      ["end", "200 characters"],
    ] as const) {
      const sorted = rounds.map((times) => times[at]).sort((a, b) => a - b);
      console.log(`  ${words.padEnd(40)}${sorted[ROUNDS >> 1].toFixed(0).padStart(10)}`);
    }
  } finally {
    await browser.close();
    await server.close();
  }
}

/** One visit, in a context of its own, which has cached nothing. */
async function timesOf(browser: Browser, url: string): Promise<Record<string, number>> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForFunction("globalThis.times !== undefined");
    return await page.evaluate<Record<string, number>>("times");
  } finally {
    await context.close();
  }
}

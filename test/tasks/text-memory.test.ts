import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { LONG } from "../support/long.ts";
import { fresh, madeText, writeText } from "./text-runs.ts";

const LIMIT = 5_000_000;
const book = writeText(madeText(400));

const url = (path: string) =>
  JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../dist", path)).href);

/**
 * Bytes that a program still holds after collecting garbage. `held`: objects, and buffers beside them, such as the
 * WebAssembly memory; exact. `rss`: what the operating system has given to the process.
 */
const MEASURE = `
  const measure = async () => {
    for (let round = 0; round < 4; round++) {
      globalThis.gc();
      await new Promise((done) => setTimeout(done, 20));
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    return { held: heapUsed + external, rss };
  };
  const growth = (a, b) => console.log(JSON.stringify({ held: b.held - a.held, rss: b.rss - a.rss }));`;

// What the process has got from the system also depends on how freely V8 sizes its nursery and how malloc spreads
// over the threads: megabytes that come and go. Held to the least, what is left is what the program asks for.
const FLAGS = ["--expose-gc", "--max-semi-space-size=1", "--no-warnings"];
const MALLOC = { MALLOC_ARENA_MAX: "1" };

async function growthIn(program: string): Promise<{ held: number; rss: number }> {
  const path = `${fresh("program")}.mjs`;
  writeFileSync(path, MEASURE + program);
  const child = spawn(process.execPath, [...FLAGS, path], {
    env: { ...process.env, ...MALLOC },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    stdout += piece;
  });
  const [status] = await once(child, "close");
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

/** After step 1000. */
const STEPS = LONG ? 2000 : 700;
const CALLS = LONG ? 20_000 : 6000;

// Up to step 1000 the engine still compiles, and a worker's heap gets its pages: one step of about 4 MB, at any time.
describe("memory after the start grows by at most 5 MB", () => {
  test.each([1, 2])(
    `in ${STEPS} training steps, threads %i, evaluating, sampling and saving`,
    async (threads) => {
      const options = {
        ...{ data: [book], out: fresh(), resume: false, threads, steps: 1000 + STEPS, evalEvery: 250 },
        ...{ hidden: 16, layers: 2, dropout: 0.1, seqLength: 8, batchSize: 8 },
      };
      const { held, rss } = await growthIn(`
      const { trainTask } = await import(${url("runs/train-task.js")});
      const { TASKS } = await import(${url("tasks/registry.js")});
      const { signal } = new AbortController();
      const hooks = { signal, onProgress() {}, onNote() {} };
      const training = await trainTask({ task: await TASKS.text() }, ${JSON.stringify(options)}, hooks);
      let before;
      for await (const { event, step } of training.events) {
        if (event === "step" && step === 1000) before = await measure();
        if (event === "step" && step === ${1000 + STEPS}) growth(before, await measure());
      }`);
      expect(held).toBeLessThan(LIMIT);
      expect(rss).toBeLessThan(LIMIT);
    },
  );

  test(`in ${CALLS} forward calls`, async () => {
    const { held, rss } = await growthIn(`
      const { createWasmBackend, ids, scope } = await import(${url("index.js")});
      const { LanguageModel } = await import(${url("models/index.js")});
      const { Rng } = await import(${url("core/rng.js")});
      const backend = createWasmBackend();
      const config = { cell: "lstm", vocabulary: 65, hidden: 32, layers: 2, dropout: 0 };
      const model = new LanguageModel(config, { rng: new Rng(1), backend });
      const input = Int32Array.of(1, 2, 3, 4);
      let before;
      for (let call = 1; call <= ${CALLS}; call++) {
        const logits = await scope(() => model.forward(ids(input, [1, 4], backend)).logits.read(), backend);
        if (!logits.every(Number.isFinite)) throw new Error("no number");
        if (call === 500) before = await measure();
      }
      growth(before, await measure());`);
    expect(held).toBeLessThan(LIMIT);
    expect(rss).toBeLessThan(LIMIT);
  });
});

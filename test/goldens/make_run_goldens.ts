/**
 * Make the runs in test/goldens/runs-VERSION/, and what is expected of them, with the version of the program that
 * stands here. The runs of a version are made once, before anything changes in the format of runs or checkpoints:
 *
 *     node test/goldens/make_run_goldens.ts
 *
 * The folder holds text.txt and cell.mjs already. expected.json says of each run what `eval` measures, what `sample`
 * writes and where a resumed training ends. Bits are those of baseline SIMD or of the reference backend, which are the
 * same on every machine.
 */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../src/version.ts";
import { evalText, sampleText, type TextTrainOptions, trainText } from "../support/text-task.ts";

type Options = Partial<TextTrainOptions>;

const SMALL: Options = { hidden: 8, seqLength: 16, batchSize: 4, threads: 1, backend: "wasm" };

/** A limit in passes makes the learning rate fall along a cosine; with steps alone it stays. */
const RUNS: Readonly<Record<string, Options>> = {
  "char-lstm": { ...SMALL, steps: 20 },
  "gru-two-layers-embedding": {
    ...{ ...SMALL, cell: "gru", layers: 2, embedding: 6, dropout: 0.2 },
    ...{ steps: 20, epochs: 1 },
  },
  words: { ...SMALL, tokens: "word", vocabSize: 60, tieWeights: true, lrDecay: 0.5, steps: 12 },
  bpe: { ...SMALL, tokens: "bpe", vocabSize: 270, embedding: 4, optimizer: "rmsprop", lr: 0.01, steps: 20 },
  "own-cell": { ...SMALL, cell: "./cell.mjs", embedding: 6, steps: 20 },
  reference: { ...SMALL, cell: "rnn", optimizer: "sgd", backend: "reference", steps: 10 },
};

const { signal } = new AbortController();
const hooks = { signal, onProgress() {}, onNote: (note: string) => console.log(`  note: ${note}`) };

async function train(options: Options): Promise<string> {
  const training = await trainText({ data: [], resume: false, ...options }, hooks);
  let hash = "";
  for await (const event of training.events) if (event.event === "end") hash = event.parametersSha256;
  return hash;
}

async function expectedOf(name: string, { backend, cell }: Options): Promise<Record<string, unknown>> {
  const own = cell?.startsWith("./") ? { cell } : {};
  let sample = "";
  const options = { seed: 7, length: 80, prime: "The ", backend, ...own };
  for await (const piece of (await sampleText(name, options)).pieces) sample += piece;
  const { loss, items } = await evalText(name, [], { backend, ...own }, hooks);
  const steps = 40;
  cpSync(name, "resumed", { recursive: true });
  const parametersSha256 = await train({ resume: true, out: "resumed", steps, threads: 1, backend, ...own });
  rmSync("resumed", { recursive: true });
  return { backend, ...own, sample, loss, items, resumed: { steps, parametersSha256 } };
}

// Without relaxed SIMD, whose bits differ between kinds of processors.
WebAssembly.validate = () => false;
const goldens = fileURLToPath(new URL(`runs-${VERSION}/`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "run-goldens-"));
for (const name of ["text.txt", "cell.mjs"]) cpSync(join(goldens, name), join(folder, name));
// Paths in run.json are as they were given.
process.chdir(folder);
const expected: Record<string, unknown> = {};
for (const [name, options] of Object.entries(RUNS)) {
  console.log(name);
  await train({ data: ["text.txt"], out: name, evalEvery: 10, ...options });
  cpSync(name, join(goldens, name), { recursive: true });
  expected[name] = await expectedOf(name, options);
}
writeFileSync(join(goldens, "expected.json"), `${JSON.stringify(expected, null, 2)}\n`);
process.chdir(goldens);
rmSync(folder, { recursive: true });

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createReferenceBackend } from "../../src/backend/reference/reference.ts";
import { FormatError, InputError } from "../../src/core/errors.ts";
import { Vocabulary } from "../../src/data/index.ts";
import { generate } from "../../src/decode/index.ts";
import { encodeCheckpoint, type TensorToStore } from "../../src/io/index.ts";
import { LanguageModel } from "../../src/models/index.ts";
import type { LanguageModelSettings } from "../../src/models/language-model-config.ts";
import { type CreateCell, parameters, RNNCell, Rng } from "../../src/nn/index.ts";
import { openModel } from "../../src/run/index.ts";
import { describeCheckpoint } from "../support/text-checkpoint.ts";
import { sampleText } from "../support/text-task.ts";
import { checkpointPath, train } from "../tasks/text-runs.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const backend = createReferenceBackend();
const createCell: CreateCell = (inputs, hidden, options) => new RNNCell(inputs, hidden, options);

/** The parts of a small checkpoint: three characters, random weights. */
function parts(settings: Partial<LanguageModelSettings> = {}) {
  const model = new LanguageModel(
    { vocabulary: 3, hidden: 4, ...settings },
    { rng: new Rng(1), backend, ...(settings.cell === "own" && { createCell }) },
  );
  const tensors: Record<string, TensorToStore> = Object.fromEntries(
    parameters(model).map(({ name, tensor }) => {
      const data = backend.memory.readSync!(tensor.address, tensor.size) as Float64Array;
      return [name, { dtype: "F64", shape: tensor.shape, data }];
    }),
  );
  const metadata = describeCheckpoint({
    model: model.config,
    ...(settings.cell === "own" && { cellFile: { path: "my-cell.ts", sha256: "0".repeat(64) } }),
    vocabulary: new Vocabulary("\nab"),
    step: 7,
    seconds: 1.5,
  });
  return { model, tensors, metadata };
}

const bytesOf = ({ tensors, metadata }: Pick<ReturnType<typeof parts>, "tensors" | "metadata">) =>
  encodeCheckpoint(tensors, metadata);

describe("a checkpoint's bytes", () => {
  test.each(["char", "word", "bpe"] as const)(
    "of %s tokens give the model that `sample` writes with",
    async (tokens) => {
      const { folder, end } = await train({ steps: 6, tokens, ...(tokens === "bpe" && { vocabSize: 280 }) });
      const path = checkpointPath(folder, end.step);
      const sample = await sampleText(path, { length: 40, seed: 3, prime: "line 7", backend: "wasm" });
      let written = "";
      for await (const piece of sample.pieces) written += piece;

      const { model, tokenizer } = await openModel(readFileSync(path));
      const prime = tokenizer.encode("line 7");
      const decoder = tokenizer.decoder();
      let text = Array.from(prime, (id) => decoder.push(id)).join("");
      for await (const id of generate(model, { prime, length: 40, rng: new Rng(3) }))
        text += decoder.push(id);
      expect(text + decoder.end()).toBe(written);
    },
  );

  test("give its configuration, its tokenizer, how long it was trained, and exactly its weights", async () => {
    const made = parts({ layers: 2, embedding: 5, cell: "gru" });
    const opened = await openModel((await bytesOf(made)).buffer, { backend });
    expect(opened.config).toEqual(made.model.config);
    expect(opened.model.config).toBe(opened.config);
    expect([opened.step, opened.seconds]).toEqual([7, 1.5]);
    expect(opened.tokenizer.decode(opened.tokenizer.encode("ab\n"))).toBe("ab\n");
    for (const { name, tensor } of parameters(opened.model)) {
      expect(await tensor.read(), name).toEqual(made.tensors[name]!.data);
    }
  });

  test("of a model with an own cell need that cell, and others refuse one", async () => {
    const own = await bytesOf(parts({ cell: "own" }));
    const { model } = await openModel(own, { backend, createCell, cellName: "Mine" });
    expect(model.stream().step(1)).toHaveLength(3);
    await expect(openModel(own, { backend })).rejects.toThrow("cell of its own, which needs createCell");
    const wider: CreateCell = (inputs, hidden, options) => new RNNCell(inputs, hidden + 1, options);
    await expect(openModel(own, { backend, createCell: wider })).rejects.toThrow(
      "tensor rnn.layers.0.cell.weight_ih must be [5, 4], got [4, 4]; ",
    );
    await expect(openModel(await bytesOf(parts()), { backend, createCell })).rejects.toThrow(
      "createCell: the model has the built-in cell lstm",
    );
  });

  test("open in a page: nothing of Node is there, the kernels come by fetch", async () => {
    const base64 = Buffer.from(await bytesOf(parts())).toString("base64");
    const program = `
      import { readFileSync } from "node:fs";
      const file = Uint8Array.from(atob("${base64}"), (c) => c.charCodeAt(0));
      const print = process.stdout.write.bind(process.stdout);
      // Not a Response: Node makes its own out of what is deleted below.
      globalThis.fetch = async (url) => ({
        ...{ ok: true, status: 200, statusText: "OK", headers: new Map([["content-type", "application/wasm"]]) },
        arrayBuffer: async () => new Uint8Array(readFileSync(url)).buffer,
      });
      for (const name of ["process", "Buffer", "global", "setImmediate"]) delete globalThis[name];
      const { loadWasmBackend, Rng, setDefaultBackend } = await import("unrolled");
      const { generate } = await import("unrolled/decode");
      const { openModel } = await import("unrolled/run");
      setDefaultBackend(await loadWasmBackend());
      const { model, tokenizer } = await openModel(file);
      let text = "";
      for await (const id of generate(model, { prime: [0], length: 9, rng: new Rng(1) })) text += tokenizer.decode([id]);
      print(JSON.stringify({ text, process: typeof globalThis.process }));
    `;
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], { cwd: ROOT });
    const { text, process: type } = JSON.parse((await run).stdout);
    expect([text.length, type]).toEqual([9, "undefined"]);
  });
});

describe("a bad file", () => {
  test("with any byte changed is refused by a FormatError that names it", async () => {
    const whole = await bytesOf(parts());
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = whole.slice();
        damaged[at]! ^= flip;
        const opened = openModel(damaged, { backend, where: "mine.safetensors" });
        await expect(opened).rejects.toThrow(FormatError);
        await expect(opened).rejects.toThrow(/^mine\.safetensors: /);
      }),
      { numRuns: 100 },
    );
  });

  test("with any metadata and a sound checksum is opened or refused by a FormatError", async () => {
    const { tensors, metadata } = parts();
    const model = JSON.parse(metadata.model!) as object;
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(1e9, -1, 0, 0.5, Number.MAX_SAFE_INTEGER, "lstm", "own"),
    );
    const changed = fc.oneof(
      fc
        .tuple(fc.constantFrom(...Object.keys(model)), value)
        .map(([name, other]) => ({ model: JSON.stringify({ ...model, [name]: other }) })),
      fc
        .tuple(
          fc.constantFrom(...Object.keys(metadata)),
          fc.oneof(fc.json(), fc.string({ unit: "grapheme" })),
        )
        .map(([name, text]) => ({ [name]: text })),
    );
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(changed, async (change) => {
        const bytes = await encodeCheckpoint(tensors, { ...metadata, ...change });
        const error: unknown = await openModel(bytes, { backend }).catch((thrown: unknown) => thrown);
        if (!(error instanceof Error)) return;
        refused++;
        // A model that claims to have a cell of its own asks for it.
        if (!(error instanceof InputError && /needs createCell/.test(error.message)))
          expect(error).toBeInstanceOf(FormatError);
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  test.each([
    ["tied weights without vectors as wide", { tied: true }, /tied weights need .* got 0/],
    ["an own cell without vectors", { cell: "own" }, /reads vectors/],
    ["dropout of 1", { dropout: 1 }, /model\.dropout must be at least 0 and below 1/],
    ["no layers", { layers: 0 }, /model\.layers must be an integer of at least 1/],
    ["more than any heap", { hidden: 1e6 }, /larger than the heap/],
    ["more than its tensors", { hidden: 4000 }, /holds \d+ numbers, which is less than its model has/],
    ["another shape", { hidden: 3 }, /rnn\.weight_ih_l0 must be \[12, 3\], got \[16, 3\]; .*head\.weight/],
    ["more layers", { layers: 2 }, /holds \d+ numbers, which is less than its model has/],
    ["fewer parts", { embedding: 0, cell: "rnn" }, /rnn\.weight_hh_l0 must be \[4, 4\], got \[16, 4\]/],
  ])("whose model claims %s is refused", async (_, change, message) => {
    const { tensors, metadata } = parts();
    const model = JSON.stringify({ ...JSON.parse(metadata.model!), ...change });
    const opened = openModel(await bytesOf({ tensors, metadata: { ...metadata, model } }), { backend });
    await expect(opened).rejects.toThrow(FormatError);
    await expect(opened).rejects.toThrow(message);
  });

  test("with a tensor that its model does not have is refused, an optimizer's state is not", async () => {
    const { tensors, metadata } = parts();
    const data = Float64Array.of(1);
    const one: TensorToStore = { dtype: "F64", shape: [1], data };
    const more = { ...tensors, "optimizer.step.x": one, carried: one };
    await openModel(await bytesOf({ tensors: more, metadata }), { backend });
    await expect(
      openModel(await bytesOf({ tensors: { ...tensors, extra: one }, metadata }), { backend }),
    ).rejects.toThrow("checkpoint: the model has no parameter extra");
  });

  test.each([
    ["a path", "model.safetensors", 'got "model.safetensors"'],
    ["nothing", undefined, "got undefined"],
    ["a promise", Promise.resolve(), "got a Promise"],
    ["numbers", [1, 2], "got [1, 2]"],
  ])("that is %s is an InputError that says how to read one", async (_, bytes, got) => {
    await expect(openModel(bytes as unknown as Uint8Array)).rejects.toThrow(
      expect.objectContaining({
        code: "INPUT",
        message: expect.stringContaining(got),
        hint: expect.stringContaining("readFile"),
      }),
    );
  });

  test("and options of another kind or name are refused", async () => {
    const bytes = await bytesOf(parts());
    const options = [{ createCell: 1 }, { where: 1 }, { backend: "wasm" }, { create: createCell }, 7];
    for (const bad of options) await expect(openModel(bytes, bad as object)).rejects.toThrow(InputError);
  });
});

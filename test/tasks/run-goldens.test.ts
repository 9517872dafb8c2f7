/** Runs of earlier versions (test/goldens/make_run_goldens.ts): they are still evaluated, sampled and resumed. */

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { BackendChoice } from "../../src/tasks/engine.ts";
import { evalText, sampleText } from "../support/text-task.ts";
import { train as trainText } from "./text-runs.ts";

interface Expected {
  readonly backend: BackendChoice;
  /** Of a run with an own cell: what `--cell` has to say. */
  readonly cell?: string;
  readonly sample: string;
  readonly loss: number;
  readonly items: number;
  readonly resumed: { readonly steps: number; readonly parametersSha256: string };
}

const GOLDENS = join(import.meta.dirname, "../goldens");
const folder = mkdtempSync(join(tmpdir(), "run-goldens-"));
const before = process.cwd();

afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});
// Baseline SIMD, whose bits are the same on every machine.
beforeEach(() => {
  const validate = WebAssembly.validate.bind(WebAssembly);
  // The first of its instructions is fd 80 02: i8x16.relaxed_swizzle and those behind it.
  const isRelaxed = (bytes: Uint8Array) =>
    [...bytes].some((byte, at) => byte === 0xfd && bytes[at + 2] === 0x02);
  vi.spyOn(WebAssembly, "validate").mockImplementation(
    (bytes) => !isRelaxed(new Uint8Array(bytes as Uint8Array<ArrayBuffer>)) && validate(bytes),
  );
});
afterEach(() => void vi.restoreAllMocks());

const hooks = { onProgress() {}, onNote() {} };

/** The last part of the text, as version 0.1.0 kept it for validation. */
function tailFile(name: string): string {
  const { settings, data } = JSON.parse(readFileSync(join(name, "run.json"), "utf8"));
  const characters = [...readFileSync(data.paths[0], "utf8")];
  const path = join(folder, "tail.txt");
  writeFileSync(path, characters.slice(-Math.floor(settings.valSplit * characters.length)).join(""));
  return path;
}

const versions = readdirSync(GOLDENS).filter((name) => name.startsWith("runs-"));

test("there are runs of version 0.1.0", () => expect(versions).toContain("runs-0.1.0"));

describe.each(versions)("%s", (version) => {
  const expected = JSON.parse(readFileSync(join(GOLDENS, version, "expected.json"), "utf8")) as Record<
    string,
    Expected
  >;

  // Its text and its cell are named from the folder in which it was trained.
  beforeEach(() => {
    const copy = join(folder, version);
    process.chdir(folder);
    rmSync(copy, { recursive: true, force: true });
    cpSync(join(GOLDENS, version), copy, { recursive: true });
    process.chdir(copy);
  });

  describe.each(Object.entries(expected))("%s", (name, { backend, cell, sample, loss, items, resumed }) => {
    test("writes the same sample and has the same loss", async () => {
      let text = "";
      const options = { seed: 7, length: 80, prime: "The ", backend, cell };
      for await (const piece of (await sampleText(name, options)).pieces) text += piece;
      expect(text).toBe(sample);
      expect(await evalText(name, [tailFile(name)], { backend, cell }, hooks)).toMatchObject({ loss, items });
      // Version 0.1.0 cut the word at the border of the two parts, so its half was evaluated, too.
      const own = await evalText(name, [], { backend, cell }, hooks);
      if (name === "words") expect(own.items).toBe(items - 1);
      else expect(own).toMatchObject({ loss, items });
    });

    test("goes on to the same parameters", async () => {
      const { steps, parametersSha256 } = resumed;
      const { end } = await trainText({ resume: true, out: name, steps, backend, cell });
      // The gradients of a cell of one's own are added up in another order than in 0.1.0: one product for all steps.
      const isOwn = name === "own-cell";
      expect(end).toMatchObject(isOwn ? { step: steps } : { step: steps, parametersSha256 });
    });
  });
});

/** The native backend where it loads, and one clear line where it does not. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { defaultBackend } from "../../src/backend/default.ts";
import { heapOf } from "../../src/backend/heap.ts";
import { INSTRUCTIONS } from "../../src/backend/native/addon.ts";
import { addonName, checksumName, checksumOf } from "../../src/backend/native/addon-file.ts";
import { createNativeBackend, probeNative } from "../../src/backend/native/native.ts";
import { bestInstructions } from "../../src/backend/wasm/wasm.ts";
import { InputError, OutOfMemoryError } from "../../src/core/errors.ts";
import { chooseEngine, openBackend } from "../../src/tasks/engine.ts";

const OWN = new URL("../../src/backend/native/", import.meta.url);
const probe = probeNative();
const here = probe.instructions;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unrolled native "));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

const inFolder = () => pathToFileURL(`${folder}/`);

/** An addon of these bytes with the checksum that fits them, or another. */
function place(bytes: Uint8Array, checksum = checksumOf(bytes)): void {
  writeFileSync(join(folder, addonName(process)), bytes);
  writeFileSync(join(folder, checksumName(process)), `${checksum}\n`);
}

function reasonFor(): string {
  const { backend, reason } = createNativeBackend(undefined, inFolder());
  expect(backend).toBeUndefined();
  expect(reason).toMatch(/^[^\n]+$/);
  return reason ?? "";
}

function open(): Backend {
  const { backend, reason } = createNativeBackend();
  if (backend === undefined) throw new Error(reason);
  return backend;
}

test.runIf(process.platform === "linux" && process.arch === "x64")(
  "the addon of the repository loads on this machine, unless its processor is too old",
  () => {
    if (here === undefined)
      expect(probe.reason).toMatch(/^(this processor lacks|the operating system does not save) AVX/);
    else expect(["avx512", "avx2"]).toContain(here);
  },
);

describe("an addon that cannot be used gives a reason and no backend:", () => {
  test("none for this machine", () => {
    expect(reasonFor()).toMatch(
      /^there are no native kernels for \w+ on \w+ here; npm run build:native makes one$/,
    );
  });

  test("one without its checksum", () => {
    writeFileSync(join(folder, addonName(process)), "");
    expect(reasonFor()).toMatch(/there are no native kernels/);
  });

  test("an empty file", () => {
    place(new Uint8Array());
    expect(reasonFor()).toMatch(/unrolled-.*\.node cannot be loaded: /);
  });

  test("a file of something else", () => {
    place(readFileSync(new URL("../wasm/unrolled-simd.wasm", OWN)));
    expect(reasonFor()).toMatch(/unrolled-.*\.node cannot be loaded: /);
  });

  test.runIf(here)("one cut short, which the system would die of", () => {
    const bytes = readFileSync(new URL(addonName(process), OWN));
    place(bytes.subarray(0, bytes.length / 2), checksumOf(bytes));
    expect(reasonFor()).toMatch(/is damaged or of another build; npm run build:native makes one$/);
  });

  test.runIf(here)("one with a flipped bit", () => {
    const bytes = readFileSync(new URL(addonName(process), OWN));
    const checksum = checksumOf(bytes);
    bytes[bytes.length >> 1] ^= 1;
    place(bytes, checksum);
    expect(reasonFor()).toMatch(/is damaged/);
  });

  test.runIf(here)("one of another machine, whose headers say so", () => {
    const whole = readFileSync(new URL(addonName(process), OWN));
    // e_ident's class and byte order, e_type and e_machine: the system looks at these before it maps anything.
    for (const [at, value] of [
      [0, 0],
      [4, 1],
      [5, 2],
      [16, 2],
      [18, 0xb7],
    ]) {
      const bytes = Uint8Array.from(whole);
      bytes[at] = value;
      place(bytes);
      expect(reasonFor(), `byte ${at}`).toMatch(/unrolled-.*\.node cannot be loaded: /);
    }
  });

  test.runIf(here)("one with any byte changed, which is not loaded", () => {
    const whole = readFileSync(new URL(addonName(process), OWN));
    const checksum = checksumOf(whole);
    for (let i = 0; i < 60; i++) {
      const bytes = Uint8Array.from(whole);
      bytes[Math.floor((i * whole.length) / 60)] ^= 1 << (i % 8);
      place(bytes, checksum);
      expect(reasonFor()).toMatch(/is damaged/);
    }
  });

  test("one whose checksum is none", () => {
    place(Uint8Array.of(1), "");
    expect(reasonFor()).toMatch(/is damaged or of another build/);
  });

  test.runIf(here)("an addon of something else, or of an older build that lacks a kernel", () => {
    const whole = readFileSync(new URL(addonName(process), OWN));
    const dlopen = vi.spyOn(process, "dlopen");
    place(whole);
    dlopen.mockImplementationOnce((module) => {
      (module as { exports: object }).exports = { other: 1 };
    });
    expect(reasonFor()).toMatch(/does not hold the kernels; npm run build:native makes one$/);
    dlopen.mockImplementationOnce((module) => {
      (module as { exports: object }).exports = {
        instructions: ["avx2"],
        lacking: {},
        create: () => ({ kernels: { fill: () => {} }, attach: () => {} }),
      };
    });
    expect(reasonFor()).toMatch(/is of another build: it lacks copy, .*; npm run build:native makes one$/);
    dlopen.mockRestore();
  });

  test("a folder in its place, or one that cannot be looked into", () => {
    mkdirSync(join(folder, addonName(process)));
    expect(reasonFor()).toMatch(/^\/.*\.node cannot be read: EISDIR/);
    expect(createNativeBackend(undefined, new URL("file:///dev/null/")).reason).toMatch(
      /^[^\n]*ENOTDIR[^\n]*$/,
    );
  });

  test.runIf(process.platform === "linux")("a library that is no addon", ({ skip }) => {
    const libraries = (process.report.getReport() as { sharedObjects?: string[] }).sharedObjects ?? [];
    const library = libraries.find((path) => /\/libm[.-]/.test(path));
    if (library === undefined) return skip("finds no other library");
    place(readFileSync(library));
    expect(reasonFor()).toMatch(/cannot be loaded: |does not hold the kernels/);
  });
});

describe("UNROLLED_CPU", () => {
  test("naming nonsense is refused", () => {
    vi.stubEnv("UNROLLED_CPU", "sse9");
    expect(() => createNativeBackend()).toThrow("UNROLLED_CPU=sse9: there are no such kernels");
  });

  test.runIf(here)("naming what this machine lacks is refused, not replaced", () => {
    const lacking = INSTRUCTIONS.filter((name) => !probe.addon?.instructions.includes(name));
    for (const name of lacking) {
      vi.stubEnv("UNROLLED_CPU", name);
      expect(() => chooseEngine("auto")).toThrow(InputError);
      expect(() => chooseEngine("auto")).toThrow(
        new RegExp(
          `^UNROLLED_CPU=${name}: (this processor lacks|the operating system|there are no kernels for) .*; it has`,
        ),
      );
    }
    expect(lacking).not.toEqual([]);
  });

  test.runIf(here)("forces any that this machine has", () => {
    for (const name of probe.addon?.instructions ?? []) {
      vi.stubEnv("UNROLLED_CPU", name);
      expect(createNativeBackend().backend?.instructions).toBe(name);
      expect(chooseEngine()).toEqual({ backend: "native", instructions: name });
    }
  });

  test("does not matter to other backends", () => {
    vi.stubEnv("UNROLLED_CPU", "amx");
    expect(chooseEngine("wasm")).toEqual({ backend: "wasm", instructions: bestInstructions() });
    expect(chooseEngine("reference").instructions).toBe("float64");
  });
});

test("instructions that are asked for in code and missing give a reason", () => {
  const other = process.arch === "arm64" ? "avx2" : "neon";
  expect(createNativeBackend(other).reason).toMatch(here ? `there are no kernels for ${other} on ` : /./);
});

describe.runIf(here)("the native backend", () => {
  test("is the default, and what auto and native come to", () => {
    expect(defaultBackend().name).toBe("native");
    for (const choice of ["auto", "native"] as const) {
      const notes: string[] = [];
      const engine = chooseEngine(choice, (note) => notes.push(note));
      expect(engine).toEqual({ backend: "native", instructions: here });
      const { name, instructions } = openBackend(engine);
      expect({ backend: name, instructions }).toEqual(engine);
      expect(notes).toEqual([]);
    }
  });

  test("keeps what it holds while its memory grows between calls", () => {
    const { kernels, memory } = open();
    const words = 2 ** 18;
    for (let block = 1, end = 64; block <= 40; block++) {
      const start = end;
      end += words * 4;
      expect(memory.reserve(end)).toBe(true);
      kernels.fill(start, block, words);
      kernels.accumulate(64, start, 1);
    }
    for (let block = 2; block <= 40; block++) {
      const last = 64 + block * words * 4 - 4;
      expect(memory.readSync?.(last, 1)).toEqual(Float32Array.of(block));
    }
    expect(memory.readSync?.(64, 1)[0]).toBe(2 + (40 * 41) / 2 - 1);
  });

  test("reaches addresses above 2 GiB", ({ skip }) => {
    const { kernels, memory } = open();
    const far = 3 * 2 ** 30;
    if (!memory.reserve(far + 64)) skip("this machine has no 3 GiB of address space to spare");
    kernels.fill(far, 7, 3);
    kernels.copy(64, far, 3);
    expect(memory.readSync?.(64, 3)).toEqual(Float32Array.of(7, 7, 7));
  });

  test("names a tensor that its heap cannot hold", () => {
    const heap = heapOf(open());
    expect(() => heap.allocate(5 * 2 ** 30, "tensor [5, 268435456]")).toThrow(OutOfMemoryError);
    expect(() => heap.allocate(5 * 2 ** 30, "tensor [5, 268435456]")).toThrow(
      /tensor \[5, 268435456\]: 5\.0 GiB/,
    );
  });

  test("refuses what is no address of its heap, no number, or too little, and changes nothing", () => {
    const { kernels, memory } = open();
    memory.reserve(4096);
    kernels.fill(64, 1, 16);
    const end = 64 * 65536;
    const wrong = (call: () => void) => expect(call);
    wrong(() => kernels.add(64, 128, 2 ** 32 - 4, 16)).toThrow(
      /^add\(y, a, b, n\): b is not what this kernel can work with, or reaches beyond the heap$/,
    );
    wrong(() => kernels.add(end, 64, 64, 16)).toThrow(RangeError);
    wrong(() => kernels.add(64, 64, 64, undefined as unknown as number)).toThrow(/: n must be a number$/);
    wrong(() => kernels.fill(64, "2" as unknown as number, 16)).toThrow(
      /^fill\(y, value, n\): value must be a number$/,
    );
    wrong(() => (kernels.add as (...all: number[]) => void)(64, 64, 64)).toThrow(
      /: wrong number of arguments/,
    );
    wrong(() => (kernels.add as (...all: number[]) => void)(64, 64, 64, 1, 1)).toThrow(TypeError);
    expect(memory.readSync?.(64, 16)).toEqual(new Float32Array(16).fill(1));
  });

  test("refuses a kernel whose arguments reach beyond the heap, whatever says how far, and changes nothing", () => {
    const { kernels, memory } = open();
    memory.reserve(64 * 65536);
    const end = 64 * 65536;
    kernels.fill(64, 1, 1024);
    const [all, last] = [end / 4, end - 64];
    const scratch = 4096;
    const counts = 2048;
    memory.write(counts, [2, 3], "i32");
    const plan = 2112;
    memory.write(plan, [0, 99, 1, 5, 0, 4, 0, 0], "i32");
    const calls: Record<string, () => unknown> = {
      "a count": () => kernels.fill(64, 2, all),
      "a product of counts": () => kernels.sum_rows(64, 64, 2 ** 16, 2 ** 16),
      "a stride": () => kernels.copy_rows(64, 2 ** 30, 64, 1, 4, 1),
      "a stride that runs backwards": () =>
        kernels.move_strided(64, 64, 1, 1, 1, 99, 0, 0, 0, 1, 0, 0, 0, -1),
      scratch: () => kernels.gemm(64, 64, 64, 0, 4, 4, 4, 0, 0, 0, last),
      "an address that is NaN": () => kernels.fill(Number.NaN, 2, 4),
      "an address between words": () => kernels.fill(66, 2, 4),
      "an absent address": () => kernels.fill(0, 2, 4),
      "a count that is no whole number": () => kernels.fill(64, 2, 1.5),
      "a count of more than 32 bits": () => kernels.fill(64, 2, 2 ** 32 + 4),
      "a cell that there is not": () => kernels.recurrent_pack_size(99, 4, 4, 0, 0),
      "counts of rows that rise": () =>
        kernels.recurrent_forward(0, 64, 0, 0, 64, 0, counts, 0, 0, 64, 2, 2, 4, 4, 0, scratch),
      "a plan that is none": () => kernels.stream_size(plan),
      "a start between elements": () => kernels.dropout(64, 64, 1, 2, 0.5, 0.5, 4),
      "a start beyond what a double counts": () => kernels.random_normal(64, 1, 2, 2 ** 53 - 2, 4),
      "scores of a kind that there is not": () =>
        kernels.attention(2, 64, 64, 64, 64, 64, 64, 0, 1, 1, 1, 1, 1, 1),
      "a memory that is shorter than its length": () =>
        kernels.attention(1, 64, 64, 64, 64, 64, 0, counts, 1, 2, 1, 2, 1, 1),
    };
    for (const [what, call] of Object.entries(calls)) {
      expect(call, what).toThrow(/is not what this kernel can work with, or reaches beyond the heap$/);
    }
    expect(memory.readSync?.(64, 16)).toEqual(new Float32Array(16).fill(1));
  });

  test("takes whole numbers as WebAssembly does: 32 bits, whatever their sign", () => {
    const { kernels, memory } = open();
    kernels.fill(64, 1, 256);
    kernels.dropout(2048, 64, 0xfedcba98, -1, 0, 0.5, 256);
    kernels.dropout(4096, 64, 0xfedcba98 | 0, 0xffffffff, 0, 0.5, 256);
    expect(memory.readSync?.(2048, 256)).toEqual(memory.readSync?.(4096, 256));
  });

  test("holds several heaps apart, in several threads at once", async () => {
    const [one, two] = [open(), open()];
    one.kernels.fill(64, 1, 1000);
    two.kernels.fill(64, 2, 1000);
    const source = `
      const { parentPort, workerData } = require("node:worker_threads");
      const module = { exports: {} };
      process.dlopen(module, workerData.path);
      const memory = new WebAssembly.Memory({ initial: 64, maximum: 65535 });
      const { kernels } = module.exports.create(workerData.instructions, memory.buffer);
      kernels.fill(64, workerData.value, 1000);
      for (let i = 0; i < 1000; i++) kernels.scale(64, 64, 1, 1000);
      parentPort.postMessage(new Float32Array(memory.buffer, 64, 1000).reduce((a, b) => a + b));`;
    const path = fileURLToPath(new URL(addonName(process), OWN));
    const answers = [3, 4, 5].map(
      (value) =>
        new Promise((resolve, reject) => {
          const worker = new Worker(source, { eval: true, workerData: { path, instructions: here, value } });
          worker.once("message", resolve).once("error", reject);
        }),
    );
    expect(await Promise.all(answers)).toEqual([3000, 4000, 5000]);
    expect(one.memory.readSync?.(64, 1000)).toEqual(new Float32Array(1000).fill(1));
    expect(two.memory.readSync?.(64, 1000)).toEqual(new Float32Array(1000).fill(2));
  });

  test("lives as long as one of its functions, and no longer", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const reserved = 2 ** 28;
    const grown = () => {
      const { kernels, memory } = open();
      memory.reserve(reserved);
      return kernels.fill;
    };
    const fill = grown();
    const before = process.memoryUsage().external;
    for (let i = 0; i < 4; i++) grown();
    for (let turn = 0; turn < 3; turn++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(process.memoryUsage().external).toBeLessThan(before + reserved);
    expect(() => fill(reserved / 2, 1, 1000)).not.toThrow();
    expect(() => fill(reserved, 1, 1)).toThrow(RangeError);
  });

  test("loads from any folder", () => {
    for (const name of [addonName(process), checksumName(process)]) {
      copyFileSync(new URL(name, OWN), join(folder, name));
    }
    expect(createNativeBackend(undefined, inFolder()).backend?.name).toBe("native");
  });
});

describe("without the addon", () => {
  /** The modules as they are when the system refuses the addon. */
  async function refused() {
    vi.resetModules();
    const dlopen = vi.spyOn(process, "dlopen").mockImplementation(() => {
      throw new Error("refused\nin two lines");
    });
    const engine = await import("../../src/tasks/engine.ts");
    const { defaultBackend } = await import("../../src/backend/default.ts");
    return { ...engine, defaultBackend, [Symbol.dispose]: () => dlopen.mockRestore() };
  }
  const reason = /^(?:there are no native kernels for .*|.*\.node cannot be loaded: refused)$/;

  test("auto is WebAssembly and says so in one line", async () => {
    using modules = await refused();
    const notes: string[] = [];
    const engine = modules.chooseEngine("auto", (note) => notes.push(note));
    expect(engine).toEqual({ backend: "wasm", instructions: bestInstructions() });
    expect(notes).toHaveLength(1);
    expect(notes[0].replace("on WebAssembly, which is slower: ", "")).toMatch(reason);
    expect(modules.openBackend(engine).name).toBe("wasm");
    expect(modules.defaultBackend().name).toBe("wasm");
  });

  test("--backend native is refused with the reason", async () => {
    using modules = await refused();
    expect(() => modules.chooseEngine("native")).toThrow(/^--backend native: \S.*$/);
  });
});

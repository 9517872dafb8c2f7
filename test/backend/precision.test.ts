/** `highest` and `high`: which kernels they allow, on processors with AMX, without it, and where the system refuses it. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Precision } from "../../src/backend/native/native.ts";
import { bestInstructions } from "../../src/backend/wasm/wasm.ts";

const REFUSED = "the operating system refuses this process the use of AMX tiles";
const WITH_AMX = { instructions: ["amx", "avx512", "avx2"], lacking: {} };
const REFUSING = { instructions: ["avx512", "avx2"], lacking: { amx: REFUSED } };
const OLD = {
  instructions: [],
  lacking: { amx: "no amx", avx512: "no avx512", avx2: "this processor lacks AVX2 with FMA" },
};

/** The modules as they are where the addon says this of the processor. */
async function onProcessor(facts: { instructions: readonly string[]; lacking: object }) {
  vi.resetModules();
  const addon = await vi.importActual<typeof import("../../src/backend/native/addon.ts")>(
    "../../src/backend/native/addon.ts",
  );
  const loadAddon = () => ({ addon: { ...facts, create: () => ({ kernels: {}, attach: () => {} }) } });
  vi.doMock("../../src/backend/native/addon.ts", () => ({ ...addon, loadAddon }));
  const { chooseEngine } = await import("../../src/tasks/engine.ts");
  const { createNativeBackend } = await import("../../src/backend/native/native.ts");
  const choose = (precision?: Precision, backend: "auto" | "native" | "wasm" | "reference" = "auto") => {
    const notes: string[] = [];
    const { instructions } = chooseEngine(backend, (note) => notes.push(note), precision);
    return { instructions, notes };
  };
  return { choose, createNativeBackend };
}

afterEach(() => {
  vi.doUnmock("../../src/backend/native/addon.ts");
  vi.resetModules();
  vi.unstubAllEnvs();
});

describe("with AMX", () => {
  test("only high takes it, in code as on the command line", async () => {
    const { choose, createNativeBackend } = await onProcessor(WITH_AMX);
    expect(choose()).toEqual({ instructions: "avx512", notes: [] });
    expect(choose("highest")).toEqual({ instructions: "avx512", notes: [] });
    expect(choose("high")).toEqual({ instructions: "amx", notes: [] });
    expect(createNativeBackend().backend?.instructions).toBe("avx512");
    expect(createNativeBackend("highest").backend?.instructions).toBe("avx512");
    expect(createNativeBackend("high").backend?.instructions).toBe("amx");
    expect(createNativeBackend("amx").backend?.instructions).toBe("amx");
  });

  test("UNROLLED_CPU=amx forces it where nothing is said, and contradicts highest", async () => {
    const { choose } = await onProcessor(WITH_AMX);
    vi.stubEnv("UNROLLED_CPU", "amx");
    expect(choose()).toEqual({ instructions: "amx", notes: [] });
    expect(choose("high")).toEqual({ instructions: "amx", notes: [] });
    expect(() => choose("highest")).toThrow(
      "UNROLLED_CPU=amx: its products have precision high, and highest is asked for",
    );
  });

  test("UNROLLED_CPU=avx2 forces that under high, and is named as the reason", async () => {
    const { choose } = await onProcessor(WITH_AMX);
    vi.stubEnv("UNROLLED_CPU", "avx2");
    expect(choose("high")).toEqual({
      instructions: "avx2",
      notes: ["--precision high runs the f32 kernels here: UNROLLED_CPU=avx2"],
    });
  });
});

describe("where the system refuses AMX", () => {
  test("high runs the f32 kernels and says why in one line", async () => {
    const { choose, createNativeBackend } = await onProcessor(REFUSING);
    expect(choose("highest")).toEqual({ instructions: "avx512", notes: [] });
    expect(choose("high")).toEqual({
      instructions: "avx512",
      notes: [`--precision high runs the f32 kernels here: ${REFUSED}; it has avx512`],
    });
    expect(createNativeBackend("amx")).toEqual({ reason: `${REFUSED}; it has avx512` });
  });

  test("UNROLLED_CPU=amx is an error with the reason", async () => {
    const { choose } = await onProcessor(REFUSING);
    vi.stubEnv("UNROLLED_CPU", "amx");
    expect(() => choose("high")).toThrow(`UNROLLED_CPU=amx: ${REFUSED}; it has avx512`);
  });
});

test("high on WebAssembly and on the reference", async () => {
  const { choose } = await onProcessor(WITH_AMX);
  expect(choose("high", "wasm")).toEqual({
    instructions: bestInstructions(),
    notes: ["--precision high runs the f32 kernels here: WebAssembly has no others"],
  });
  expect(choose("high", "reference")).toEqual({ instructions: "float64", notes: [] });
});

test("a processor that can run none of them gives the reason of the least of them", async () => {
  const { choose, createNativeBackend } = await onProcessor(OLD);
  expect(createNativeBackend().reason).toBe("this processor lacks AVX2 with FMA");
  expect(choose().notes).toEqual(["on WebAssembly, which is slower: this processor lacks AVX2 with FMA"]);
});

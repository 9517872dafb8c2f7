/** How much memory a heap may have: what the caller says, what the engine gives, and what is said when it is too little. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { heapOf } from "../../src/backend/heap.ts";
import { createNativeBackend } from "../../src/backend/native/native.ts";
import { createWasmBackend, loadWasmBackend } from "../../src/backend/wasm/wasm.ts";
import { InputError, OutOfMemoryError } from "../../src/core/errors.ts";
import { tensor, zeros } from "../../src/index.ts";

const MiB = 2 ** 20;
const MOST = 65535 * 65536;

afterEach(() => void vi.unstubAllGlobals());

/** An engine that reserves at most so many bytes for one memory. */
function refuseAbove(bytes: number): number[] {
  const asked: number[] = [];
  const { Memory } = WebAssembly;
  vi.stubGlobal("WebAssembly", {
    ...Object.fromEntries(
      ["Module", "Instance", "Global", "validate", "compile"].map((name) => [
        name,
        WebAssembly[name as "Module"],
      ]),
    ),
    Memory: class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        asked.push(descriptor.maximum! * 65536);
        if (descriptor.maximum! * 65536 > bytes) throw new RangeError("could not allocate memory");
        super(descriptor);
      }
    },
  });
  return asked;
}

describe("the maximum of a heap", () => {
  test("is what 32 bits can address, where nothing else is said", () => {
    expect(createWasmBackend()!.memory).toMatchObject({ limit: MOST, limitOption: undefined });
  });

  test("is the option maximumBytes, in whole pages", async () => {
    expect(createWasmBackend({ maximumBytes: 16 * MiB + 1 })!.memory.limit).toBe(16 * MiB);
    expect((await loadWasmBackend({ maximumBytes: MOST })).memory.limit).toBe(MOST);
    expect((await loadWasmBackend({ maximumBytes: 4 * MiB })).memory.limit).toBe(4 * MiB);
  });

  test.each([4 * MiB - 1, MOST + 1, Number.NaN, "1", null, [1]])("is not %s", async (maximumBytes) => {
    const options = { maximumBytes } as { maximumBytes: number };
    expect(() => createWasmBackend(options)).toThrow(InputError);
    const message =
      /^loadWasmBackend: maximumBytes must be a number of bytes from 4194304 \(4 MiB\) to 4294901760/;
    await expect(loadWasmBackend(options)).rejects.toThrow(message);
  });

  test("holds, and the error names the option; what fits afterwards has its place", async () => {
    const backend = createWasmBackend({ maximumBytes: 8 * MiB })!;
    const kept = tensor(new Float32Array(2 ** 19).fill(2), [2 ** 19], "f32", backend);
    const error = await Promise.resolve()
      .then(() => zeros([2 ** 21], backend))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect(error).toMatchObject({
      problem: expect.stringMatching(
        /^no memory for tensor \[2097152\]: 8\.0 MiB wanted, 2\.0 MiB of 8\.0 MiB in use$/,
      ),
      hint: "give a larger maximumBytes, or make the model, the batch or the sequence length smaller",
    });
    const other = zeros([2 ** 18], backend);
    expect((await kept.read()).every((value) => value === 2)).toBe(true);
    for (const each of [kept, other]) each.dispose();
    expect(heapOf(backend).usedBytes).toBe(0);
  });

  test.each([
    [3 * 2 ** 30, 2 ** 31],
    [2 ** 29, 2 ** 29],
    [2 ** 28, 2 ** 28],
  ])("is less where an engine gives at most %i bytes", (most, limit) => {
    const asked = refuseAbove(most);
    expect(createWasmBackend("simd128")!.memory).toMatchObject({ limit, limitOption: undefined });
    expect(asked).toEqual([...asked].sort((a, b) => b - a));
    const native = createNativeBackend().backend;
    if (native !== undefined) expect(native.memory.limit).toBe(limit);
  });

  test("that an engine refuses gives an error that says what to do", async () => {
    refuseAbove(2 ** 27);
    const hint = "close other pages and programs, or load the kernels with a smaller maximumBytes";
    const refused = await loadWasmBackend().catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(OutOfMemoryError);
    expect(refused).toMatchObject({
      problem: "no memory for the heap: 256.0 MiB wanted, 0 B of 256.0 MiB in use",
      hint,
      cause: expect.any(RangeError),
    });
    await expect(loadWasmBackend({ maximumBytes: 2 ** 30 })).rejects.toMatchObject({ hint });
    expect((await loadWasmBackend({ maximumBytes: 2 ** 27 })).memory.limit).toBe(2 ** 27);
  });
});

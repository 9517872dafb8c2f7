/** How a page gets the kernels: `fetch` answers from the files here, or as servers do that have none. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { bestInstructions, createWasmBackend, loadWasmBackend } from "../../src/backend/wasm/wasm.ts";
import { InputError, UnrolledError } from "../../src/core/errors.ts";

afterEach(() => void vi.unstubAllGlobals());

const folder = "https://example.org/kernels";
const answering = (answer: (url: URL) => Response | Promise<Response>) =>
  vi.stubGlobal("fetch", async (url: URL) => answer(url));
const wasm = (url: URL) =>
  readFileSync(new URL(`../../src/backend/wasm/${url.pathname.split("/").at(-1)}`, import.meta.url));
const html = new TextEncoder().encode("<!doctype html><title>not here</title>");

describe("the kernels of a page", () => {
  test.each(["simd128", "relaxed-simd"] as const)("come from a folder: %s", async (instructions) => {
    answering((url) => new Response(wasm(url)));
    expect(await loadWasmBackend({ instructions, folder })).toMatchObject({ name: "wasm", instructions });
  });

  test.each(["simd128", "relaxed-simd"] as const)("come from beside the script in Node: %s", async (name) => {
    expect(await loadWasmBackend(name)).toMatchObject({ name: "wasm", instructions: name });
  });

  test.each([
    ["https://example.org/a", "https://example.org/a/unrolled-simd.wasm"],
    ["https://example.org/a/", "https://example.org/a/unrolled-simd.wasm"],
    ["kernels", "https://page.example/app/kernels/unrolled-simd.wasm"],
    ["/kernels/", "https://page.example/kernels/unrolled-simd.wasm"],
    [new URL("https://example.org/b/"), "https://example.org/b/unrolled-simd.wasm"],
  ])("have their address in the folder %s of a page", async (named, address) => {
    vi.stubGlobal("location", { href: "https://page.example/app/index.html" });
    let asked = "";
    answering((url) => {
      asked = url.href;
      return new Response(wasm(url));
    });
    await loadWasmBackend({ folder: named, instructions: "simd128" });
    expect(asked).toBe(address);
  });

  test("have no address in a folder that is none, or in that of a script without one", async () => {
    vi.stubGlobal("location", { href: "blob:https://page.example/1-2-3" });
    await expect(loadWasmBackend({ folder: "kernels" })).rejects.toThrow(InputError);
    await expect(loadWasmBackend({ folder: "kernels" })).rejects.toThrow(
      'loadWasmBackend: folder must be the address of a folder, got "kernels" in blob:https://page.example/1-2-3',
    );
    await expect(loadWasmBackend({ folder: 3 as never })).rejects.toThrow(
      "folder must be the address of a folder",
    );
  });

  test("that an older Vite has lost are found by the setting that the error names", async () => {
    answering(() => new Response(html, { headers: { "content-type": "text/html" } }));
    await expect(
      loadWasmBackend({ folder: "http://localhost:5173/node_modules/.vite/deps" }),
    ).rejects.toThrow(/Vite before 8 .* optimizeDeps: \{ exclude: \["unrolled"\] \} in vite\.config\.js$/);
  });

  test.each([
    [{ instructions: "avx2" }, /: instructions must be "simd128" or "relaxed-simd", got "avx2"/],
    ["avx2", /: instructions must be "simd128" or "relaxed-simd", got "avx2"/],
    [{ maximum: 3 }, /: unknown option maximum/],
    [null, /: options must be an object, got null/],
  ])("are not made with the options %j", async (options, message) => {
    expect(() => createWasmBackend(options as never)).toThrow(message);
    expect(() => createWasmBackend(options as never)).toThrow(InputError);
    await expect(loadWasmBackend(options as never)).rejects.toThrow(message);
  });

  test.each<[string, unknown, RegExp]>([
    ["WebAssembly", undefined, /: this engine has no WebAssembly$/],
    ["SIMD", { validate: () => false }, /: this engine has no SIMD instructions in WebAssembly$/],
  ])("need %s", async (_, engine, problem) => {
    vi.stubGlobal("WebAssembly", engine);
    const works: (() => unknown)[] = [bestInstructions, () => createWasmBackend(), () => loadWasmBackend()];
    for (const work of works) {
      const error = await Promise.resolve()
        .then(work)
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "BACKEND", problem: expect.stringMatching(problem) });
    }
  });

  test.each<[string, (url: URL) => Response | Promise<Response>, RegExp]>([
    [
      "with their address and the status, when there are none",
      () => new Response(html, { status: 404, statusText: "Not Found" }),
      /^the kernels cannot be loaded: https:.*\/unrolled-simd\.wasm answers with status 404 Not Found$/,
    ],
    [
      "with the type, when a page comes instead",
      () => new Response(html, { headers: { "content-type": "text/html" } }),
      /unrolled-simd\.wasm is no WebAssembly module, but 38 bytes of something else, of type text\/html$/,
    ],
    [
      "when nothing comes",
      () => new Response(),
      /is no WebAssembly module, but 0 bytes of something else, of type /,
    ],
    [
      "when nobody answers",
      () => Promise.reject(new TypeError("fetch failed")),
      /^the kernels cannot be loaded: https:.*\/unrolled-simd\.wasm: fetch failed$/,
    ],
    [
      "when they are cut off",
      (url) => new Response(wasm(url).subarray(0, 1000)),
      /unrolled-simd\.wasm: .*section/i,
    ],
  ])("are missed %s", async (_, answer, message) => {
    answering(answer);
    const error = await loadWasmBackend({ folder, instructions: "simd128" }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(UnrolledError);
    expect((error as UnrolledError).problem).toMatch(message);
    expect(error).toMatchObject({
      code: "BACKEND",
      hint: expect.stringMatching(/^put both \.wasm files of dist\/backend\/wasm\/ at that address/),
    });
  });
});

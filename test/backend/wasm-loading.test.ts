/** How a page gets the kernels: `fetch` answers from the files here, or as servers do that have none. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { loadWasmBackend } from "../../src/backend/wasm/wasm.ts";
import { UnrolledError } from "../../src/core/errors.ts";

afterEach(() => void vi.unstubAllGlobals());

const answering = (answer: (url: URL) => Response | Promise<Response>) =>
  vi.stubGlobal("fetch", async (url: URL) => answer(url));
const wasm = (url: URL) => readFileSync(url);
const html = new TextEncoder().encode("<!doctype html><title>not here</title>");

describe("the kernels of a page", () => {
  test.each(["simd128", "relaxed-simd"] as const)("come from beside the script: %s", async (instructions) => {
    answering((url) => new Response(wasm(url)));
    expect(await loadWasmBackend(instructions)).toMatchObject({ name: "wasm", instructions });
  });

  test.each<[string, (url: URL) => Response | Promise<Response>, RegExp]>([
    [
      "with their address and the status, when there are none",
      () => new Response(html, { status: 404, statusText: "Not Found" }),
      /^the kernels in file:.*\/unrolled-simd\.wasm cannot be loaded: status 404 Not Found$/,
    ],
    [
      "with the type, when a page comes instead",
      () => new Response(html, { headers: { "content-type": "text/html" } }),
      /unrolled-simd\.wasm is no WebAssembly module, but 38 bytes of something else, of text\/html$/,
    ],
    [
      "when nothing comes",
      () => new Response(),
      /is no WebAssembly module, but 0 bytes of something else, of /,
    ],
    [
      "when nobody answers",
      () => Promise.reject(new TypeError("fetch failed")),
      /unrolled-simd\.wasm cannot be loaded: fetch failed$/,
    ],
    [
      "when they are cut off",
      (url) => new Response(wasm(url).subarray(0, 1000)),
      /unrolled-simd\.wasm cannot be loaded: .*section/i,
    ],
  ])("are missed %s", async (_, answer, message) => {
    answering(answer);
    const error = await loadWasmBackend("simd128").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnrolledError);
    expect((error as UnrolledError).problem).toMatch(message);
    expect(error).toMatchObject({
      code: "BACKEND",
      hint: expect.stringMatching(/belong beside its scripts/),
    });
  });
});

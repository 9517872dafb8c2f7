/** What goes wrong when a page loads the kernels, and what the error says of it. */
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type App, createApp, replaceImports } from "./support/app.ts";
import { openChromium } from "./support/chromium.ts";
import { describeInChromium } from "./support/describe-in-chromium.ts";
import { type Answer, type ServerOptions, serveFolder } from "./support/static-server.ts";

const FIXTURES = fileURLToPath(new URL("./fixtures/", import.meta.url));
const HTML = { type: "text/html", body: "<!doctype html><title>An app</title>" };

interface Outcome {
  readonly answer?: { instructions: string; limit: number };
  readonly error?: { name: string; code: string; problem: string; hint: string };
}

describeInChromium("the kernels in a page", () => {
  let app: App;
  let browser: Browser;

  beforeAll(async () => {
    app = await createApp(FIXTURES);
    cpSync(join(app.installed, "dist", "page"), app.folder, { recursive: true });
    replaceImports(app.folder, () => "./unrolled.js");
    browser = await openChromium();
  });
  afterAll(async () => {
    await browser?.close();
    app?.remove();
  });

  /** What the page's worker answers to a question; `{url}` in an option is the address of the server. */
  async function ask(
    task: string,
    options: object = {},
    serverOptions: ServerOptions = {},
  ): Promise<Outcome> {
    const server = await serveFolder(app.folder, serverOptions);
    const page = await browser.newPage();
    try {
      await page.goto(server.url);
      return await page.evaluate<Outcome>(`ask(${JSON.stringify(task)}, ${JSON.stringify(options)})`);
    } finally {
      await page.close();
      await server.close();
    }
  }

  /** A server that answers for every .wasm file. */
  const kernels = (answer: (path: string) => Answer): ServerOptions => ({
    answer: (path) => (path.endsWith(".wasm") ? answer(path) : undefined),
  });
  const read = (path: string) =>
    readFileSync(join(app.installed, "dist/backend/wasm", path.split("/").at(-1)!));

  test("are the best that it can run", async () => {
    expect(await ask("load")).toEqual({ answer: { instructions: "relaxed-simd", limit: 65535 * 65536 } });
  });

  test("come with any type that a server gives them", async () => {
    const server = kernels((path) => ({ type: "application/octet-stream", body: read(path) }));
    expect(await ask("load", {}, server)).toMatchObject({ answer: { instructions: "relaxed-simd" } });
  });

  test.each(["/assets/kernels", "assets/kernels/", "http://127.0.0.1:1/elsewhere/../"])(
    "come from the folder %s",
    async (folder) => {
      let asked = "";
      const server = kernels((path) => {
        asked = path;
        return { body: read(path) };
      });
      const outcome = await ask("load", { folder, instructions: "simd128" }, server);
      if (folder.startsWith("http")) {
        expect(outcome.error?.problem).toMatch(
          /^the kernels cannot be loaded: http:\/\/127\.0\.0\.1:1\/unrolled-simd\.wasm: Failed to fetch$/,
        );
      } else {
        expect(outcome.answer?.instructions).toBe("simd128");
        expect(asked).toBe("/assets/kernels/unrolled-simd.wasm");
      }
    },
  );

  test.each<[string, ServerOptions, RegExp, RegExp]>([
    [
      "that are not there",
      kernels(() => ({ ...HTML, status: 404 })),
      /^the kernels cannot be loaded: http:.*\/unrolled-relaxed\.wasm answers with status 404 Not Found$/,
      /put both \.wasm files of dist\/backend\/wasm\/ at that address/,
    ],
    [
      "in whose place a page comes",
      kernels(() => HTML),
      /unrolled-relaxed\.wasm is no WebAssembly module, but 36 bytes of something else, of type text\/html$/,
      /put both \.wasm files/,
    ],
    [
      "that are cut off",
      kernels((path) => ({ body: read(path).subarray(0, 1000) })),
      /unrolled-relaxed\.wasm: .*section/,
      /put both \.wasm files/,
    ],
    [
      "that the page's own policy forbids",
      { headers: { "Content-Security-Policy": "script-src 'self'" } },
      /unrolled-relaxed\.wasm: .*Content Security Policy/,
      /script-src 'self' 'wasm-unsafe-eval'/,
    ],
  ])("%s give an error that says so", async (_, server, problem, hint) => {
    const { error } = await ask("load", {}, server);
    expect(error).toMatchObject({ name: "UnrolledError", code: "BACKEND" });
    expect(error!.problem).toMatch(problem);
    expect(error!.hint).toMatch(hint);
  });

  test("run under a policy that allows WebAssembly", async () => {
    const headers = { "Content-Security-Policy": "script-src 'self' 'wasm-unsafe-eval'" };
    expect(await ask("load", {}, { headers })).toMatchObject({ answer: { instructions: "relaxed-simd" } });
  });

  test("have as much memory as they are given, and the error names the option", async () => {
    const maximumBytes = 32 * 2 ** 20;
    expect(await ask("load", { maximumBytes })).toMatchObject({ answer: { limit: maximumBytes } });
    expect(await ask("fill", { maximumBytes, bytes: 2 ** 24 })).toEqual({ answer: 2 ** 22 });
    const { error } = await ask("fill", { maximumBytes, bytes: 2 ** 25 });
    expect(error).toMatchObject({ name: "OutOfMemoryError", code: "OUT_OF_MEMORY" });
    expect(error!.problem).toMatch(/: 32\.0 MiB wanted, .* of 32\.0 MiB in use$/);
    expect(error!.hint).toMatch(/^give a larger maximumBytes, or /);
  });
});

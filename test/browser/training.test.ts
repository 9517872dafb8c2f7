/** The published package in a page: a worker trains with the bits of Node, built by Vite and as plain files. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type App, buildWithVite, createApp, importMap, replaceImports } from "./support/app.ts";
import { collectErrors, openChromium } from "./support/chromium.ts";
import { describeInChromium } from "./support/describe-in-chromium.ts";
import { ISOLATION, serveFolder } from "./support/static-server.ts";

const FIXTURES = fileURLToPath(new URL("./fixtures/", import.meta.url));

/** Trains in a Node of its own, which has the package as a dependency. */
async function trainInNode(folder: string): Promise<unknown> {
  const program = `
    import { createWasmBackend } from "unrolled";
    import { train } from "./training.js";
    console.log(JSON.stringify(await train(createWasmBackend("simd128"))));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    cwd: folder,
  });
  return JSON.parse(stdout);
}

/** The fixtures again, in a folder of the app. */
function copyFixtures(app: App, name: string): string {
  const folder = join(app.folder, name);
  mkdirSync(folder);
  cpSync(FIXTURES, folder, { recursive: true });
  return folder;
}

describeInChromium("in a page", () => {
  let app: App;
  let browser: Browser;
  let inNode: unknown;

  beforeAll(async () => {
    app = await createApp(FIXTURES);
    inNode = await trainInNode(app.folder);
    browser = await openChromium();
  });
  afterAll(async () => {
    await browser?.close();
    app?.remove();
  });

  /** What the worker of a page trains, and which .wasm files were asked for. */
  async function trainInPage(folder: string, path: string, headers: Readonly<Record<string, string>>) {
    const server = await serveFolder(folder, { headers });
    const page = await browser.newPage();
    const errors = collectErrors(page);
    try {
      await page.goto(server.url + path);
      const isolated = await page.evaluate("crossOriginIsolated");
      const { answer, error } = await page.evaluate<{ answer?: unknown; error?: unknown }>(
        "ask('train', 'simd128')",
      );
      return {
        ...{ isolated, answer, error, errors },
        kernels: server.requests.filter((request) => request.endsWith(".wasm")),
      };
    } finally {
      await page.close();
      await server.close();
    }
  }

  const expectSameBits = (trained: Awaited<ReturnType<typeof trainInPage>>, isolated: boolean) => {
    expect(trained).toMatchObject({ answer: inNode, error: undefined, errors: [], isolated });
    expect(trained.kernels).toHaveLength(1);
  };

  test("Node trains", () => {
    expect(inNode).toMatchObject({
      instructions: "simd128",
      parameters: expect.stringMatching(/^[\da-f]{64}$/),
    });
  });

  test("a build of Vite trains with the bits of Node, with and without isolation", async () => {
    const site = await buildWithVite(app.folder);
    expectSameBits(await trainInPage(site, "", {}), false);
    expectSameBits(await trainInPage(site, "", ISOLATION), true);
  });

  test("the one file for pages does, copied beside the page's own scripts", async () => {
    const folder = copyFixtures(app, "copied");
    cpSync(join(app.installed, "dist", "page"), folder, { recursive: true });
    replaceImports(folder, () => "./unrolled.js");
    expectSameBits(await trainInPage(folder, "", {}), false);
    expectSameBits(await trainInPage(folder, "", ISOLATION), true);
  });

  test("the package's modules as they are do without a worker, where an import map finds them", async () => {
    const folder = copyFixtures(app, "mapped");
    const script = `
      import { loadWasmBackend } from "unrolled";
      import { train } from "./training.js";
      globalThis.ask = async (task, options) => ({ answer: await train(await loadWasmBackend(options)) });`;
    writeFileSync(
      join(folder, "index.html"),
      `<!doctype html><link rel="icon" href="data:," />
       <script type="importmap">${JSON.stringify({ imports: importMap() })}</script>
       <script type="module">${script}</script>`,
    );
    expectSameBits(await trainInPage(app.folder, "mapped/", {}), false);
  });
});

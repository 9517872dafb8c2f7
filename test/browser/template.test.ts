/** The template in examples/browser: built by Vite, in its development server, and as plain files. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LONG } from "../support/long.ts";
import { type App, buildWithVite, createApp, startVite } from "./support/app.ts";
import { collectErrors, openChromium } from "./support/chromium.ts";
import { describeInChromium } from "./support/describe-in-chromium.ts";
import { ISOLATION, serveFolder } from "./support/static-server.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PHONE = { width: 390, height: 844 };

/** A checkpoint of a small model after a few steps, as the command line makes it. */
async function trainModel({ folder, installed }: App): Promise<string> {
  const size = "--hidden 32 --batch-size 8 --seq-length 32 --steps 40 --threads 1";
  const args = ["train", "text", join(ROOT, "README.md"), "--out", "run", ...size.split(" ")];
  await promisify(execFile)(process.execPath, [join(installed, "bin", "unrolled.js"), ...args], {
    cwd: folder,
  });
  const checkpoints = join(folder, "run", "checkpoints");
  return join(checkpoints, readdirSync(checkpoints).find((name) => name.endsWith(".safetensors"))!);
}

const textOf = (page: Page, id: string) => page.locator(id).textContent();

/** Opens the model beside the page and has it write; the text has to come while it is made. */
async function expectToWrite(page: Page): Promise<void> {
  await page.waitForFunction("document.getElementById('write').disabled === false");
  expect(await textOf(page, "#model")).toMatch(
    /^model\.safetensors: lstm, 1 × 32, after \d+ steps, [\d,]{5,} parameters$/,
  );
  await page.evaluate(`
    globalThis.lengths = [];
    new MutationObserver(() => lengths.push(document.getElementById("written").textContent.length))
      .observe(document.getElementById("written"), { childList: true });`);
  await page.fill("#prime", "The model ");
  await page.click("#write");
  await page.waitForFunction(
    "document.getElementById('write').textContent === 'Write' && lengths.length > 1",
  );
  const lengths = await page.evaluate<number[]>("lengths");
  // A piece at a time, though a fast machine needs only a few.
  expect(lengths.length).toBeGreaterThan(1);
  expect(lengths.at(-1)).toBe("The model ".length + 600);
  expect(await textOf(page, "#written")).toMatch(/^The model /);
  expect(await textOf(page, "#speed")).toMatch(/^[\d,]+ per second$/);
}

/** Trains on a text that is typed in, stops, and has the model write. */
async function expectToTrain(page: Page): Promise<void> {
  await page.click("#show-training");
  await page.fill(
    "#text",
    "She sells sea shells by the sea shore, and the shells she sells are sea shells. ".repeat(50),
  );
  // In the page itself: by the time that a click from here arrives, the training may have ended.
  await page.evaluate(`
    new MutationObserver((_, observer) => {
      if (parseInt(document.getElementById("progress").textContent.slice("step ".length)) < 20) return;
      observer.disconnect();
      document.getElementById("train").click();
    }).observe(document.getElementById("progress"), { childList: true });`);
  await page.click("#train");
  await page.waitForFunction("/^your text/.test(document.getElementById('model').textContent)");
  expect(await textOf(page, "#model")).toMatch(
    /^your text: LSTM, 1 × 128, after 2\d steps, [\d,]+ parameters$/,
  );
  const [, steps, loss] =
    /^step (\d+) of 300, loss ([\d.]+) /.exec((await textOf(page, "#progress")) ?? "") ?? [];
  expect(Number(steps)).toBeLessThan(300);
  expect(Number(loss)).toBeLessThan(Math.log(20));
  await page.waitForFunction("document.getElementById('written').textContent.length >= 600");
}

describeInChromium("the template", () => {
  let app: App;
  let browser: Browser;
  /** The template's files beside the files for pages, without a bundler. */
  let plain: string;

  beforeAll(async () => {
    app = await createApp(join(ROOT, "examples", "browser"));
    const model = await trainModel(app);
    mkdirSync(join(app.folder, "public"));
    cpSync(model, join(app.folder, "public", "model.safetensors"));
    plain = join(app.folder, "plain");
    cpSync(join(ROOT, "examples", "browser"), plain, { recursive: true });
    cpSync(join(app.installed, "dist", "page"), plain, { recursive: true });
    cpSync(model, join(plain, "model.safetensors"));
    browser = await openChromium();
  });
  afterAll(async () => {
    await browser?.close();
    app?.remove();
  });

  async function inPage(url: string, work: (page: Page) => Promise<void>): Promise<void> {
    const page = await browser.newPage({ viewport: PHONE, colorScheme: "dark" });
    const errors = collectErrors(page);
    try {
      await page.goto(url);
      await work(page);
      expect(errors).toEqual([]);
    } finally {
      await page.close();
    }
  }

  async function onServer(
    folder: string,
    headers: Readonly<Record<string, string>>,
    work: (page: Page) => Promise<void>,
  ) {
    const server = await serveFolder(folder, { headers });
    try {
      await inPage(server.url, work);
    } finally {
      await server.close();
    }
  }

  describe.each(["a build of Vite", "plain files"])("as %s", (form) => {
    let site: string;
    beforeAll(async () => {
      site = form === "plain files" ? plain : await buildWithVite(app.folder);
    });

    test("writes with a checkpoint, and then learns a text", async () => {
      await onServer(site, ISOLATION, async (page) => {
        await expectToWrite(page);
        await expectToTrain(page);
      });
    });

    test("fits a phone", async () => {
      await onServer(site, {}, async (page) => {
        await page.click("#show-training");
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
        const targets = await page
          .locator("button:visible, label.button")
          .evaluateAll((elements) => elements.map((element) => element.getBoundingClientRect().height));
        expect(targets.length).toBeGreaterThan(3);
        expect(Math.min(...targets)).toBeGreaterThanOrEqual(44);
      });
    });
  });

  test("without a model says what to do, and shows what is wrong with a file", async () => {
    const folder = join(app.folder, "empty");
    cpSync(plain, folder, { recursive: true });
    rmSync(join(folder, "model.safetensors"));
    const server = await serveFolder(folder);
    const page = await browser.newPage();
    try {
      await page.goto(server.url);
      await page.waitForFunction("/^There is none yet/.test(document.getElementById('model').textContent)");
      await page.setInputFiles("#file", join(folder, "style.css"));
      await page.waitForFunction("document.getElementById('error').textContent !== ''");
      expect(await textOf(page, "#error")).toMatch(/^style\.css: /);
      await page.setInputFiles("#file", join(plain, "model.safetensors"));
      await expectToWrite(page);
      expect(await textOf(page, "#error")).toBe("");
    } finally {
      await page.close();
      await server.close();
    }
  });

  // Vite before 8 needs the second form: its optimizer loses the .wasm files.
  test.each(LONG ? [{}, { optimizeDeps: { exclude: ["unrolled"] } }] : [{}])(
    "runs in the development server of Vite with %j",
    async (options) => {
      const server = await startVite(app.folder, options);
      try {
        await inPage(server.url, expectToWrite);
      } finally {
        await server.close();
      }
    },
  );
});

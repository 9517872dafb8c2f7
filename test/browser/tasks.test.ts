/** Tasks in a page: 20 steps on one and several replicas, with and without isolation, and the bits are Node's. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LONG } from "../support/long.ts";
import { type App, buildWithVite, createApp } from "./support/app.ts";
import { collectErrors, openChromium } from "./support/chromium.ts";
import { describeInChromium } from "./support/describe-in-chromium.ts";
import { ISOLATION, serveFolder } from "./support/static-server.ts";

const FIXTURES = fileURLToPath(new URL("./fixtures/", import.meta.url));

interface Trained {
  readonly losses: readonly number[];
  readonly parameters: string;
  readonly samples: readonly unknown[];
}

interface Wish {
  readonly replicas: number;
  readonly shards: number;
}

const WISHES: readonly Wish[] = [
  { replicas: 1, shards: 1 },
  { replicas: 2, shards: 2 },
  { replicas: 1, shards: 4 },
  ...(LONG ? [{ replicas: 2, shards: 4 }] : []),
  { replicas: 4, shards: 4 },
];

/** How far apart two engines' logarithms and exponentials may be. */
const DIGITS = 13;

/**
 * Parameters, losses and texts come from the kernels, and are compared to the bit. What an evaluation says is computed with
 * `Math.log` and `Math.exp`, whose last bit ECMAScript leaves to the engine: Chromium 156 and Node 24 differ in it.
 */
function comparable(trained: Trained): unknown {
  const round = (value: unknown): unknown => {
    if (typeof value === "number") return Number(value.toPrecision(DIGITS));
    if (Array.isArray(value)) return value.map(round);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, round(part)]));
  };
  return { ...trained, evaluations: round((trained as { evaluations?: unknown }).evaluations) };
}

/** Trains in a Node of its own, which has the package as a dependency. */
async function trainInNode(folder: string, name: string, { replicas, shards }: Wish): Promise<Trained> {
  const args = ["node.js", name, String(replicas), String(shards)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
  return JSON.parse(stdout) as Trained;
}

describeInChromium("in a page", () => {
  let app: App;
  let site: string;
  let browser: Browser;

  beforeAll(async () => {
    app = await createApp(FIXTURES);
    site = await buildWithVite(app.folder);
    browser = await openChromium();
  });
  afterAll(async () => {
    await browser?.close();
    app?.remove();
  });

  describe.each(["text", "classify"])("%s trains with the bits of Node", (name) => {
    let inNode: Readonly<Record<number, Trained>>;
    beforeAll(async () => {
      inNode = {
        1: await trainInNode(app.folder, name, { replicas: 1, shards: 1 }),
        2: await trainInNode(app.folder, name, { replicas: 2, shards: 2 }),
        4: await trainInNode(app.folder, name, { replicas: 1, shards: 4 }),
      };
    });

    test("which depend on the shards", () => {
      const hashes = Object.values(inNode).map(({ parameters }) => parameters);
      expect(new Set(hashes).size).toBe(3);
      for (const { losses, samples } of Object.values(inNode)) {
        expect(losses).toHaveLength(20);
        expect(losses.at(-1)).toBeLessThan(losses[0]!);
        if (name === "text") expect(samples.length).toBeGreaterThan(0);
      }
    });

    test.each([
      { isolation: "with isolation", headers: ISOLATION },
      { isolation: "without isolation", headers: {} },
    ])("$isolation, whatever the replicas", async ({ headers }) => {
      const server = await serveFolder(site, { headers });
      const page = await browser.newPage();
      const errors = collectErrors(page);
      try {
        await page.goto(server.url);
        expect(await page.evaluate("crossOriginIsolated")).toBe(headers === ISOLATION);
        // One replica exchanges nothing, so isolation makes no difference to it.
        const isAll = LONG || headers === ISOLATION;
        for (const wish of isAll ? WISHES : WISHES.filter(({ replicas }) => replicas > 1)) {
          const asked = JSON.stringify({ name, ...wish });
          const trained = (await page.evaluate(`ask("trainTask", ${asked})`)) as { answer?: Trained };
          expect(trained.answer, asked).toBeDefined();
          expect(comparable(trained.answer!), asked).toEqual(comparable(inNode[wish.shards]!));
        }
        expect(errors).toEqual([]);
      } finally {
        await page.close();
        await server.close();
      }
    });
  });
});

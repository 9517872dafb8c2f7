import { describe } from "vitest";
import { CHROMIUM } from "./chromium.ts";

/** A suite that needs a browser. Without one it is skipped, and its name says so. */
export function describeInChromium(name: string, suite: () => void): void {
  if (CHROMIUM !== undefined) describe(name, suite);
  else describe.skip(`${name} (no Chromium found: install one, or name it in UNROLLED_CHROMIUM)`, suite);
}

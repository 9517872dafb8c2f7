import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Results } from "../results.ts";
import { performancePage } from "./page.ts";

const DOCS = fileURLToPath(new URL("../../docs/", import.meta.url));

/** Writes docs/performance.md and its plots, and removes plots that it no longer has. @returns what was written */
export function writePerformancePage(results: Results, source: string): string[] {
  const files = performancePage(results, source);
  const plots = join(DOCS, "performance");
  mkdirSync(plots, { recursive: true });
  for (const name of readdirSync(plots)) {
    if (!files.has(`performance/${name}`)) rmSync(join(plots, name));
  }
  return [...files].map(([name, content]) => {
    const path = join(DOCS, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  });
}

/** A program of a user's for a page: the fixtures beside the packed package, bundled by Vite or as plain files. */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createServer, type InlineConfig } from "vite";
import { installPackage } from "../../support/installed-package.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export interface App {
  readonly folder: string;
  /** The package in the app's node_modules. */
  readonly installed: string;
  remove(): void;
}

/** @param source a folder with the app's own files */
export async function createApp(source: string): Promise<App> {
  const folder = mkdtempSync(join(tmpdir(), "unrolled-page-"));
  const { installed } = await installPackage(folder);
  cpSync(source, folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  return { folder, installed, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** `vite build` as one types it. @returns the folder of the site */
export async function buildWithVite(folder: string): Promise<string> {
  const vite = join(ROOT, "node_modules", "vite", "bin", "vite.js");
  await promisify(execFile)(process.execPath, [vite, "build", "--logLevel", "warn"], { cwd: folder });
  return join(folder, "dist");
}

/** Vite's development server for a folder, with its own configuration or as the options say. */
export async function startVite(
  folder: string,
  options: InlineConfig = {},
): Promise<{ url: string; close(): Promise<void> }> {
  const server = await createServer({
    root: folder,
    logLevel: "error",
    cacheDir: join(folder, ".vite"),
    server: { host: "127.0.0.1", port: 0 },
    ...options,
  });
  await server.listen();
  return { url: server.resolvedUrls!.local[0]!, close: () => server.close() };
}

/** Files for pages that dependencies have under other names than those by which they are imported. */
const BROWSER_FILES = {
  "csv-parse/browser/esm/sync": "/node_modules/csv-parse/dist/esm/sync.js",
  fflate: "/node_modules/fflate/esm/browser.js",
};

/** Where a page finds what a program imports by name, given that the package is served at /node_modules/unrolled. */
export function importMap(): Record<string, string> {
  const { exports, dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    exports: Record<string, string>;
    dependencies: Record<string, string>;
  };
  const entries = Object.entries(exports).map(
    ([name, target]) => [`unrolled${name.slice(1)}`, `/node_modules/unrolled/${target.slice(2)}`] as const,
  );
  const packages = Object.keys(dependencies).map((name) => [`${name}/`, `/node_modules/${name}/`] as const);
  return { ...Object.fromEntries([...entries, ...packages]), ...BROWSER_FILES };
}

/** Names of packages in the scripts of a folder become addresses, as one does by hand where there is no bundler. */
export function replaceImports(folder: string, addressOf: (name: string) => string): void {
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".js"))) {
    const text = readFileSync(join(folder, file), "utf8");
    writeFileSync(
      join(folder, file),
      text.replace(/from "(unrolled[\w/]*)"/g, (_, name: string) => `from "${addressOf(name)}"`),
    );
  }
}

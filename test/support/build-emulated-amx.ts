/** Before all tests: the addon with AMX in software, built once for each state of the kernels' sources. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { TestProject } from "vitest/node";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** One folder for each state of the sources: checkouts may share their node_modules. */
const CACHE = join(ROOT, "node_modules", ".cache", "unrolled-amx-in-software");

/** What no test run has used for this long is deleted, in milliseconds. */
const KEPT = 7 * 24 * 3600 * 1000;

declare module "vitest" {
  interface ProvidedContext {
    /** Its folder as a URL, or why there is none. */
    emulatedAmx: { readonly folder?: string; readonly reason?: string };
  }
}

function stateOfSources(): string {
  const hash = createHash("sha256");
  for (const name of globSync("kernels/{*.c,*.h,*.ts,native/*,TOOLCHAIN}", { cwd: ROOT }).sort()) {
    hash.update(name).update(readFileSync(join(ROOT, name)));
  }
  return hash.digest("hex").slice(0, 16);
}

function build(mode: string): { folder?: string; reason?: string } {
  if (process.env.UNROLLED_SANITIZED !== undefined)
    return { reason: "only the addon with AddressSanitizer runs" };
  const folder = join(CACHE, stateOfSources());
  if (!existsSync(folder)) {
    if (mode === "quick")
      return { reason: "building the addon with emulated AMX is too slow for the quick tests" };
    mkdirSync(CACHE, { recursive: true });
    const unfinished = mkdtempSync(join(CACHE, "unfinished-"));
    const args = ["kernels/native/build.ts", "--emulate-amx", unfinished];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
    const skipped = /^skipped: (.*)$/m.exec(stdout)?.[1];
    if (skipped !== undefined || status !== 0) rmSync(unfinished, { recursive: true });
    if (skipped !== undefined) return { reason: skipped };
    if (status !== 0) throw new Error(`the addon with emulated AMX cannot be built:\n${stdout}${stderr}`);
    putInPlace(unfinished, folder);
  }
  const now = new Date();
  utimesSync(folder, now, now);
  deleteUnused(now.getTime() - KEPT);
  return { folder: pathToFileURL(`${folder}/`).href };
}

/** Another test run may have built the same at the same time. */
function putInPlace(unfinished: string, folder: string): void {
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
}

function deleteUnused(before: number): void {
  for (const name of readdirSync(CACHE)) {
    const used = statSync(join(CACHE, name), { throwIfNoEntry: false })?.mtimeMs ?? before;
    if (used < before) rmSync(join(CACHE, name), { recursive: true, force: true });
  }
}

export default function setup(project: TestProject): void {
  project.provide("emulatedAmx", build(project.vite.config.mode));
}

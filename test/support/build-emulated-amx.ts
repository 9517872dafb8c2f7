/** Before all tests: the addon with AMX in software, built once for each state of the kernels' sources. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { TestProject } from "vitest/node";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CACHE = join(ROOT, "node_modules", ".cache", "unrolled-emulated-amx");

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

function build(): { folder?: string; reason?: string } {
  if (process.env.UNROLLED_SANITIZED !== undefined)
    return { reason: "only the addon with AddressSanitizer runs" };
  const folder = join(CACHE, stateOfSources());
  if (!existsSync(folder)) {
    rmSync(CACHE, { recursive: true, force: true });
    mkdirSync(CACHE, { recursive: true });
    const unfinished = join(CACHE, "unfinished");
    const args = ["kernels/native/build.ts", "--emulate-amx", unfinished];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
    const skipped = /^skipped: (.*)$/m.exec(stdout)?.[1];
    if (skipped !== undefined) return { reason: skipped };
    if (status !== 0) throw new Error(`the addon with emulated AMX cannot be built:\n${stdout}${stderr}`);
    renameSync(unfinished, folder);
  }
  return { folder: pathToFileURL(`${folder}/`).href };
}

export default function setup(project: TestProject): void {
  project.provide("emulatedAmx", build());
}

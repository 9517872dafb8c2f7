/** The kernels' tests under AddressSanitizer: reads and writes beside what a kernel was given end the process. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CLANG, KERNELS, outputOf, withTemporary } from "../toolchain.ts";
import { buildAddon, KEPT } from "./build.ts";

const ROOT = join(KERNELS, "..");

/** Every kernel at the tails of every vector, products, and recurrent layers over time. */
const TESTS = ["tails", "gemm", "recurrent"].map((name) => `test/kernels/${name}.test.ts`);

/** Writes one word behind what it was given. */
const FAULT = `
  import { probeNative } from ${JSON.stringify(pathToFileURL(join(ROOT, "src/backend/native/native.ts")))};
  const { addon, instructions } = probeNative(undefined, new URL(process.env.UNROLLED_SANITIZED));
  const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const { kernels, poison } = addon.create(instructions, buffer);
  poison(128, 64);
  kernels.fill(64, 1, 17);`;

/** The runtime that the sanitized addon needs, or why there is none here. */
function runtime(): { path: string; reason?: undefined } | { path?: undefined; reason: string } {
  if (process.platform !== KEPT.platform || process.arch !== KEPT.arch) {
    return { reason: "the kernels run under AddressSanitizer on x64 Linux only" };
  }
  const path = outputOf(CLANG, ["-print-file-name=libclang_rt.asan-x86_64.so"])?.trim();
  // Without the file clang gives back the name alone.
  if (path !== undefined && existsSync(path)) return { path };
  return { reason: `AddressSanitizer needs ${CLANG} and its runtime (libclang-rt-19-dev)` };
}

/** @returns an exit status: 0 where there is nothing to run with, which is said */
export function testSanitized(): number {
  const { path, reason } = runtime();
  if (path === undefined) {
    console.log(`skipped: ${reason}`);
    return 0;
  }
  return withTemporary((folder) => {
    buildAddon({ ...KEPT, sanitize: true }, folder);
    const env = {
      ...process.env,
      LD_PRELOAD: path,
      ASAN_OPTIONS: "detect_leaks=0",
      UNROLLED_SANITIZED: pathToFileURL(`${folder}/`).href,
    };
    const fault = spawnSync(process.execPath, ["--no-warnings", "--input-type=module", "-e", FAULT], {
      ...{ cwd: ROOT, env, encoding: "utf8" },
    });
    if (!fault.stderr.includes("AddressSanitizer: use-after-poison")) {
      console.error(`AddressSanitizer has not noticed a word beyond its room:\n${fault.stderr}`);
      return 1;
    }
    const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
    const { status } = spawnSync(process.execPath, [vitest, "run", ...TESTS, "--maxWorkers=2"], {
      ...{ cwd: ROOT, env, stdio: "inherit" },
    });
    return status ?? 1;
  });
}

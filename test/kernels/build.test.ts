import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readHeader } from "../../kernels/header.ts";
import { GENERATED, typescriptSource } from "../../kernels/typescript.ts";
import { KERNEL_NAMES } from "../../src/backend/kernels.generated.ts";
import { LONG } from "../support/long.ts";
import { WASM_MODULES } from "./harness.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

function build(...args: string[]) {
  return spawnSync(process.execPath, ["kernels/build.ts", ...args], { cwd: ROOT, encoding: "utf8" });
}

describe("the list of kernels", () => {
  test("are described in TypeScript as the header gives it", () => {
    expect(readFileSync(GENERATED, "utf8")).toBe(typescriptSource(readHeader()));
  });
});

// Compiling all kernels takes minutes: in the long tests.
describe.runIf(LONG)("the kernels, built anew,", () => {
  test("are what the source gives, byte for byte", { timeout: 600_000 }, ({ skip }) => {
    const { status, stdout, stderr } = build("--check");
    const skipped = /^skipped: .*$/m.exec(stdout)?.[0];
    if (skipped) skip(skipped);
    expect(`${stdout}${stderr}`).toContain("same bytes");
    expect(status).toBe(0);
  });

  test("agree with plain loops when built natively, for every instruction set of this machine", {
    timeout: 600_000,
  }, ({ skip }) => {
    const { status, stdout, stderr } = build("--test");
    const skipped = /^skipped: .*$/m.exec(stdout)?.[0];
    if (skipped) skip(skipped);
    expect(status, `${stdout}${stderr}`).toBe(0);
  });

  test("compile and link for ARM's NEON", { timeout: 600_000 }, ({ skip }) => {
    const args = ["kernels/native/build.ts", "--arm64"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
    const skipped = /^skipped: .*$/m.exec(stdout)?.[0];
    if (skipped) skip(skipped);
    expect(`${stdout}${stderr}`).toMatch(/^unrolled-linux-arm64\.node: compiled and linked, \d+ bytes\n$/);
    expect(status).toBe(0);
  });
});

describe("the built kernels", () => {
  test.each(WASM_MODULES)(
    "%s imports its memory and nothing else, and exports every declared kernel",
    (file) => {
      const module = new WebAssembly.Module(readFileSync(`${ROOT}src/backend/wasm/${file}`));
      expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
      const names = WebAssembly.Module.exports(module).map((entry) => entry.name);
      expect(names.toSorted()).toEqual([...KERNEL_NAMES, "__heap_base"].toSorted());
    },
  );
});

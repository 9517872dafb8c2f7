// tsc copies no binary files: the compiled kernels go beside the compiled TypeScript.
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";

for (const folder of ["wasm", "native"]) {
  const from = new URL(`../src/backend/${folder}/`, import.meta.url);
  const to = new URL(`../dist/backend/${folder}/`, import.meta.url);
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (!name.endsWith(".ts")) copyFileSync(new URL(name, from), new URL(name, to));
  }
}

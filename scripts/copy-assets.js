// tsc copies no binary files: the compiled kernels go beside the compiled TypeScript.
import { copyFileSync, mkdirSync, readdirSync, renameSync } from "node:fs";

for (const folder of ["wasm", "native"]) {
  const from = new URL(`../src/backend/${folder}/`, import.meta.url);
  const to = new URL(`../dist/backend/${folder}/`, import.meta.url);
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.endsWith(".ts")) continue;
    // In its place at once: a process that runs the addon before would die of a file that changes under it.
    copyFileSync(new URL(name, from), new URL(`${name}.new`, to));
    renameSync(new URL(`${name}.new`, to), new URL(name, to));
  }
}

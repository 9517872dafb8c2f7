// tsc copies no binary files: the compiled kernels go beside the compiled TypeScript.
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";

const from = new URL("../src/backend/wasm/", import.meta.url);
const to = new URL("../dist/backend/wasm/", import.meta.url);
mkdirSync(to, { recursive: true });
for (const name of readdirSync(from)) {
  if (name.endsWith(".wasm")) copyFileSync(new URL(name, from), new URL(name, to));
}

/**
 * The public types, as one file to be compared: what the compiler declares for every entry of package.json's exports,
 * and for the files that these take names from. A change shows in the diff of the snapshot; `vitest -u` accepts it.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compileProgram } from "./support/consumer.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const EXPORTS = (
  JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { exports: Record<string, string> }
).exports;

/** A declaration file without comments, and the files that it re-exports from. */
function read(path: string): { text: string; from: string[] } {
  if (!existsSync(path)) throw new Error(`${relative(ROOT, path)} is missing: run \`npm run build\``);
  const text = readFileSync(path, "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^import /.test(line))
    .join("\n");
  const from = [...text.matchAll(/^export (?:type )?(?:\{[^}]*\}|\*) from "(\.[^"]+)";/gm)].map((match) =>
    join(dirname(path), match[1].replace(/\.(ts|js)$/, ".d.ts")),
  );
  return { text, from };
}

test("the public types are those of the snapshot", async () => {
  const parts: string[] = [];
  const seen = new Set<string>();
  const add = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    const { text, from } = read(path);
    parts.push(`// ${relative(join(ROOT, "dist"), path)}\n${text}\n`);
    for (const next of from) add(next);
  };
  for (const [name, target] of Object.entries(EXPORTS)) {
    parts.push(`// ---- unrolled${name.slice(1)} ${"-".repeat(60)}\n`);
    add(join(ROOT, target.replace(/\.js$/, ".d.ts")));
  }
  await expect(parts.join("\n")).toMatchFileSnapshot("public-types.snapshot");
});

describe("a program that imports every entry compiles, with library checks,", () => {
  const names = Object.keys(EXPORTS).map((name) => `unrolled${name.slice(1)}`);
  const imports = names.map((name, index) => `import * as m${index} from "${name}";`);
  const program = `${imports.join("\n")}\nexport const all = [${names.map((_, index) => `m${index}`)}];\n`;
  const years = ["ES2022", "ES2023", "ES2024"];

  test.each(years.flatMap((year) => [year, `${year} DOM`]))(
    "with lib %s and without the types of Node",
    async (lib) => {
      expect(await compileProgram({ "program.ts": program }, { lib: lib.split(" "), types: [] })).toBe("");
    },
  );
});

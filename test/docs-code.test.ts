/** The TypeScript in the documentation and the examples compiles in a program of a user's, under the strictest checks. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compileProgram } from "./support/consumer.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const { exports: EXPORTS } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  exports: Record<string, string>;
};

/** Node's types, which the package itself does not need: docs read files with them. */
const SETTINGS = {
  lib: ["ES2024", "DOM"],
  types: ["node"],
  typeRoots: [join(ROOT, "node_modules", "@types")],
  allowImportingTsExtensions: true,
  // A program without this option may give undefined for an option, as the package says.
  exactOptionalPropertyTypes: false,
  // The types of Node and of the DOM are not ours to check; test/public-types.test.ts checks those of the package.
  skipLibCheck: true,
};

/** What the fragments of a page suppose to be there. Each line is one declaration. */
const SUPPOSED: Readonly<Record<string, string>> = {
  "README.md": `
    declare const vocabulary: number, batchSize: number;
    declare const batches: AsyncIterable<{ inputs: Tensor; targets: Tensor }>;`,
  "docs/from-pytorch.md": `
    declare const model: { forward(x: Tensor, options: { training: boolean }): Tensor };
    declare const x: Tensor;`,
  "docs/attention.md": `
    declare const rng: Rng;
    declare const encoded: Tensor, lengths: Tensor, query: Tensor;`,
  "docs/open-model.md": `
    declare const bytes: Uint8Array;
    declare class MyCell {
      constructor(inputs: number, hidden: number, options: import("unrolled/nn").CreateCellOptions);
      zeroState(batch: number): Tensor;
      step(x: Tensor, state: Tensor): { output: Tensor; state: Tensor };
    }`,
  "docs/recurrent-layers.md": `
    declare const inputs: number, hidden: number;
    declare const rng: Rng;
    declare const x: Tensor;`,
  "docs/seq2seq.md": `
    declare const source: import("unrolled/nn").Tensor, target: import("unrolled/nn").Tensor;
    declare const sourceLengths: number[], targetLengths: number[];`,
  "docs/streaming.md": `
    declare const encoder: LSTM;
    declare const stream: import("unrolled/nn").Stream<number>;
    declare const question: number[];
    declare const rng: Rng;
    declare const START: number, END: number;`,
  "docs/tokens.md": `
    declare const corpus: import("unrolled/data").TextCorpus;
    declare const tokenizer: import("unrolled/data").Tokenizer;
    declare const signal: AbortSignal;`,
  "docs/training.md": `
    declare const rnn: LSTM;
    declare const head: Linear;
    declare const rng: Rng;
    declare const x: Tensor, y: Tensor;
    declare const loss: () => Tensor;
    declare const optimizer: import("unrolled/optim").Optimizer;
    declare const clip: import("unrolled/optim").Clip;`,
};

interface Block {
  readonly name: string;
  readonly page: string;
  readonly code: string;
}

/** The blocks of a page that are TypeScript and no quotation of a file. */
function blocksOf(page: string): Block[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(/^```(?:ts|typescript)\n([\s\S]*?)^```$/gm)].map((match) => {
    const line = text.slice(0, match.index).split("\n").length + 1;
    return { name: `${page}-line-${line}.ts`, page, code: match[1]! };
  });
}

/** A module around a block: what it names of the package is imported, what its page supposes is declared. */
function moduleOf({ page, code }: Block, homes: ReadonlyMap<string, string>): string {
  const imports = code.match(/^import .*$/gm) ?? [];
  const body = code.replace(/^import .*$/gm, "");
  const supposed = SUPPOSED[page] ?? "";
  const words = new Set(`${supposed} ${body}`.match(/\w+/g));
  const missing = [...words].filter(
    (word) => homes.has(word) && !new RegExp(`\\b${word}\\b`).test(imports.join()),
  );
  const added = missing.map((name) => `import { ${name} } from "${homes.get(name)}";`);
  // Within braces, what the block declares may have the name of what is supposed.
  return [...imports, ...added, supposed, "{", body, "}", "export {};"].join("\n");
}

/** Every name that the package exports, and a subpath that has it. */
async function publicNames(): Promise<Map<string, string>> {
  const homes = new Map<string, string>();
  for (const [name, target] of Object.entries(EXPORTS)) {
    const module = (await import(/* @vite-ignore */ join(ROOT, target))) as object;
    for (const each of Object.keys(module)) homes.set(each, `unrolled${name.slice(1)}`);
  }
  return homes;
}

const pages = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)];
const blocks = pages.filter((page) => page.endsWith(".md")).flatMap(blocksOf);

describe("in a program that is compiled under the strictest checks", () => {
  test("every TypeScript block of the documentation compiles", async () => {
    expect(blocks.length).toBeGreaterThan(10);
    const homes = await publicNames();
    const files = Object.fromEntries(blocks.map((block) => [block.name, moduleOf(block, homes)]));
    expect(await compileProgram(files, SETTINGS)).toBe("");
  });

  test("every example compiles", async () => {
    const names = readdirSync(join(ROOT, "examples")).filter((name) => name.endsWith(".ts"));
    const files = Object.fromEntries(
      names.map((name) => [name, readFileSync(join(ROOT, "examples", name), "utf8")]),
    );
    expect(await compileProgram(files, SETTINGS)).toBe("");
  });

  test("a block with a wrong name, and one that forgets that an element may be absent, do not", async () => {
    const homes = await publicNames();
    const wrong = [
      "new LSTM(1, 2, { rng: new Rng(1) }).weight_hi_l0;",
      "const shape: number[] = [1]; const first: number = shape[0];",
    ];
    const files = wrong.map((code, index) => [
      `block-${index}.ts`,
      moduleOf({ name: "", page: "", code }, homes),
    ]);
    const said = await compileProgram(Object.fromEntries(files), SETTINGS);
    expect(said.match(/^block-\d/gm)).toEqual(["block-0", "block-1"]);
  });
});

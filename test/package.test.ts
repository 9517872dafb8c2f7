/** The package as it is published: what npm packs, that its pages lead nowhere else, and that its examples run. */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installPackage } from "./support/installed-package.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const run = promisify(execFile);

const folder = mkdtempSync(join(tmpdir(), "unrolled-package-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files: string[];
/** The package where a program has it as a dependency. */
const installed = join(folder, "node_modules", "unrolled");

beforeAll(async () => {
  ({ files } = await installPackage(folder));
  cpSync(join(installed, "examples"), join(folder, "examples"), { recursive: true });
});

/** Where the links of a page lead: files of the repository, without anchors. */
function linksOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link.split("#")[0])
    .filter((link) => link !== "" && !/^[a-z]+:/.test(link))
    .map((link) => posix.normalize(posix.join(posix.dirname(page), link)));
}

describe("the published package", () => {
  test("holds the program, the corpus, the pages and the examples", () => {
    for (const name of ["bin/unrolled.js", "dist/index.js", "README.md", "LICENSE", "CHANGELOG.md"]) {
      expect(files).toContain(name);
    }
    for (const name of ["docs", "examples", "corpus"]) {
      const own = readdirSync(join(ROOT, name), { withFileTypes: true }).filter((entry) => entry.isFile());
      expect(own.length).toBeGreaterThan(0);
      for (const entry of own) expect(files).toContain(`${name}/${entry.name}`);
    }
  });

  test("holds no tests, no tools and nothing of one machine", () => {
    const foreign = files.filter((file) => /^(test|scripts|\.ci|node_modules|runs)\//.test(file));
    expect(foreign).toEqual([]);
    expect(files.filter((file) => /\.(log|tgz)$|(^|\/)\.(git|env)/.test(file))).toEqual([]);
  });

  test("holds every file to which a page in it has a link", () => {
    const pages = files.filter((file) => file.endsWith(".md"));
    expect(pages.length).toBeGreaterThan(15);
    const links = pages.flatMap((page) => linksOf(page).map((to) => ({ page, to })));
    expect(links.length).toBeGreaterThan(60);
    const isThere = (to: string) =>
      files.includes(to) || files.some((file) => file.startsWith(`${to.replace(/\/$/, "")}/`));
    expect(links.filter(({ to }) => !isThere(to))).toEqual([]);
  });

  test("has an entry for each name that package.json exports", () => {
    const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    for (const target of Object.values(exports as Record<string, string>)) {
      expect(files).toContain(target.replace(/^\.\//, ""));
      expect(files).toContain(target.replace(/^\.\//, "").replace(/\.js$/, ".d.ts"));
    }
  });
});

/** Node 22 reads TypeScript only when told to. */
const typescript = process.features.typescript ? [] : ["--experimental-strip-types"];

describe("in a program that has the package as a dependency", () => {
  test.each(["from-pytorch.ts", "streaming.ts"])("a copy of examples/%s runs", async (name) => {
    const { stdout } = await run(process.execPath, [...typescript, join("examples", name)], { cwd: folder });
    expect(stdout).not.toBe("");
  });

  test.runIf(process.features.typescript)("a copy of examples/my-cell.ts trains with --cell", async () => {
    const args = [
      "train",
      "text",
      "README.md",
      "--cell",
      "examples/my-cell.ts",
      "--out",
      "run",
      "--steps",
      "2",
    ];
    const short = ["--hidden", "4", "--batch-size", "4", "--seq-length", "8", "--threads", "1"];
    cpSync(join(ROOT, "README.md"), join(folder, "README.md"));
    const bin = join(installed, "bin", "unrolled.js");
    const { stdout } = await run(process.execPath, [bin, ...args, ...short], { cwd: folder });
    expect(stdout).toMatch(/^done +step 2 /m);
  });
});

test("the README says which Node is needed, and what npm's warning means", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const { engines, devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  expect(readme).toContain(`Node ${engines.node.replace(">=", "")} or newer`);
  expect(readme).toContain(`installs Node ${devDependencies.node.split(".")[0]} as a development dependency`);
  expect(readme).toContain("EBADENGINE");
});

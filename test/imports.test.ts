/** The layers of docs/architecture.md, held by a test: which may import from which, and nothing in a circle. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const PACKAGE = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  dependencies?: Record<string, string>;
};

const CORE = ["core", "backend", "autograd", "nn", "optim", "models", "decode"];

/** A folder of src/ and the folders that it may import from. `index` and `version` are the two files of src/ itself. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  backend: ["core"],
  autograd: ["core", "backend"],
  nn: ["core", "backend", "autograd"],
  optim: ["core", "backend", "autograd"],
  models: ["core", "backend", "autograd", "nn"],
  decode: ["core", "backend", "autograd", "nn"],
  run: ["core", "backend", "autograd", "nn", "models", "data", "io"],
  inspect: ["core", "backend", "autograd", "nn", "models"],
  data: ["core", "io"],
  io: ["core"],
  render: ["core"],
  train: [...CORE, "data", "io"],
  tasks: [...CORE, "data", "io", "run", "train", "inspect", "render"],
  sources: ["core", "data"],
  runs: [...CORE, "data", "io", "run", "train", "inspect", "tasks", "sources", "version"],
  demos: [...CORE, "data", "io", "train", "tasks", "sources", "version"],
  cli: [
    ...CORE,
    "data",
    "io",
    "run",
    "train",
    "inspect",
    "tasks",
    "render",
    "sources",
    "runs",
    "demos",
    "version",
  ],
  index: ["core", "backend", "autograd", "optim"],
  version: [],
};

/** They run in a page as they are: no package and nothing of Node. */
const CORE_LAYERS = [
  "core",
  "backend",
  "autograd",
  "nn",
  "optim",
  "models",
  "decode",
  "inspect",
  "run",
  "index",
];
/** They run in a page too, and may come to use a package (zip, protobuf). */
const LAYERS_WITHOUT_NODE = [...CORE_LAYERS, "data", "io", "render", "train", "tasks"];

/** Source texts by path below src/, with / between folders. */
type Sources = ReadonlyMap<string, string>;

function readSources(): Sources {
  const names = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => name.endsWith(".ts")).map((name) => name.replaceAll("\\", "/"));
  return new Map(files.sort().map((file) => [file, readFileSync(join(ROOT, "src", file), "utf8")]));
}

/** What a file imports or re-exports, types too, and what it imports on demand. */
function importsOf(text: string): string[] {
  const statements = /^\s*(?:import|export)\b(?:[^;"'`()]*?\bfrom)?\s*["']([^"']+)["']/gm;
  const onDemand = /\bimport\(\s*["']([^"']+)["']/g;
  return [...text.matchAll(statements), ...text.matchAll(onDemand)].map((match) => match[1]);
}

function layerOf(file: string): string {
  return file.includes("/") ? file.slice(0, file.indexOf("/")) : file.replace(/\.ts$/, "");
}

const REGISTRY = "tasks/registry.ts";

/** The task that a file belongs to: `text` of tasks/text/model.ts. The checks before a training are of the kit. */
const taskOf = (file: string): string | undefined => /^tasks\/(?!recipe\/)([^/]+)\//.exec(file)?.[1];

const resolve = (from: string, specifier: string): string =>
  posix.normalize(posix.join(posix.dirname(from), specifier));

/** One line for everything that is not as the layers have it. */
function violations(sources: Sources, dependencies: readonly string[]): string[] {
  const found: string[] = [];
  for (const [file, text] of sources) {
    const layer = layerOf(file);
    for (const specifier of importsOf(text)) {
      const say = (what: string) => found.push(`${file} imports ${specifier}: ${what}`);
      if (specifier.startsWith("node:")) {
        if (LAYERS_WITHOUT_NODE.includes(layer)) say(`${layer}/ has to run without Node`);
      } else if (!specifier.startsWith(".")) {
        const name = specifier
          .split("/")
          .slice(0, specifier.startsWith("@") ? 2 : 1)
          .join("/");
        if (CORE_LAYERS.includes(layer)) say(`${layer}/ has no dependency`);
        else if (!dependencies.includes(name)) say("is not among the dependencies");
      } else {
        const target = resolve(file, specifier);
        if (!sources.has(target)) say("there is no such file");
        else if (layerOf(target) !== layer && LAYERS[layer]?.includes(layerOf(target)) === false) {
          say(`${layer}/ may import from ${LAYERS[layer].join(", ") || "nothing"}`);
        } else if (taskOf(target) !== undefined && taskOf(target) !== taskOf(file) && file !== REGISTRY) {
          say("a task is known to the registry alone");
        }
      }
    }
  }
  return found;
}

/** The packages that are loaded with a file: those that it imports, and those of its imports, but not on demand. */
function packagesLoadedWith(sources: Sources, file: string, seen = new Set<string>()): Set<string> {
  seen.add(file);
  const packages = new Set<string>();
  const text = (sources.get(file) ?? "").replace(/^\s*(?:import|export) type\b[^;]*;/gm, "");
  for (const specifier of importsOf(text.replace(/\bimport\(\s*["'][^"']+["']/g, ""))) {
    const target = specifier.startsWith(".") ? resolve(file, specifier) : undefined;
    if (target === undefined) packages.add(specifier);
    else if (!seen.has(target)) {
      for (const name of packagesLoadedWith(sources, target, seen)) packages.add(name);
    }
  }
  return packages;
}

/** The first circle of files, or undefined. */
function circle(sources: Sources): string | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(" -> ");
    if (done.has(file)) return undefined;
    path.push(file);
    for (const specifier of importsOf(sources.get(file) ?? "")) {
      const found = specifier.startsWith(".") ? visit(resolve(file, specifier)) : undefined;
      if (found !== undefined) return found;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of sources.keys()) {
    const found = visit(file);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe("the imports of src/", () => {
  const sources = readSources();

  test("go down only, and the core needs no package and nothing of Node", () => {
    expect(violations(sources, Object.keys(PACKAGE.dependencies ?? {}))).toEqual([]);
  });

  test("load no package with the core, not even through data/ or io/: a page needs no import map for it", () => {
    const files = [...sources.keys()].filter((file) => CORE_LAYERS.includes(layerOf(file)));
    const loaded = files.map((file) => ({ file, packages: [...packagesLoadedWith(sources, file)] }));
    expect(loaded.filter(({ packages }) => packages.length > 0)).toEqual([]);
    expect([...packagesLoadedWith(sources, "data/index.ts")]).toEqual(["@noble/hashes/sha2.js"]);
  });

  test("run in no circle", () => {
    expect(circle(sources)).toBeUndefined();
  });

  test("are those of layers that are listed here, each of which exists", () => {
    expect([...new Set([...sources.keys()].map(layerOf))].sort()).toEqual(Object.keys(LAYERS).sort());
  });

  test("are all read: no line that ends in a module's name is passed over", () => {
    for (const [file, text] of sources) {
      const lines = text.match(/^(?!\s*(?:\*|\/\/)).*\bfrom "[^"]+";$/gm) ?? [];
      const statements = importsOf(text).length - (text.match(/\bimport\("/g)?.length ?? 0);
      expect(statements, file).toBeGreaterThanOrEqual(lines.length);
    }
  });
});

describe("the rule finds", () => {
  const base: [string, string][] = [
    ["core/index.ts", ""],
    ["nn/lstm.ts", ""],
    ["tasks/text/model.ts", ""],
  ];
  const added = (file: string, text: string): Sources => new Map([...base, [file, text]]);

  test.each([
    ["an import that goes up", "backend/heap.ts", 'import { LSTM } from "../nn/lstm.ts";'],
    ["one of a type", "core/shape.ts", 'import type { LSTM } from "../nn/lstm.ts";'],
    ["one over several lines", "data/a.ts", 'import {\n  type A,\n  B,\n} from "../nn/lstm.ts";'],
    ["a re-export", "io/index.ts", 'export * from "../nn/lstm.ts";'],
    ["an import for its effect", "io/index.ts", 'import "../nn/lstm.ts";'],
    ["one in another style", "core/a.ts", "  import{LSTM}from'../nn/lstm.ts'; export const a = LSTM;"],
    ["an import on demand", "train/loop.ts", 'const a = await import("../tasks/text/model.ts");'],
    ["a neighbour of the same height", "decode/a.ts", 'import { A } from "../models/index.ts";'],
    ["Node in the core", "optim/adam.ts", 'import { join } from "node:path";'],
    ["Node in the loop", "train/replica.ts", 'import { Worker } from "node:worker_threads";'],
    ["Node in data", "data/a.ts", 'import type { Hash } from "node:crypto";'],
    ["a package in the core", "nn/a.ts", 'import { Command } from "commander";'],
    ["a package that is not declared", "cli/a.ts", 'import a from "@scope/left-pad/sub";'],
    ["a task in another", "tasks/draw/model.ts", 'import { A } from "../text/model.ts";'],
    ["a task by its name", "cli/train.ts", 'import { A } from "../tasks/text/model.ts";'],
    ["Node in a task", "tasks/text/data.ts", 'import { join } from "node:path";'],
    ["a file that is not there", "core/a.ts", 'export { A } from "./b.ts";'],
  ])("%s", (_, file, text) => {
    expect(violations(added(file, text), ["commander"])).toHaveLength(1);
  });

  test("a package that comes through another file, unless it is loaded on demand or only its types are used", () => {
    const loaded = (text: string) =>
      packagesLoadedWith(
        new Map([
          ["run/a.ts", 'import { B } from "../io/b.ts";'],
          ["io/b.ts", text],
        ]),
        "run/a.ts",
      );
    expect([...loaded('import { unzip } from "fflate";')]).toEqual(["fflate"]);
    expect([...loaded('const { unzip } = await import("fflate");')]).toEqual([]);
    expect([...loaded('import type { Unzip } from "fflate";\nexport type { A } from "left-pad";')]).toEqual(
      [],
    );
  });

  test("a circle, and names its files", () => {
    const sources = new Map([
      ["core/a.ts", 'import { B } from "./b.ts";'],
      ["core/b.ts", 'export { C } from "./c.ts";'],
      ["core/c.ts", 'import type { B } from "./b.ts";'],
    ]);
    expect(circle(sources)).toBe("core/b.ts -> core/c.ts -> core/b.ts");
  });

  test("nothing in what is allowed", () => {
    const allowed =
      'import { A } from "../../core/index.ts";\nimport { join } from "node:path";\n * from "no"';
    expect(violations(added("runs/text/a.ts", allowed), [])).toEqual([]);
  });
});

const DOCS = readdirSync(join(ROOT, "docs"))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);

/** Backticked words of other systems: not names of ours. */
const FOREIGN =
  /^(torch|safetensors|state_dict|safe_open|pack_padded_sequence|pad_packed_sequence|x.numpy)\b|^(NaN|noUncheckedIndexedAccess|await|clang|npm|npx|public|crossOriginIsolated)$/;

describe.each([...DOCS, "README.md", "CONTRIBUTING.md", "CHANGELOG.md"])("%s", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8");
  const prose = text.replace(/^```[\s\S]*?^```$/gm, "");

  test("has links to files that exist", () => {
    const targets = [...prose.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1]);
    expect(targets.filter((target) => !existsSync(join(ROOT, dirname(page), target)))).toEqual([]);
  });
});

describe.each(DOCS)("%s", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8");
  const prose = text.replace(/^```[\s\S]*?^```$/gm, "");
  const names = [...new Set([...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]))];

  test("names files and functions that exist", () => {
    const code = codeText();
    const words = new Set(code.match(/\w+/g));
    const missing = names.filter((name) => {
      if (FOREIGN.test(name)) return false;
      if (/^[\w.-]+(\/[\w.-]+)*(\/|\.(ts|js|c|h|md|jsonl?|wasm|safetensors))$/.test(name)) {
        const places = ["", "src", "kernels", "node_modules"].map((folder) => join(ROOT, folder, name));
        return !places.some(existsSync) && !code.includes(name);
      }
      if (!/^[A-Za-z_][\w.]*(\(\))?$/.test(name)) return false;
      return !name
        .replace("()", "")
        .split(".")
        .every((part) => words.has(part));
    });
    expect(missing).toEqual([]);
  });

  test("quotes code as it stands", () => {
    for (const [, path, quoted] of text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)) {
      const lines = trimmed(readFileSync(join(ROOT, path), "utf8"));
      for (const part of quoted.split(/^\s*(?:\/\/|\/\*) \.\.\.(?: \*\/)?$/m)) {
        expect(lines, `${page} quotes ${path}`).toContain(trimmed(part));
      }
    }
  });
});

/** Without indentation, which a quotation may change, and without empty lines. */
function trimmed(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");
}

function codeText(): string {
  const kernels = readdirSync(join(ROOT, "kernels")).filter((name) => /\.(c|h|ts)$/.test(name));
  const others = [...kernels.map((name) => `kernels/${name}`), "package.json", "bin/unrolled.js"];
  return [...readSources().values(), ...others.map((name) => readFileSync(join(ROOT, name), "utf8"))].join(
    "\n",
  );
}

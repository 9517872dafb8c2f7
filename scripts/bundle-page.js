// All that runs in a page, in one file for pages without a bundler: dist/page/ holds unrolled.js and both .wasm files, and
// needs nothing beside it. Import maps, which could find the package's dependencies, do not reach into workers.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const { exports, version } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));

/** Entries that import modules of Node. */
const NODE_ONLY = ["./runs"];

const ENTRY = "virtual:page";
const entry = {
  name: "page-entry",
  resolveId: (id) => (id === ENTRY ? id : undefined),
  load: (id) =>
    id !== ENTRY
      ? undefined
      : Object.entries(exports)
          .filter(([name, target]) => !NODE_ONLY.includes(name) && target.endsWith(".js"))
          .map(([, target]) => `export * from ${JSON.stringify(ROOT + target.slice(2))};`)
          .join("\n"),
};

await build({
  root: ROOT,
  configFile: false,
  publicDir: false,
  logLevel: "warn",
  base: "./",
  plugins: [entry],
  build: {
    outDir: "dist/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      input: ENTRY,
      preserveEntrySignatures: "strict",
      output: {
        entryFileNames: "unrolled.js",
        codeSplitting: false,
        assetFileNames: "[name][extname]",
        banner: `/*! Unrolled ${version}, MIT licence */`,
      },
    },
  },
});

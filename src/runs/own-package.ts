import * as module from "node:module";

/** The public subpaths of the package: those of package.json. */
const SUBPATHS = [
  "nn",
  "optim",
  "data",
  "decode",
  "models",
  "inspect",
  "run",
  "train",
  "tasks",
  "runs",
  "io",
];

let registered = false;

/** Sources of modules that are being imported, by their URL. */
const sources = new Map<string, Uint8Array>();

/**
 * Import a module from bytes that were read before, so that what was looked at is what runs, even where the file changes
 * in between. What it imports itself is found from its URL. Where Node has no such hooks (before 22.15) the file is read
 * again.
 * @param url of the file, with what makes it another module than earlier contents
 */
export async function importBytes(url: URL, bytes: Uint8Array): Promise<unknown> {
  registerHooks();
  sources.set(url.href, bytes);
  try {
    return await import(url.href);
  } finally {
    sources.delete(url.href);
  }
}

/**
 * From here on `import "unrolled/nn"` finds the package that runs right now, wherever the importing file lies: a second
 * copy would have a tape and tensors of its own. Without hooks imports are as they are: found if the package is installed
 * beside the file.
 */
function registerHooks(): void {
  if (registered || typeof module.registerHooks !== "function") return;
  registered = true;
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  module.registerHooks({
    resolve(specifier, context, next) {
      const [, subpath = ""] = /^unrolled(?:\/(\w+))?$/.exec(specifier) ?? [undefined, "none"];
      if (subpath !== "" && !SUBPATHS.includes(subpath)) return next(specifier, context);
      const file = subpath === "" ? `index.${extension}` : `${subpath}/index.${extension}`;
      return { url: new URL(`../${file}`, import.meta.url).href, shortCircuit: true };
    },
    load(url, context, next) {
      const loaded = next(url, context);
      const source = sources.get(url);
      return source === undefined ? loaded : { ...loaded, source };
    },
  });
}

import * as module from "node:module";

/** The public subpaths of the package: those of package.json. */
const SUBPATHS = ["nn", "optim", "data", "decode", "models", "inspect", "train", "io"];

let registered = false;

/**
 * From here on `import "unrolled/nn"` finds the package that runs right now, wherever the importing file lies: a second
 * copy would have a tape and tensors of its own. Where Node has no such hooks (before 22.15) imports are as they are:
 * found if the package is installed beside the file.
 */
export function resolveOwnPackage(): void {
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
  });
}

/** What the package's subpaths export, with the methods of classes: read from the modules and from their declarations. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** `unrolled/nn` and its module, for each entry of package.json's exports. */
export async function subpaths(): Promise<Map<string, Record<string, unknown>>> {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    exports: Record<string, string>;
  };
  const found = new Map<string, Record<string, unknown>>();
  for (const [name, target] of Object.entries(exports)) {
    if (!target.endsWith(".js")) continue;
    const source = target.replace("./dist/", "../../src/").replace(/\.js$/, ".ts");
    found.set(`unrolled${name.slice(1)}`, (await import(source)) as Record<string, unknown>);
  }
  return found;
}

const isClass = (value: unknown): value is new () => unknown =>
  typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));

/** Members that TypeScript keeps to their class, which are there at run time all the same. */
function privateMembers(): Set<string> {
  const found = new Set<string>();
  const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => name.endsWith(".ts"))) {
    let name = "";
    for (const line of readFileSync(join(ROOT, "src", file), "utf8").split("\n")) {
      name = /^(?:export )?(?:abstract )?class (\w+)/.exec(line)?.[1] ?? name;
      const member = /^ {2}private (?:static )?(?:readonly )?(?:async )?(?:get |set )?\*?(\w+)/.exec(line);
      if (member !== null) found.add(`${name}#${member[1]}`);
    }
  }
  return found;
}

/** `LSTM`, `RecurrentLayer#forward`, `RunStore.open`: everything that can be called. */
export function callables(module: Record<string, unknown>): string[] {
  const hidden = privateMembers();
  const classes = Object.values(module).filter(isClass);
  return Object.entries(module).flatMap(([name, value]) => {
    if (typeof value !== "function") return [];
    if (!isClass(value)) return [name];
    const members: string[] = [];
    for (const key of Object.getOwnPropertyNames(value)) {
      const isMethod = typeof (value as unknown as Record<string, unknown>)[key] === "function";
      if (isMethod && !hidden.has(`${name}#${key}`)) members.push(`${name}.${key}`);
    }
    let prototype: object | null = value.prototype as object;
    let owner = value as { readonly name: string };
    // Methods of a class that is exported itself are its own.
    while (prototype !== null && prototype !== Object.prototype && prototype !== Error.prototype) {
      for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
        const isSettable = property.set !== undefined || typeof property.value === "function";
        if (key !== "constructor" && isSettable && !hidden.has(`${owner.name}#${key}`))
          members.push(`${name}#${key}`);
      }
      prototype = Object.getPrototypeOf(prototype) as object | null;
      owner = (prototype?.constructor ?? Object) as { readonly name: string };
      if (classes.some((other) => other.prototype === prototype)) break;
    }
    return [name, ...members];
  });
}

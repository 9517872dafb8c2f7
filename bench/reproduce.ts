/**
 * Make a published figure again: `npm run reproduce NAME`. Each file in bench/reproduce/ is one of them; it prints what
 * it measures beside its trivial baseline.
 */
import { readdirSync } from "node:fs";

const folder = new URL("./reproduce/", import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && !file.startsWith("_"))
  .map((file) => file.slice(0, -3));

const [name, ...options] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  if (name !== undefined) console.error(`there is no figure ${JSON.stringify(name)}`);
  console.error(`usage: npm run reproduce NAME [-- OPTIONS], NAME one of ${names.join(", ")}`);
  process.exitCode = name === undefined ? 0 : 2;
} else {
  const { reproduce } = (await import(new URL(`${name}.ts`, folder).href)) as {
    reproduce: (options: string[]) => Promise<void>;
  };
  await reproduce(options);
}

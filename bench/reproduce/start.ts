import { readFileSync } from "node:fs";
import { reportSeeds } from "./_text.ts";

/**
 * What `npm start` reaches on the bundled corpus, three seeds: with the native kernels on two threads, and with
 * WebAssembly on one, as where there is no addon and one core.
 *
 *     npm run reproduce start [-- native|wasm]
 */
export async function reproduce([which = "both"]: string[]): Promise<void> {
  const seeds = [1, 2, 3];
  const settings = settingsOfStart();
  if (which !== "wasm") await reportSeeds("native, 2 threads", seeds, { ...settings, threads: 2 });
  if (which !== "native") {
    await reportSeeds("wasm, 1 thread", seeds, { ...settings, backend: "wasm", threads: 1 });
  }
}

/** The options in package.json, so that what is measured is what people start. */
function settingsOfStart(): { hidden: number; epochs: number; maxSeconds: number } {
  const { scripts } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const option = (name: string): number => {
    const [, value] = new RegExp(`--${name} (\\S+)`).exec(scripts.start) ?? [];
    if (value === undefined) throw new Error(`npm start has no --${name} any more: look at it here, too`);
    return Number(value);
  };
  return { hidden: option("hidden"), epochs: option("epochs"), maxSeconds: option("max-seconds") };
}

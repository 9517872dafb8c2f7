import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { trainText } from "./_text-task.ts";

const BIN = fileURLToPath(new URL("../../bin/unrolled.js", import.meta.url));
const quiet = { signal: new AbortController().signal, onProgress: () => {}, onNote: () => {} };

/**
 * How long `unrolled sample` takes to its first character, beside what nobody can save: the same command that prints
 * only its version, and Node that does nothing. In turns, the best of each; run `npm run build` before it.
 *
 *     npm run reproduce first-character [-- ROUNDS]
 */
export async function reproduce([option = "15"]: string[]): Promise<void> {
  const rounds = Number(option);
  const folder = mkdtempSync(join(tmpdir(), "unrolled-first-character-"));
  try {
    const run = join(folder, "run");
    const training = await trainText({ data: [], resume: false, out: run, steps: 20, threads: 1 }, quiet);
    for await (const _ of training.events);

    const commands: Record<string, { args: string[]; until: "output" | "exit" }> = {
      "sample RUN --length 1": { args: [BIN, "sample", run, "--length", "1"], until: "output" },
      "--version": { args: [BIN, "--version"], until: "output" },
      "node -e 0": { args: ["-e", "0"], until: "exit" },
    };
    const times = new Map<string, number[]>();
    // The first round fills the caches of the operating system and of compiled code.
    for (let round = 0; round <= rounds; round++) {
      for (const [name, { args, until }] of Object.entries(commands)) {
        const milliseconds = await measureStart(args, until);
        if (round > 0) times.set(name, [...(times.get(name) ?? []), milliseconds]);
      }
    }
    console.log(`${cpus()[0].model}, Node ${process.versions.node}; best and median of ${rounds} starts`);
    for (const [name, all] of times) {
      const sorted = all.toSorted((a, b) => a - b);
      const [best, median] = [sorted[0], sorted[Math.floor(sorted.length / 2)]];
      console.log(
        `${name.padEnd(24)} ${best.toFixed(0).padStart(5)} ms  ${median.toFixed(0).padStart(5)} ms`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Milliseconds from the start of a process of Node to its first byte on stdout, or to its end. */
async function measureStart(args: readonly string[], until: "output" | "exit"): Promise<number> {
  const begin = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  let milliseconds: number | undefined;
  child.stdout.once("data", () => {
    milliseconds = performance.now() - begin;
  });
  const [status] = await exit;
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with status ${status}`);
  if (until === "exit") return performance.now() - begin;
  if (milliseconds === undefined) throw new Error(`node ${args.join(" ")} printed nothing`);
  return milliseconds;
}

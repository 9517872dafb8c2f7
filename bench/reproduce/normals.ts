import { cpus } from "node:os";
import { Rng, randomNormal, scope } from "../../src/nn/index.ts";
import { openBackend } from "../open-backend.ts";

const COUNT = 640_000;
const ROUNDS = 9;

/**
 * Standard normal numbers on one thread: the kernel beside a loop over `rng.normal()`, in turns in one run, medians.
 *
 *     npm run reproduce normals
 */
export async function reproduce(): Promise<void> {
  const rng = new Rng(1);
  const target = new Float32Array(COUNT);
  const contestants: Record<string, () => void> = {
    "rng.normal() in a loop": () => {
      for (let i = 0; i < COUNT; i++) target[i] = rng.normal();
    },
  };
  for (const name of ["wasm", "native"]) {
    const backend = openBackend(name);
    contestants[`randomNormal, ${name} ${backend.instructions}`] = () =>
      scope(() => void randomNormal([COUNT], rng), backend);
  }
  const times = new Map<string, number[]>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, draw] of Object.entries(contestants)) {
      const start = performance.now();
      draw();
      if (round > 0) times.set(name, [...(times.get(name) ?? []), performance.now() - start]);
    }
  }
  console.log(`${cpus()[0].model}, 1 thread; ${COUNT.toLocaleString("en")} numbers`);
  let slowest: number | undefined;
  for (const [name, all] of times) {
    const ms = all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
    slowest ??= ms;
    console.log(
      `${name.padEnd(32)} ${ms.toFixed(2).padStart(8)} ms  ${(slowest / ms).toFixed(1)} times as fast`,
    );
  }
}

/**
 * Every function, constructor and method that the package exports is called with arguments of every wrong kind, shape and
 * value, each in turn: it uses them or refuses them by an error of this package that says what was expected. Nothing
 * ends the process, nothing throws a bare TypeError or RangeError, nothing is ignored, nothing becomes NaN.
 */
import { describe, expect, test } from "vitest";
import { createNativeBackend, createReferenceBackend, createWasmBackend } from "../../src/backend/index.ts";
import type { HostileTarget } from "../support/hostile/calls.ts";
import { runHostile } from "../support/hostile/run.ts";
import { LONG } from "../support/long.ts";
import { ELSEWHERE } from "./hostile/elsewhere.ts";
import { callables, subpaths } from "./public-names.ts";

const SUITES = ["core", "nn", "nn-functions", "optim", "text", "io", "data", "train", "tasks"] as const;

/** In the long tests, so many calls of each function with several wrong arguments: few where a call writes files. */
const ROUNDS: Readonly<Record<(typeof SUITES)[number], number>> = {
  core: 1000,
  nn: 1000,
  "nn-functions": 1000,
  optim: 1000,
  text: 200,
  io: 200,
  data: 200,
  train: 50,
  tasks: 50,
};

const isNative = createNativeBackend().backend !== undefined;

async function targetsOf(suite: string): Promise<HostileTarget[]> {
  const { targets } = (await import(`./hostile/${suite}-suite.ts`)) as {
    targets(context: object): HostileTarget[];
  };
  return targets({ backend: createWasmBackend(), other: createReferenceBackend(), rounds: 0 });
}

/** `LSTM of own cells` is a second look at `LSTM`. */
const nameOf = (target: string) => target.split(" ")[0];

test("every export and every method has its calls, or is said to have them elsewhere", async () => {
  const called = new Set((await Promise.all(SUITES.map(targetsOf))).flat().map(({ name }) => nameOf(name)));
  const missing: string[] = [];
  const all = new Set<string>();
  for (const [subpath, module] of await subpaths()) {
    for (const name of callables(module)) {
      all.add(name);
      if (!called.has(name) && ELSEWHERE[name] === undefined) missing.push(`${subpath}: ${name}`);
    }
  }
  expect(missing).toEqual([]);
  expect(Object.keys(ELSEWHERE).filter((name) => !all.has(name) || called.has(name))).toEqual([]);
});

describe.each(SUITES)("%s", (suite) => {
  const calls = async (backend: "native" | "wasm") => {
    const url = new URL(`./hostile/${suite}-suite.ts`, import.meta.url);
    const report = await runHostile(url, { backend, rounds: LONG ? ROUNDS[suite] : 0 });
    expect(report.problems).toEqual([]);
    expect(report.calls).toBeGreaterThan(10);
  };
  test.skipIf(!isNative)("hostile calls on native", { timeout: 900_000 }, () => calls("native"));
  test("hostile calls on wasm", { timeout: 900_000 }, () => calls("wasm"));
});

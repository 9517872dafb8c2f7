import { expect, test } from "vitest";
import { backends } from "../support/backends.ts";
import { ROUNDS, runHostile } from "../support/hostile/run.ts";

/** The reference only where somebody has time: it shares all checks with the others, and cannot end a process. */
const names = new Set(backends.map(({ backend }) => backend.name));
if (ROUNDS === 0) names.delete("reference");

test.each([...names])(
  "no op on %s ends the process, throws a bare error or ignores an argument, whatever it is given",
  async (backend) => {
    const suite = new URL("./hostile-ops-suite.ts", import.meta.url);
    const { problems, calls } = await runHostile(suite, { backend });
    expect(problems).toEqual([]);
    expect(calls).toBeGreaterThan(10_000);
  },
  600_000,
);

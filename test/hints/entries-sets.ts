/** Advice about data sets that are generated. */
import { runningSums } from "../../src/data/index.ts";
import type { Entries } from "./harness.ts";

export const SETS: Entries = {
  "data/running-sums.ts": [
    {
      hint: "let lines be longer, or give more digits than the modulus",
      async follow(met) {
        await met.code(() => runningSums({ count: 3, modulus: 3 }));
        runningSums({ count: 3, modulus: 3, shortest: 2 });
        runningSums({ count: 3, modulus: 3, digits: 4 });
      },
    },
  ],
};

/** Advice of settings that fit the data. */
import type { Entries } from "./harness.ts";

export const CHECK: Entries = {
  "tasks/fitted-settings.ts": [
    {
      hint: "* is * instead of *, which fits this data better: *",
      explains: "which default was not taken, and what of the data is the reason",
    },
  ],
};

/** Advice about BLEU and chrF. */
import { corpusBleu } from "../../src/data/index.ts";
import type { Entries } from "./harness.ts";

export const METRICS: Entries = {
  "data/reference-texts.ts": [
    {
      hint: "an entry has all references of one sentence; sacreBLEU takes lists of whole reference files",
      async follow(met) {
        const hypotheses = ["a b", "c d", "e f"];
        const files = [
          ["a b", "c e", "e f"],
          ["b a", "c d", "f"],
        ];
        await met.code(() => corpusBleu(hypotheses, files));
        corpusBleu(
          hypotheses,
          hypotheses.map((_, row) => files.map((file) => file[row])),
        );
      },
    },
  ],
};

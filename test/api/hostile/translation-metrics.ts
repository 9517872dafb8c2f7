import * as data from "../../../src/data/index.ts";
import type { HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

// Three, since lists of one and two texts are among the hostile values.
const hypotheses = arg.only(() => ["a b c d", "e", "f"]);
const references = arg.only(() => ["a b c e", ["e", "f"], "g"]);

export function translationMetricTargets(): HostileTarget[] {
  const lowercase = arg.optional(arg.flag());
  const bleu = arg.options({
    tokenize: arg.optional(arg.word("13a", "none")),
    lowercase,
    smoothing: arg.optional(arg.word("exp", "none")),
  });
  const upTo = (lowest: number, highest: number, isInteger: boolean) =>
    arg.such(
      () => 2,
      (value) =>
        typeof value === "number" &&
        value >= lowest &&
        value <= highest &&
        (!isInteger || Number.isInteger(value)),
    );
  const chrf = arg.options({
    wordOrder: arg.optional(upTo(0, 6, true)),
    beta: arg.optional(upTo(Number.MIN_VALUE, 100, false)),
    lowercase,
    epsSmoothing: arg.optional(arg.flag()),
  });
  return [
    {
      name: "corpusBleu",
      args: { hypotheses, references, options: bleu },
      call: (hypotheses: never, references: never, options: never) =>
        data.corpusBleu(hypotheses, references, options),
    },
    {
      name: "corpusChrf",
      args: { hypotheses, references, options: chrf },
      call: (hypotheses: never, references: never, options: never) =>
        data.corpusChrf(hypotheses, references, options),
    },
    { name: "tokenize13a", args: { text: arg.text() }, call: (text: never) => data.tokenize13a(text) },
  ];
}

/** Calls of the classifier of sequences. */
import { Rng } from "../../../src/core/rng.ts";
import { SequenceClassifier } from "../../../src/models/index.ts";
import { LSTMCell } from "../../../src/nn/index.ts";
import type { HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const isLength = (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 3;

export function classifierTargets({ backend }: HostileContext, tensors: arg.Tensors): HostileTarget[] {
  const model = new SequenceClassifier(
    { vocabulary: 4, classes: 3, hidden: 2, pooling: "attention" },
    { rng: new Rng(1), backend },
  );
  const settings = arg.required({
    ...{ cell: arg.optional(arg.word("lstm", "gru", "rnn")), vocabulary: arg.size(4), hidden: arg.size(2) },
    classes: arg.such(
      () => 3,
      (value) => Number.isSafeInteger(value) && (value as number) >= 2,
    ),
    ...{ layers: arg.optional(arg.size(1)), bidirectional: arg.optional(arg.flag()) },
    ...{ embedding: arg.optional(arg.count(2)), dropout: arg.optional(arg.below1(0)) },
    pooling: arg.optional(arg.word("last", "mean", "max", "attention")),
    variational: arg.optional(arg.flag()),
  });
  const createCell = (inputs: number, hidden: number, options: never) =>
    new LSTMCell(inputs, hidden, options);
  const options = arg.required({
    rng: arg.generator,
    backend: arg.optional(arg.only(() => backend)),
    createCell: arg.such(
      () => createCell,
      (value) => value === undefined || typeof value === "function",
    ),
    cellName: arg.optional(arg.text()),
  });
  const forward = {
    lengths: arg.such(
      () => [3, 1],
      (value) =>
        value === undefined ||
        (typeof value === "object" &&
          (value as unknown[] | null)?.length === 2 &&
          Array.from(value as unknown[]).every(isLength)),
    ),
    rng: arg.optional(arg.generator),
  };
  const loss = {
    ...forward,
    reduction: arg.optional(arg.word("sum", "mean", "none")),
    ignoreIndex: arg.optional(
      arg.such(
        () => 7,
        (value) => typeof value === "number" && (value | 0) === value,
      ),
    ),
    classWeights: arg.optional(tensors.floats(3)),
    labelSmoothing: arg.optional(arg.from0To1(0.1)),
  };
  const ids = tensors.ids(2, 3);
  return [
    {
      name: "SequenceClassifier",
      args: { settings, options },
      call: (settings: never, options: never) => new SequenceClassifier(settings, options),
    },
    {
      name: "SequenceClassifier of own cells",
      args: { options },
      call: (options: never) =>
        new SequenceClassifier({ cell: "own", vocabulary: 4, classes: 2, hidden: 2 }, options),
    },
    {
      name: "SequenceClassifier#forward",
      args: { ids, options: arg.options(forward) },
      call: tensors.run((ids: never, options: never) => model.forward(ids, options)),
    },
    {
      name: "SequenceClassifier#prefixLogits",
      args: { ids: tensors.ids(1, 3) },
      call: tensors.run((ids: never) => model.prefixLogits(ids)),
    },
    {
      name: "SequenceClassifier#loss",
      args: { ids, labels: tensors.ids(2), options: arg.options(loss) },
      call: tensors.run((ids: never, labels: never, options: never) => model.loss(ids, labels, options)),
    },
  ];
}

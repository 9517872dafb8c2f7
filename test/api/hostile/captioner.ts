/** Calls of the captioner. */
import { Rng } from "../../../src/core/rng.ts";
import { Captioner } from "../../../src/models/index.ts";
import type { HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";
import { lengths, symbols } from "./seq2seq.ts";

export function captionerTargets(context: HostileContext, tensors: arg.Tensors): HostileTarget[] {
  const { backend } = context;
  const model = new Captioner(
    { vocabulary: 4, hidden: 2, features: 3, places: 2, attention: "additive" },
    { rng: new Rng(1), backend },
  );
  const pictures = tensors.floats(2, 6);
  const captions = tensors.ids(2, 3);
  return [
    {
      name: "Captioner",
      args: {
        settings: arg.required({
          vocabulary: symbols(5),
          features: arg.size(3),
          places: arg.such(
            () => 2,
            (value) => Number.isSafeInteger(value) && (value as number) >= 2,
          ),
          attention: arg.optional(arg.word("additive", "dot", "none")),
          cell: arg.optional(arg.word("gru", "lstm", "rnn")),
          embedding: arg.optional(arg.size(2)),
          hidden: arg.size(2),
          layers: arg.optional(arg.size(1)),
          dropout: arg.optional(arg.below1(0)),
        }),
        options: arg.required({ rng: arg.generator, backend: arg.optional(arg.only(() => backend)) }),
      },
      call: (settings: never, options: never) => new Captioner(settings, options),
    },
    {
      name: "Captioner#encode",
      args: { pictures, options: arg.options({ rng: arg.optional(arg.generator) }) },
      call: tensors.run((pictures: never, options: never) => model.encode(pictures, options)),
    },
    {
      name: "Captioner#loss",
      args: {
        pictures,
        captions,
        options: arg.options({
          rng: arg.generator,
          teacherForcing: arg.optional(arg.from0To1(0.5)),
          reduction: arg.optional(arg.word("sum", "mean", "none")),
          classWeights: arg.optional(tensors.floats(4)),
          labelSmoothing: arg.optional(arg.from0To1(0.1)),
          lengths: lengths(0, 3),
        }),
      },
      call: tensors.run((pictures: never, captions: never, options: never) =>
        model.loss(pictures, captions, options),
      ),
    },
    {
      name: "Captioner#logProbabilities",
      args: { pictures, captions, lengths: lengths(0, 3) },
      call: tensors.run((pictures: never, captions: never, given: never) =>
        model.logProbabilities(pictures, captions, given),
      ),
    },
    {
      name: "Captioner#align",
      args: { pictures, captions, lengths: lengths(0, 3) },
      call: tensors.run((pictures: never, captions: never, given: never) =>
        model.align(pictures, captions, given),
      ),
    },
    {
      name: "Captioner#decoder",
      args: { input: arg.only(() => ({ memory: tensors.make(2, 2, 3) })) },
      call: tensors.run((input: never) => {
        const found = model.decoder(input);
        const { rows } = found.begin();
        found.close();
        return rows;
      }),
    },
  ];
}

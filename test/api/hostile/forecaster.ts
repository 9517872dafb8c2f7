/** Calls of the forecaster. */
import { Rng } from "../../../src/core/rng.ts";
import { Forecaster } from "../../../src/models/index.ts";
import { LSTMCell } from "../../../src/nn/index.ts";
import type { HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const isFunction = (value: unknown) => value === undefined || typeof value === "function";
const isQuantiles = (value: unknown) =>
  value === undefined ||
  (Array.isArray(value) &&
    value.length > 0 &&
    value.every((q, at) => typeof q === "number" && q > 0 && q < 1 && (at === 0 || q > value[at - 1])));

export function forecasterTargets({ backend }: HostileContext, tensors: arg.Tensors): HostileTarget[] {
  const model = new Forecaster(
    { inputs: 3, outputs: 2, hidden: 2, loss: "mae" },
    { rng: new Rng(1), backend },
  );
  const settings = arg.required({
    cell: arg.optional(arg.word("lstm", "gru", "rnn")),
    inputs: arg.size(3),
    future: arg.optional(arg.count(2)),
    linear: arg.optional(arg.count(2)),
    outputs: arg.size(2),
    hidden: arg.size(2),
    layers: arg.optional(arg.size(1)),
    dropout: arg.optional(arg.below1(0)),
    quantiles: arg.such(() => [0.1, 0.5], isQuantiles),
  });
  const createCell = (inputs: number, hidden: number, options: never) =>
    new LSTMCell(inputs, hidden, options);
  const options = arg.required({
    rng: arg.generator,
    backend: arg.optional(arg.only(() => backend)),
    createCell: arg.such(() => createCell, isFunction),
    cellName: arg.optional(arg.text()),
  });
  const rng = { rng: arg.optional(arg.generator) };
  return [
    {
      name: "Forecaster",
      args: { settings, options },
      call: (settings: never, options: never) => new Forecaster(settings, options),
    },
    {
      name: "Forecaster of another loss",
      args: { loss: arg.optional(arg.word("mae", "mse", "huber")) },
      call: (loss: never) =>
        new Forecaster({ inputs: 1, outputs: 1, hidden: 2, loss }, { rng: new Rng(1), backend }),
    },
    {
      name: "Forecaster#forward",
      args: { window: tensors.floats(4, 2, 3), options: arg.options(rng) },
      call: tensors.run((window: never, options: never) => model.forward({ window }, options)),
    },
    {
      name: "Forecaster#loss",
      args: {
        window: tensors.floats(4, 2, 3),
        targets: tensors.floats(2, 2),
        options: arg.options({ ...rng, mask: arg.optional(tensors.floats(2, 2)) }),
      },
      call: tensors.run((window: never, targets: never, options: never) =>
        model.loss({ window }, targets, options),
      ),
    },
  ];
}

/** Calls of the tagger, of the scores of its segments, and of the sequences that are made for it. */
import { Rng } from "../../../src/core/rng.ts";
import * as data from "../../../src/data/index.ts";
import { SequenceTagger } from "../../../src/models/index.ts";
import { LSTMCell } from "../../../src/nn/index.ts";
import type { HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const isLength = (value: unknown) =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 3;
const isFunction = (value: unknown) => value === undefined || typeof value === "function";

export function taggerTargets({ backend }: HostileContext, tensors: arg.Tensors): HostileTarget[] {
  const model = new SequenceTagger(
    { vocabulary: 4, classes: 3, hidden: 2, delay: 1 },
    { rng: new Rng(1), backend },
  );
  const isClasses = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 2;
  const settings = arg.required({
    cell: arg.optional(arg.word("lstm", "gru", "rnn")),
    features: arg.size(4),
    classes: arg.such(() => 3, isClasses),
    hidden: arg.size(2),
    filters: arg.optional(arg.size(2)),
    layers: arg.optional(arg.size(1)),
    bidirectional: arg.optional(arg.flag(false)),
    dropout: arg.optional(arg.below1(0)),
    variational: arg.optional(arg.flag()),
  });
  const delay = arg.such(
    () => 1,
    (value) =>
      value === undefined ||
      (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 10_000),
  );
  const createCell = (inputs: number, hidden: number, options: never) =>
    new LSTMCell(inputs, hidden, options);
  const options = arg.required({
    rng: arg.generator,
    backend: arg.optional(arg.only(() => backend)),
    createCell: arg.such(() => createCell, isFunction),
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
    classWeights: arg.optional(tensors.floats(3)),
    labelSmoothing: arg.optional(arg.from0To1(0.1)),
  };
  const ids = tensors.ids(2, 3);
  return [
    {
      name: "SequenceTagger",
      args: { settings, options },
      call: (settings: never, options: never) => new SequenceTagger(settings, options),
    },
    {
      name: "SequenceTagger with a delay",
      args: { delay },
      call: (delay: never) =>
        new SequenceTagger({ vocabulary: 3, classes: 2, hidden: 2, delay }, { rng: new Rng(1), backend }),
    },
    {
      name: "SequenceTagger of own cells",
      args: { options },
      call: (options: never) =>
        new SequenceTagger({ cell: "own", image: [1, 4, 4], classes: 2, hidden: 2 }, options),
    },
    {
      name: "SequenceTagger#forward",
      args: { inputs: ids, options: arg.options(forward) },
      call: tensors.run((inputs: never, options: never) => model.forward(inputs, options)),
    },
    {
      name: "SequenceTagger#loss",
      args: { inputs: ids, labels: tensors.ids(2, 3), options: arg.options(loss) },
      call: tensors.run((inputs: never, labels: never, options: never) =>
        model.loss(inputs, labels, options),
      ),
    },
    {
      name: "SequenceTagger#stream",
      args: { options: arg.options({ weights: arg.optional(arg.word("f32", "bf16", "int8")) }) },
      call: (options: never) => model.stream(options).dispose(),
    },
  ];
}

const isList = (value: unknown): value is ArrayLike<unknown> =>
  typeof value === "object" && value !== null && Number.isSafeInteger((value as unknown[]).length);
const isInts = (value: unknown) =>
  isList(value) &&
  value.length < 100 &&
  Array.from(value).every((one) => typeof one === "number" && (one | 0) === one);

export function segmentTargets(): HostileTarget[] {
  const labels = arg.such(() => [0, 0, 1, -1], isInts);
  const one = () => [{ label: 0, start: 0, end: 2 }];
  const segments = arg.such(one, (value) => Array.isArray(value) && value.length === 0);
  const symbols = arg.such(
    () => 4,
    (value) => Number.isSafeInteger(value) && (value as number) >= 2 && (value as number) <= 26,
  );
  const within = (valid: number, least: number, most: number) =>
    arg.such(
      () => valid,
      (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
    );
  return [
    {
      name: "segmentsOf",
      args: { labels },
      call: (labels: never) => data.segmentsOf(labels).length,
    },
    {
      name: "editScore",
      args: { truth: segments, predicted: segments },
      call: (truth: never, predicted: never) => data.editScore(truth, predicted),
    },
    {
      name: "matchSegments",
      args: { truth: segments, predicted: segments, overlap: arg.optional(arg.from0To1(0.5)) },
      call: (truth: never, predicted: never, overlap: never) =>
        data.matchSegments(truth, predicted, overlap).found,
    },
    {
      name: "entitiesOf",
      args: {
        labels: arg.such(
          () => [0, 1, -1],
          (value) => isInts(value) && Array.from(value as number[]).every((label) => label < 2),
        ),
        names: arg.only(() => ["O", "B-X"]),
      },
      call: (labels: never, names: never) => data.entitiesOf(labels, names).length,
    },
    {
      name: "lookaheadSequences",
      args: {
        options: arg.options({
          sequences: arg.optional(within(2, 1, 100_000)),
          length: arg.optional(within(4, 1, 100_000)),
          symbols: arg.optional(symbols),
          ahead: arg.optional(arg.size(1)),
          seed: arg.optional(arg.integer(1)),
        }),
      },
      call: (options: never) => data.lookaheadSequences(options).labels.length,
    },
    {
      name: "movingShapes",
      args: {
        options: arg.options({
          videos: arg.optional(within(1, 1, 100_000)),
          frames: arg.optional(within(3, 2, 10_000)),
          size: arg.optional(within(8, 8, 64)),
          noise: arg.optional(
            arg.such(
              () => 0,
              (value) => typeof value === "number" && value >= 0 && value <= 10,
            ),
          ),
          seed: arg.optional(arg.integer(1)),
        }),
      },
      call: (options: never) => data.movingShapes(options).labels.length,
    },
  ];
}

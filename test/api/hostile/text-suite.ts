/** Models, what is generated from them, and what is seen in them. */
import { Rng } from "../../../src/core/rng.ts";
import * as decode from "../../../src/decode/index.ts";
import * as inspect from "../../../src/inspect/index.ts";
import { LanguageModel } from "../../../src/models/index.ts";
import { LSTMCell } from "../../../src/nn/index.ts";
import type { HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";
import { captionerTargets } from "./captioner.ts";
import { classifierTargets } from "./classifier.ts";
import { forecasterTargets } from "./forecaster.ts";
import { seq2seqTargets } from "./seq2seq.ts";
import { taggerTargets } from "./tagger.ts";

const isList = (value: unknown): value is ArrayLike<unknown> =>
  typeof value === "object" &&
  value !== null &&
  Number.isInteger((value as ArrayLike<unknown>).length) &&
  (value as ArrayLike<unknown>).length >= 0 &&
  (value as ArrayLike<unknown>).length < 100;
const idsBelow =
  (bound: number, least = 0) =>
  (value: unknown) =>
    isList(value) &&
    value.length >= least &&
    value.length < 100 &&
    Array.from(value).every((id) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < bound);

const isOneOf =
  (...numbers: unknown[]) =>
  (value: unknown) =>
    numbers.includes(value);

const SAMPLING = {
  ...{ temperature: arg.optional(arg.atLeast0(1)), topK: arg.optional(arg.size(2)) },
  topP: arg.optional(
    arg.such(
      () => 0.5,
      (value) => typeof value === "number" && value > 0 && value <= 1,
    ),
  ),
};

function decoding(model: LanguageModel): HostileTarget[] {
  const { generator: rng } = arg;
  return [
    {
      name: "checkSampling",
      args: { options: arg.options(SAMPLING) },
      call: (options: never) => decode.checkSampling(options),
    },
    {
      name: "sampleLogits",
      args: {
        logits: arg.such(
          () => [1, 2, 3],
          (value) =>
            isList(value) &&
            value.length > 0 &&
            value.length < 100 &&
            Array.from(value).every((x) => typeof x === "number"),
        ),
        options: arg.options(SAMPLING),
        rng,
      },
      call: (logits: never, options: never, rng: never) => decode.sampleLogits(logits, options, rng),
    },
    {
      name: "generate",
      args: {
        model: arg.only(() => model),
        options: arg.required({
          ...SAMPLING,
          length: arg.count(2),
          prime: arg.such(() => [1, 2], idsBelow(4, 1)),
          rng,
        }),
      },
      call: async (model: never, options: never) => {
        let made = 0;
        // As many as it takes to know that it works.
        for await (const _ of decode.generate(model, options)) if (++made === 3) break;
        return made;
      },
    },
  ];
}

function searching(model: LanguageModel): HostileTarget[] {
  const ids = arg.such(() => [1], idsBelow(4));
  const id = (valid: number) => arg.optional(arg.such(() => valid, isOneOf(0, 1, 2, 3)));
  const greedy = {
    maxLength: arg.such(
      () => 2,
      (value) =>
        (Number.isSafeInteger(value) && (value as number) >= 1) ||
        (isList(value) && value.length === 1 && idsBelow(1e9)(value) && value[0] !== 0),
    ),
    lengthPenalty: arg.optional(
      arg.such(
        () => 0.6,
        (value) => typeof value === "number" && value >= 0 && value <= 10,
      ),
    ),
    ...{ start: id(1), end: id(0), trace: arg.optional(arg.flag()) },
    forbidden: arg.optional(ids),
    signal: arg.optional(arg.only(() => new AbortController().signal)),
  };
  const vocabulary = arg.such(
    () => 4,
    (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  );
  const primes = arg.optional(
    arg.such(
      () => [[1, 2], [3]],
      (value) => Array.isArray(value) && Array.from(value).every(idsBelow(4, 1)),
    ),
  );
  const searched = arg.only(() => decode.streamModel(model, { vocabulary: 4 }));
  /** A limit of a billion steps is right, and nobody waits for it. */
  const soon = <Options extends { maxLength: number }>(options: Options): Options =>
    Number.isSafeInteger(options?.maxLength) && options.maxLength > 10
      ? { ...options, maxLength: 10 }
      : options;
  return [
    {
      name: "beamSearch",
      args: {
        model: searched,
        options: arg.required({
          ...greedy,
          width: arg.optional(arg.size(3)),
          nBest: arg.optional(arg.size(2)),
        }),
      },
      call: (model: never, options: never) => decode.beamSearch(model, soon(options)),
    },
    {
      name: "greedySearch",
      args: { model: searched, options: arg.required(greedy) },
      call: (model: never, options: never) => decode.greedySearch(model, soon(options)),
    },
    {
      name: "streamModel",
      args: {
        model: arg.such(
          () => model,
          (value) => typeof (value as Partial<LanguageModel> | null)?.stream === "function",
        ),
        options: arg.required({ vocabulary, primes }),
      },
      call: (model: never, options: never) => decode.streamModel(model, options).vocabulary,
    },
  ];
}

function models({ backend }: HostileContext, tensors: arg.Tensors, model: LanguageModel): HostileTarget[] {
  const settings = arg.required({
    ...{ cell: arg.optional(arg.word("lstm", "gru", "rnn")), vocabulary: arg.size(4), hidden: arg.size(2) },
    ...{ layers: arg.optional(arg.size(1)), dropout: arg.optional(arg.below1(0)) },
    ...{
      variational: arg.optional(arg.flag()),
      embedding: arg.optional(arg.count(2)),
      tied: arg.optional(arg.flag(true)),
    },
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
  const ids = tensors.ids(2, 3);
  const state = arg.such(
    // As long as the batch says so, absent parts are zeros.
    () => model.zeroState(2),
    (value) =>
      value === undefined ||
      (typeof value === "object" && value !== null && Object.keys(value).length === 0 && !isList(value)),
  );
  const given = (...passed: string[]) =>
    arg.options({
      ...{ state, rng: arg.optional(arg.generator) },
      ...Object.fromEntries(
        passed.map((name) => [
          name,
          arg.such(
            () => undefined,
            () => true,
          ),
        ]),
      ),
    });
  const over = (call: (...all: never[]) => unknown) => tensors.run(call);
  return [
    {
      name: "LanguageModel",
      args: { settings, options },
      call: (settings: never, options: never) => new LanguageModel(settings, options),
    },
    {
      name: "LanguageModel of own cells",
      args: { options },
      call: (options: never) => new LanguageModel({ cell: "own", vocabulary: 4, hidden: 2 }, options),
    },
    {
      name: "LanguageModel#zeroState",
      args: { batch: arg.size(2) },
      call: over((batch) => model.zeroState(batch)),
    },
    {
      name: "LanguageModel#forward",
      args: { ids: tensors.ids(null, null), options: given("logits") },
      call: over((ids, options) => model.forward(ids, options)),
    },
    {
      name: "LanguageModel#loss",
      args: { inputs: ids, targets: ids, options: given("loss") },
      call: over((inputs, targets, options) => model.loss(inputs, targets, options)),
    },
    {
      name: "LanguageModel#losses",
      args: { inputs: ids, targets: ids, options: given("losses") },
      call: over((inputs, targets, options) => model.losses(inputs, targets, options)),
    },
    {
      name: "LanguageModel#stream",
      args: { options: arg.options({ weights: arg.optional(arg.word("f32", "bf16", "int8")) }) },
      call: (options: never) => model.stream(options).dispose(),
    },
  ];
}

function inspecting(model: LanguageModel): HostileTarget[] {
  const characters = [..."one (two) 3"];
  const signal = inspect.SIGNALS[1];
  const isTexts = (value: unknown) =>
    isList(value) && Array.from(value).every((part) => typeof part === "string");
  const texts = arg.such(
    () => characters,
    (value) => isTexts(value),
  );
  const values = () => signal.of(characters);
  const ends = arg.such(
    () => characters.map((_, at) => at + 1),
    (value) => value === undefined || idsBelow(12)(value),
  );
  const trace = arg.record({
    width: arg.such(
      () => 2,
      (value) => value === 2,
    ),
    hidden: arg.only(() => new Float32Array(2 * characters.length)),
    cell: arg.such(
      () => new Float32Array(2 * characters.length),
      (value) => value === undefined,
    ),
  });
  const followed = arg.record({
    signal: arg.such(
      () => signal,
      (value) => typeof value === "object" && value !== null,
    ),
    values: arg.only(values),
  });
  return [
    ...arg.withJob(
      {
        name: "valuesOf",
        args: {
          signals: arg.such(
            () => inspect.SIGNALS,
            (value) => isList(value) && value.length === 0,
          ),
          characters: texts,
          ends,
        },
        call: (signals: never, characters: never, ends: never) => inspect.valuesOf(signals, characters, ends),
      },
      (signals: never, characters: never, ends: never) => inspect.valuesOfJob(signals, characters, ends),
    ),
    {
      name: "SIGNALS.of",
      args: { characters: texts },
      call: (characters: never) => inspect.SIGNALS.map((one) => one.of(characters)),
    },
    {
      name: "searchUnits of a trace",
      args: { layer: trace, followed, best: arg.optional(arg.size(3)) },
      call: (layer: never, followed: never, best: never) => inspect.searchUnits([layer], [followed], best),
    },
    ...arg.withJob(
      {
        name: "searchUnits",
        args: {
          layers: arg.such(
            () => [],
            (value) => isList(value) && value.length === 0,
          ),
          all: arg.such(
            () => [],
            (value) => isList(value) && value.length === 0,
          ),
          best: arg.optional(arg.size(3)),
        },
        call: (layers: never, all: never, best: never) => inspect.searchUnits(layers, all, best),
      },
      (layers: never, all: never, best: never) => inspect.searchUnitsJob(layers, all, best),
    ),
    {
      name: "unitOf",
      args: {
        all: arg.only(() => Float32Array.of(1, 2, 3, 4, 5, 6)),
        width: arg.such(() => 2, isOneOf(2, 3)),
        unit: arg.such(() => 1, isOneOf(0, 1)),
        from: arg.such(() => 1, isOneOf(0, 1, 2)),
        to: arg.such(() => 2, isOneOf(1, 2, 3)),
      },
      call: (all: never, width: never, unit: never, from: never, to: never) =>
        inspect.unitOf(all, width, unit, from, to),
    },
    {
      name: "traceModel",
      args: {
        model: arg.only(() => model),
        ids: arg.such(() => [1, 2, 3], idsBelow(4)),
        onProgress: arg.optional(arg.fn(() => undefined)),
      },
      call: (model: never, ids: never, onProgress: never) => inspect.traceModel(model, ids, onProgress),
    },
  ];
}

export function targets(context: HostileContext): HostileTarget[] {
  const model = new LanguageModel(
    { vocabulary: 4, hidden: 2 },
    { rng: new Rng(1), backend: context.backend },
  );
  const tensors = new arg.Tensors(context.backend);
  return [
    ...decoding(model),
    ...searching(model),
    ...models(context, tensors, model),
    ...inspecting(model),
    ...classifierTargets(context, tensors),
    ...taggerTargets(context, tensors),
    ...captionerTargets(context, tensors),
    ...seq2seqTargets(context, tensors),
    ...forecasterTargets(context, tensors),
  ];
}

export default (context: HostileContext) => arg.sampled(targets(context), context);

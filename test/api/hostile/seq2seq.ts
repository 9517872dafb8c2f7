/** Calls of the models that write sequences. */
import { Rng } from "../../../src/core/rng.ts";
import { Seq2Seq, SequenceDecoder } from "../../../src/models/index.ts";
import { zeros } from "../../../src/nn/index.ts";
import type { HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const isSymbols = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 4;
export const symbols = (valid: number) =>
  arg.such(
    () => valid,
    (value) => isSymbols(value) && (value as number) < 1e4,
  );
const isList = (value: unknown): value is ArrayLike<unknown> =>
  typeof value === "object" && value !== null && Number.isSafeInteger((value as unknown[]).length);

/** Two integers from `least` to `most`. */
export const lengths = (least: number, most: number) =>
  arg.such(
    () => [most, most],
    (value) =>
      value === undefined ||
      (isList(value) &&
        value.length === 2 &&
        Array.from(value).every(
          (one) => Number.isInteger(one) && (one as number) >= least && (one as number) <= most,
        )),
  );

/** Stands for the state that the call begins. */
const BEGUN = {};

export function seq2seqTargets(context: HostileContext, tensors: arg.Tensors): HostileTarget[] {
  const { backend } = context;
  const rng = () => new Rng(1);
  const model = new Seq2Seq(
    { sourceVocabulary: 5, targetVocabulary: 4, hidden: 2, attention: "additive" },
    { rng: rng(), backend },
  );
  const decoder = new SequenceDecoder({ vocabulary: 4, hidden: 2, memory: 3 }, { rng: rng(), backend });
  const settings = {
    cell: arg.optional(arg.word("gru", "lstm", "rnn")),
    embedding: arg.optional(arg.size(2)),
    hidden: arg.size(2),
    layers: arg.optional(arg.size(1)),
    dropout: arg.optional(arg.below1(0)),
    tieWeights: arg.optional(arg.flag(false)),
    readout: arg.optional(arg.count(2)),
  };
  const options = {
    rng: arg.generator,
    backend: arg.optional(arg.only(() => backend)),
  };
  const scoring = {
    rng: arg.optional(arg.generator),
    teacherForcing: arg.optional(arg.from0To1(0.5)),
    reduction: arg.optional(arg.word("sum", "mean", "none")),
    classWeights: arg.optional(tensors.floats(4)),
    labelSmoothing: arg.optional(arg.from0To1(0.1)),
  };
  const source = tensors.ids(2, 3);
  const target = tensors.ids(2, 3);
  const input = arg.required({ memory: tensors.floats(2, null, 3), memoryLengths: lengths(1, 2) });
  const made = () => ({ memory: tensors.make(2, 2, 3) });
  return [
    {
      name: "Seq2Seq",
      args: {
        settings: arg.required({
          ...settings,
          sourceVocabulary: symbols(5),
          targetVocabulary: symbols(6),
          bidirectional: arg.optional(arg.flag(false)),
          attention: arg.optional(arg.word("additive", "dot", "none")),
          contextToOutput: arg.optional(arg.flag()),
          // The vocabularies differ, so the vectors cannot be shared.
          tieEmbeddings: arg.such(
            () => false,
            (value) => value === undefined || value === false,
          ),
        }),
        options: arg.required(options),
      },
      call: (settings: never, options: never) => new Seq2Seq(settings, options),
    },
    {
      name: "Seq2Seq#encode",
      args: {
        source,
        options: arg.options({ lengths: lengths(1, 3), rng: arg.optional(arg.generator) }),
      },
      call: tensors.run((source: never, options: never) => model.encode(source, options)),
    },
    {
      name: "Seq2Seq#loss",
      args: {
        source,
        target,
        options: arg.options({
          ...scoring,
          rng: arg.generator,
          sourceLengths: lengths(1, 3),
          targetLengths: lengths(0, 3),
        }),
      },
      call: tensors.run((source: never, target: never, options: never) =>
        model.loss(source, target, options),
      ),
    },
    {
      name: "Seq2Seq#align",
      args: {
        source,
        target,
        options: arg.options({ sourceLengths: lengths(1, 3), targetLengths: lengths(0, 3) }),
      },
      call: tensors.run((source: never, target: never, options: never) =>
        model.align(source, target, options),
      ),
    },
    {
      name: "Seq2Seq#decoder",
      args: { input: arg.only(() => ({ memory: tensors.make(2, 2, 2) })) },
      call: tensors.run((input: never) => {
        const found = model.decoder(input);
        const { rows } = found.begin();
        found.close();
        return rows;
      }),
    },
    {
      name: "SequenceDecoder",
      args: {
        settings: arg.required({
          ...settings,
          vocabulary: symbols(5),
          context: arg.such(
            () => 0,
            (value) => value === undefined || value === 0,
          ),
          memory: arg.optional(arg.size(3)),
          attention: arg.optional(arg.word("additive", "dot")),
          attentionUnits: arg.optional(arg.size(2)),
          outputReads: arg.optional(arg.required({ previous: arg.flag(), context: arg.flag() })),
        }),
        options: arg.required({ ...options, vectors: arg.optional(arg.only(() => undefined)) }),
      },
      call: (settings: never, options: never) => new SequenceDecoder(settings, options),
    },
    {
      name: "SequenceDecoder#loss",
      args: {
        input,
        target,
        options: arg.options({ ...scoring, rng: arg.generator, lengths: lengths(0, 3) }),
      },
      call: tensors.run((input: never, target: never, options: never) =>
        decoder.loss(input, target, options),
      ),
    },
    {
      name: "SequenceDecoder#loss from a state",
      args: {
        state0: arg.such(
          () => ({ hidden: zeros([1, 2, 2], backend) }),
          // Absent parts are zero, so an object without any is a state.
          (value) =>
            value === undefined ||
            (typeof value === "object" &&
              value !== null &&
              !Array.isArray(value) &&
              Object.keys(value as object).length === 0),
        ),
        first: arg.optional(tensors.floats(2, 2)),
      },
      call: tensors.run((state0: never, first: never) =>
        decoder.loss({ ...made(), state0, first }, tensors.ids(2, 3).valid() as never),
      ),
    },
    {
      name: "SequenceDecoder#align",
      args: { input, target, lengths: lengths(0, 3) },
      call: tensors.run((input: never, target: never, lengths: never) =>
        decoder.align(input, target, lengths),
      ),
    },
    {
      name: "SequenceDecoder#begin",
      args: { input },
      call: tensors.run((input: never) => {
        const state = decoder.begin(input);
        state.close();
        return state.rows;
      }),
    },
    {
      name: "SequenceDecoder#step",
      args: {
        symbols: arg.such(
          () => Int32Array.of(1, 1),
          (value) =>
            isList(value) &&
            value.length === 2 &&
            Array.from(value).every((one) => [0, 1, 2, 3].includes(one as number)),
        ),
        state: arg.only(() => BEGUN),
        rows: arg.such(
          () => Int32Array.of(1, 0),
          (value) =>
            value === undefined ||
            (isList(value) &&
              value.length === 2 &&
              Array.from(value).every((one) => [0, 1].includes(one as number))),
        ),
      },
      call: tensors.run((symbols: never, state: never, rows: never) => {
        const begun = decoder.begin(made());
        try {
          return decoder.step(symbols, state === BEGUN ? begun : state, rows).logits;
        } finally {
          begun.close();
        }
      }),
    },
  ];
}

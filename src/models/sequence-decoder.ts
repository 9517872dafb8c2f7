import { requireIntegers } from "../autograd/check.ts";
import { concat } from "../autograd/ops/concat.ts";
import { CROSS_ENTROPY_OPTIONS, type CrossEntropyOptions } from "../autograd/ops/cross-entropy.ts";
import { gatherRows } from "../autograd/ops/gather-rows.ts";
import { linearCrossEntropy } from "../autograd/ops/linear-cross-entropy.ts";
import { kernelsOf, noGradient } from "../autograd/tape.ts";
import type { Backend } from "../backend/backend.ts";
import { ids, type Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
import {
  checkValue,
  FROM_0_TO_1,
  GENERATOR,
  type Names,
  optional,
  type Range,
  type Ranges,
  refuseOthers,
  settle,
} from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { checkShape } from "../core/shape.ts";
import { AdditiveAttention, DotAttention } from "../nn/attention.ts";
import { Embedding } from "../nn/embedding.ts";
import { requireRoom } from "../nn/init.ts";
import { Linear } from "../nn/linear.ts";
import { MODULE_RANGES } from "../nn/options.ts";
import type { RecurrentLayer } from "../nn/recurrent-layer.ts";
import { checkLengths } from "../nn/timeline.ts";
import { readIntegers } from "./read-integers.ts";
import { makeRecurrentBody } from "./recurrent-body.ts";
import {
  completeDecoderConfig,
  contextFeatures,
  decoderParameterCount,
  outputFeatures,
  type SequenceDecoderConfig,
  type SequenceDecoderSettings,
} from "./sequence-decoder-config.ts";
import { stepByStep, wholeSequences } from "./sequence-decoder-pass.ts";
import { DecoderDraws, type DecoderRows, decoderRows, placesOf } from "./sequence-decoder-rows.ts";
import {
  beginDecoding,
  checkSymbol,
  type DecoderState,
  type DecoderStep,
  decodeStep,
} from "./sequence-decoder-state.ts";
import { checkDecoderInput, type DecoderInput, readOut } from "./sequence-decoder-step.ts";

export interface SequenceDecoderOptions {
  rng: Rng;
  backend?: Backend;
  /** The vectors of the symbols, shared with another module. Default: its own. */
  vectors?: Embedding;
}

/** Those of `crossEntropy` come along: class weights, label smoothing, the sum instead of the mean. */
export interface DecoderLossOptions extends Omit<CrossEntropyOptions, "ignoreIndex"> {
  /** Symbols of each target, 0 to T. What lies behind is never read. Default: T each. */
  lengths?: ArrayLike<number>;
  /** Draws dropout masks and the symbols of `teacherForcing`; without it nothing is dropped. */
  rng?: Rng;
  /**
   * The share of steps that read the true symbol; the others read the decoder's own guess of the step before (Bengio et
   * al. 2015, "Scheduled sampling"). Default 1.
   */
  teacherForcing?: number;
}

export interface DecoderLoss {
  /** In nats: the mean over all symbols with END, their sum, or with reduction "none" of each, [B, T + 1]. */
  readonly loss: Tensor;
  /** The number of symbols, each target's END included. */
  readonly count: number;
}

const VECTORS: Range = { text: "an Embedding", fits: (value) => value instanceof Embedding };
const RANGES: Ranges<SequenceDecoderOptions> = { ...MODULE_RANGES, vectors: optional(VECTORS) };
const { ignoreIndex: _, ...SCORING } = CROSS_ENTROPY_OPTIONS;
export const DECODER_LOSS_OPTIONS: Names<DecoderLossOptions> = {
  lengths: 0,
  rng: 0,
  teacherForcing: 0,
  ...SCORING,
};

/**
 * Writes a sequence of symbols from a vector, a memory or a first input, one symbol after the other. With c (Cho et al.
 * 2014, "Learning phrase representations using RNN encoder-decoder"):
 *
 *     h'_t = f_out(h'_{t-1}, [emb(y_{t-1}); c]),  y_t = f_y(h'_t, emb(y_{t-1}))          and c, if outputReads.context
 *
 * With attention (Bahdanau, Cho and Bengio 2015), whose query is the state before the step:
 *
 *     c_t = attend(h'_{t-1}, memory),  h'_t = f_out(h'_{t-1}, [emb(y_{t-1}); c_t]),  y_t = f_y(h'_t, emb(y_{t-1}), c_t)
 *
 * f_out is one or several recurrent layers; f_y is a linear layer and a softmax, with a tanh layer before it where
 * `readout` is above 0.
 */
export class SequenceDecoder {
  readonly config: SequenceDecoderConfig;
  readonly embedding: Embedding;
  readonly rnn: RecurrentLayer;
  readonly attention?: AdditiveAttention | DotAttention;
  readonly readout?: Linear;
  readonly head: Linear;

  /** @throws InputError for settings that make no model; OutOfMemoryError for a model larger than the heap */
  constructor(settings: SequenceDecoderSettings, options: SequenceDecoderOptions) {
    const where = "SequenceDecoder";
    const config = completeDecoderConfig(settings);
    const { rng, backend, vectors } = settle<SequenceDecoderOptions>(where, RANGES, {}, options);
    requireRoom(`a decoder of ${config.layers} layers`, decoderParameterCount(config), backend);
    this.config = config;
    const { vocabulary, embedding, hidden, memory, attention, attentionUnits, readout, tieWeights } = config;
    if (vectors !== undefined) {
      checkShape(`${where}: vectors`, vectors.weight.shape, [
        ["vocabulary", vocabulary],
        ["embedding", embedding],
      ]);
    }
    // As output weights, standard normal vectors would make the first guesses far too sure.
    const bound = tieWeights ? 1 / Math.sqrt(embedding) : undefined;
    this.embedding = vectors ?? new Embedding(vocabulary, embedding, { rng, bound, backend });
    const inputs = embedding + contextFeatures(config);
    const body = { ...config, inputs, dropout: 0, variational: false };
    this.rnn = makeRecurrentBody(where, body, { rng, backend }) as RecurrentLayer;
    if (attention !== "none") {
      const Kind = attention === "additive" ? AdditiveAttention : DotAttention;
      this.attention = new Kind(hidden, memory, attentionUnits, { rng, backend });
    }
    const features = outputFeatures(config);
    if (readout > 0) this.readout = new Linear(features, readout, { rng, backend });
    const weight = tieWeights ? this.embedding.weight : undefined;
    this.head = new Linear(readout || features, vocabulary, { rng, backend, weight });
  }

  /**
   * The cross-entropy of targets. START and END are added here. Steps behind the end of a target are not computed.
   * CPU-only.
   * @param targets ids [B, T], T >= 1, without START and END
   * @throws ShapeError, InputError for an input that does not fit the decoder, ids outside the vocabulary, lengths
   * outside [0, T], and `teacherForcing` below 1 without `rng`
   */
  loss(input: DecoderInput, targets: Tensor, options: DecoderLossOptions = {}): DecoderLoss {
    const where = "sequenceDecoder.loss";
    refuseOthers(where, DECODER_LOSS_OPTIONS, options);
    const { lengths, rng, teacherForcing = 1, ...scoring } = options;
    checkValue(`${where}: rng`, optional(GENERATOR), rng);
    checkValue(`${where}: teacherForcing`, FROM_0_TO_1, teacherForcing);
    if (teacherForcing < 1 && rng === undefined) {
      throw new InputError(`${where}: teacherForcing below 1 needs rng, which chooses the steps`);
    }
    const rows = this.rowsOf(where, input, targets, lengths);
    const draws = new DecoderDraws(rng, this.config.dropout, rows);
    const { features } =
      this.attention === undefined && teacherForcing === 1
        ? wholeSequences(this, input, rows, draws)
        : stepByStep(this, input, rows, draws, teacherForcing);
    const { weight, bias } = this.head;
    const y = draws.output(readOut(this, features), rows.before);
    const loss = linearCrossEntropy(y, weight, bias, ids(rows.targets), scoring);
    const count = rows.targets.length;
    if (scoring.reduction !== "none") return { loss, count };
    return {
      loss: gatherRows(loss, ids(placesOf(rows, targets.shape[1]), [rows.batch, targets.shape[1] + 1])),
      count,
    };
  }

  /**
   * The attention at every step of given targets, for pictures: [B, T + 1, S], where step t has the weights with which
   * symbol t was written, END last; 0 behind the end of a target and of a memory. Without a gradient. CPU-only.
   * @throws InputError for a decoder without attention, and for whatever {@link loss} refuses
   */
  align(input: DecoderInput, targets: Tensor, lengths?: ArrayLike<number>): Tensor {
    const where = "sequenceDecoder.align";
    if (this.attention === undefined) throw new InputError(`${where}: the decoder has no attention`);
    const rows = this.rowsOf(where, input, targets, lengths);
    const draws = new DecoderDraws(undefined, 0, rows);
    const { weights } = noGradient(() => stepByStep(this, input, rows, draws, 1));
    const all = concat(rows.before > 0 ? weights.slice(1) : weights, 0);
    const steps = targets.shape[1] + 1;
    return gatherRows(all, ids(placesOf(rows, targets.shape[1]), [rows.batch, steps]));
  }

  /**
   * Starts to write: keeps what steps need outside all scopes, until the state's `dispose`. One row for each of the B
   * sentences. CPU-only.
   */
  begin(input: DecoderInput): DecoderState {
    return beginDecoding(this, input);
  }

  /**
   * The logits of the symbol after `symbols`. Needs an open scope, in which logits and weights lie; the new state is
   * kept outside. The given state is used up.
   * @param symbols one for each row: START at first
   * @param rows the row of `state` that each of them continues, in any order, repeated or left out: a beam search
   * chooses. Default: all rows in their order
   * @throws InputError for symbols outside the vocabulary and rows outside the state
   */
  step(symbols: Int32Array, state: DecoderState, rows?: Int32Array): DecoderStep {
    return decodeStep(this, symbols, state, rows);
  }

  private rowsOf(
    where: string,
    input: DecoderInput,
    targets: Tensor,
    given: ArrayLike<number> | undefined,
  ): DecoderRows {
    requireIntegers(`${where}: targets`, targets);
    checkShape(`${where}: targets`, targets.shape, [
      ["batch", null],
      ["time", null],
    ]);
    const [batch, steps] = targets.shape;
    if (targets.size === 0)
      throw new InputError(`${where}: targets are empty, [${targets.shape.join(", ")}]`);
    if (given !== undefined) checkLengths(`${where}: lengths`, given, batch, steps, 0);
    kernelsOf(where, targets, this.head.weight);
    checkDecoderInput(where, this, input, batch);
    const lengths = given ?? new Int32Array(batch).fill(steps);
    const values = readIntegers(where, targets, "decoders");
    for (let b = 0; b < batch; b++) {
      for (let t = 0; t < lengths[b]; t++) {
        checkSymbol(where, this, values[b * steps + t], `step ${t} of row ${b}`);
      }
    }
    return decoderRows(values, steps, lengths, input.first !== undefined);
  }
}

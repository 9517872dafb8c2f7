import { requireIntegers } from "../autograd/check.ts";
import { tanh } from "../autograd/ops/activations.ts";
import { concat, split } from "../autograd/ops/concat.ts";
import { select, stack, swapAxes } from "../autograd/ops/time.ts";
import { kernelsOf } from "../autograd/tape.ts";
import type { Backend } from "../backend/backend.ts";
import { ids as idTensor, type Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
import {
  checkValue,
  GENERATOR,
  LIST,
  type Names,
  optional,
  type Ranges,
  refuseOthers,
  settle,
} from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { checkShape } from "../core/shape.ts";
import { Embedding } from "../nn/embedding.ts";
import { requireRoom } from "../nn/init.ts";
import { Linear } from "../nn/linear.ts";
import { MODULE_RANGES } from "../nn/options.ts";
import type { RecurrentLayer } from "../nn/recurrent-layer.ts";
import { RecurrentState } from "../nn/recurrent-state.ts";
import { sequenceDropout } from "../nn/sequence-dropout.ts";
import { checkLengths } from "../nn/timeline.ts";
import { drawByRow } from "./draw-by-row.ts";
import { readIntegers } from "./read-integers.ts";
import { makeRecurrentBody } from "./recurrent-body.ts";
import {
  bridgeFeatures,
  completeSeq2SeqConfig,
  decoderConfigOf,
  encodedFeatures,
  type Seq2SeqConfig,
  type Seq2SeqSettings,
  seq2seqParameterCount,
} from "./seq2seq-config.ts";
import {
  DECODER_LOSS_OPTIONS,
  type DecoderLoss,
  type DecoderLossOptions,
  SequenceDecoder,
} from "./sequence-decoder.ts";
import type { DecoderInput } from "./sequence-decoder-step.ts";
import { DecoderSteps } from "./sequence-decoder-steps.ts";

export interface Seq2SeqOptions {
  rng: Rng;
  backend?: Backend;
}

export interface EncodeOptions {
  /**
   * The length of each source, in any order, 1 to S. What lies behind it is never read, and may be anything. Default: S
   * each.
   */
  lengths?: ArrayLike<number>;
  /** Draw dropout masks from here; without it nothing is dropped. */
  rng?: Rng;
}

/** Those of `SequenceDecoder.loss` come along, such as `teacherForcing`, `reduction` and `labelSmoothing`. */
export interface Seq2SeqLossOptions extends Omit<DecoderLossOptions, "lengths"> {
  /** As `lengths` of `encode`. */
  sourceLengths?: ArrayLike<number>;
  /** Symbols of each target, 0 to T. What lies behind is never read. Default: T each. */
  targetLengths?: ArrayLike<number>;
}

export interface AlignOptions {
  sourceLengths?: ArrayLike<number>;
  targetLengths?: ArrayLike<number>;
}

const RANGES: Ranges<Seq2SeqOptions> = MODULE_RANGES;
const ENCODE: Names<EncodeOptions> = { lengths: 0, rng: 0 };
const { lengths: _, ...DECODER_LOSS } = DECODER_LOSS_OPTIONS;
const LOSS: Names<Seq2SeqLossOptions> = { ...DECODER_LOSS, sourceLengths: 0, targetLengths: 0 };
const ALIGN: Names<AlignOptions> = { sourceLengths: 0, targetLengths: 0 };

/** Names of the streams of random numbers of a loss. */
const ENCODER = 0;
const DECODER = 1;

/**
 * A sequence from a sequence (Sutskever et al. 2014; Cho et al. 2014): an encoder reads the source, a decoder writes the
 * target. Without attention c is the last state of the encoder's top layer, of both directions where it has two, and
 *
 *     h'_0 = tanh(W c + b),  h'_t = f_out(h'_{t-1}, [emb(y_{t-1}); c]),  y_t = f_y(h'_t, emb(y_{t-1}))
 *
 * so that c enters f_out at every step and not f_y, unless `contextToOutput`. With attention (Bahdanau, Cho and Bengio
 * 2015) c_t takes the place of c: {@link SequenceDecoder}. h'_0 (`bridge`) is as in Cho et al. (2014, appendix A.1), with
 * a W of its own for each layer of the decoder; the cell of an LSTM starts likewise, from tanh(W c + b) with another W.
 */
export class Seq2Seq {
  readonly config: Seq2SeqConfig;
  /** The vectors of source symbols; with `tieEmbeddings` also those of target symbols. */
  readonly embedding: Embedding;
  readonly encoder: RecurrentLayer;
  /** From c to h'_0 of all layers, one after the other, then for an LSTM to their cells. */
  readonly bridge: Linear;
  readonly sequenceDecoder: SequenceDecoder;

  /** @throws InputError for settings that make no model; OutOfMemoryError for a model larger than the heap */
  constructor(settings: Seq2SeqSettings, options: Seq2SeqOptions) {
    const config = completeSeq2SeqConfig(settings);
    const { rng, backend } = settle<Seq2SeqOptions>("Seq2Seq", RANGES, {}, options);
    requireRoom(
      `a model of ${config.layers} + ${config.layers} layers`,
      seq2seqParameterCount(config),
      backend,
    );
    this.config = config;
    const { sourceVocabulary, embedding, tieEmbeddings, tieWeights } = config;
    // As output weights, standard normal vectors would make the first guesses far too sure.
    const bound = tieEmbeddings && tieWeights ? 1 / Math.sqrt(embedding) : undefined;
    this.embedding = new Embedding(sourceVocabulary, embedding, { rng, bound, backend });
    const body = { ...config, inputs: embedding, variational: false };
    this.encoder = makeRecurrentBody("Seq2Seq", body, { rng, backend }) as RecurrentLayer;
    this.bridge = new Linear(encodedFeatures(config), bridgeFeatures(config), { rng, backend });
    const vectors = tieEmbeddings ? this.embedding : undefined;
    this.sequenceDecoder = new SequenceDecoder(decoderConfigOf(config), { rng, backend, vectors });
  }

  /**
   * Reads sources. The result lives as long as the open scope. CPU-only.
   * @param source ids [B, S]
   * @throws ShapeError, InputError for ids outside the vocabulary, and for lengths outside [1, S]
   */
  encode(source: Tensor, options: EncodeOptions = {}): DecoderInput {
    const where = "seq2seq.encode";
    refuseOthers(where, ENCODE, options);
    const { lengths } = options;
    checkValue(`${where}: rng`, optional(GENERATOR), options.rng);
    const x = this.embedding.forward(this.enterIds(where, source, lengths));
    const rng = options.rng && drawByRow(options.rng, source.shape[0]);
    const isTraining = rng !== undefined;
    const { output, state } = this.encoder.forward(
      isTraining ? sequenceDropout(x, this.config.dropout, rng) : x,
      { lengths, rng, training: isTraining },
    );
    const all = state.hidden!;
    const directions = this.config.bidirectional ? 2 : 1;
    const top = Array.from({ length: directions }, (_, index) =>
      select(all, all.shape[0] - directions + index),
    );
    const c = top.length === 1 ? top[0] : concat(top);
    const state0 = this.firstState(c);
    if (this.config.attention === "none") return { state0, context: c };
    const [batch, places] = source.shape;
    const memoryLengths =
      lengths === undefined ? new Int32Array(batch).fill(places) : Int32Array.from(lengths);
    return { state0, memory: swapAxes(output), memoryLengths };
  }

  /**
   * The cross-entropy of targets in nats: see `SequenceDecoder.loss`. CPU-only.
   * @param source ids [B, S]
   * @param target ids [B, T], T >= 1, without START and END, which are added here
   */
  loss(source: Tensor, target: Tensor, options: Seq2SeqLossOptions = {}): DecoderLoss {
    const where = "seq2seq.loss";
    refuseOthers(where, LOSS, options);
    const { sourceLengths, targetLengths, rng, ...scoring } = options;
    checkValue(`${where}: rng`, optional(GENERATOR), rng);
    checkValue(`${where}: sourceLengths`, optional(LIST), sourceLengths);
    const own = rng?.fork(rng.words()[0]);
    const input = this.encode(source, { lengths: sourceLengths, rng: own?.fork(ENCODER) });
    return this.sequenceDecoder.loss(input, target, {
      ...scoring,
      lengths: targetLengths,
      rng: own?.fork(DECODER),
    });
  }

  /**
   * Which source symbol each target symbol was written from: [B, T + 1, S], see `SequenceDecoder.align`.
   * @param source ids [B, S]
   * @param target ids [B, T] without START and END
   * @throws InputError for a model without attention
   */
  align(source: Tensor, target: Tensor, options: AlignOptions = {}): Tensor {
    refuseOthers("seq2seq.align", ALIGN, options);
    const input = this.encode(source, { lengths: options.sourceLengths });
    return this.sequenceDecoder.align(input, target, options.targetLengths);
  }

  /**
   * The decoder after `input`, for a beam search. What it needs is kept outside all scopes until `close`, so call it in the
   * scope of `encode` and search after that:
   *
   *     const decoder = scope(() => model.decoder(model.encode(source, { lengths })));
   *     const found = await beamSearch(decoder, { maxLength: 80 });
   *     decoder.close();
   */
  decoder(input: DecoderInput): DecoderSteps {
    return new DecoderSteps(this.sequenceDecoder, input);
  }

  /** h'_0 = tanh(W c + b) of every layer, [layers, B, H]. */
  private firstState(c: Tensor): RecurrentState {
    const { cell, layers, hidden } = this.config;
    const all = tanh(this.bridge.forward(c));
    const count = bridgeFeatures(this.config) / hidden;
    const parts = split(all, new Array<number>(count).fill(hidden));
    const first = stack(parts.slice(0, layers));
    return cell === "lstm"
      ? new RecurrentState(first, stack(parts.slice(layers)))
      : new RecurrentState(first);
  }

  /** ids [B, S] -> [S, B], with 0 behind the end of each source. */
  private enterIds(where: string, source: Tensor, lengths: ArrayLike<number> | undefined): Tensor {
    requireIntegers(`${where}: source`, source);
    kernelsOf(where, source, this.embedding.weight);
    checkShape(`${where}: source`, source.shape, [
      ["batch", null],
      ["time", null],
    ]);
    const [batch, steps] = source.shape;
    if (source.size === 0) throw new InputError(`${where}: source is empty, [${source.shape.join(", ")}]`);
    if (lengths !== undefined) checkLengths(`${where}: lengths`, lengths, batch, steps);
    const { sourceVocabulary } = this.config;
    const values = readIntegers(where, source, "encoders");
    const places = new Int32Array(steps * batch);
    for (let b = 0; b < batch; b++) {
      for (let t = 0; t < (lengths?.[b] ?? steps); t++) {
        const id = values[b * steps + t];
        if (id < 0 || id >= sourceVocabulary) {
          throw new InputError(
            `${where}: ids must be integers from 0 to ${sourceVocabulary - 1}, got ${id} at step ${t} of row ${b}`,
          );
        }
        places[t * batch + b] = id;
      }
    }
    return idTensor(places, [steps, batch]);
  }
}

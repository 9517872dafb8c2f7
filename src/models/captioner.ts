import { requireFloats, requireTensors } from "../autograd/check.ts";
import { tanh } from "../autograd/ops/activations.ts";
import { concat } from "../autograd/ops/concat.ts";
import { dropout } from "../autograd/ops/dropout.ts";
import { neg } from "../autograd/ops/functions.ts";
import { permute } from "../autograd/ops/permute.ts";
import { mean, sum } from "../autograd/ops/reduce.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import { splitRows } from "../autograd/ops/split-rows.ts";
import { swapAxes } from "../autograd/ops/time.ts";
import { kernelsOf, noGradient } from "../autograd/tape.ts";
import type { Backend } from "../backend/backend.ts";
import { type Tensor, tensor } from "../backend/tensor.ts";
import {
  checkValue,
  GENERATOR,
  type Names,
  OBJECT,
  optional,
  refuseOthers,
  settle,
} from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { checkShape } from "../core/shape.ts";
import { requireRoom } from "../nn/init.ts";
import { Linear } from "../nn/linear.ts";
import { MODULE_RANGES } from "../nn/options.ts";
import { RecurrentState } from "../nn/recurrent-state.ts";
import {
  type CaptionerConfig,
  type CaptionerSettings,
  COORDINATES,
  captionerParameterCount,
  completeCaptionerConfig,
  decoderConfigOf,
  mapOf,
  memoryFeatures,
  placeFeatures,
  placesOf,
  stateParts,
} from "./captioner-config.ts";
import { FrameEncoder } from "./frame-encoder.ts";
import { type DecoderLoss, type DecoderLossOptions, SequenceDecoder } from "./sequence-decoder.ts";
import type { DecoderInput } from "./sequence-decoder-step.ts";
import { DecoderSteps } from "./sequence-decoder-steps.ts";
import { convolutionsOf } from "./sequence-tagger-config.ts";

export interface CaptionerOptions {
  rng: Rng;
  backend?: Backend;
}

export interface EncodePicturesOptions {
  /** Draws dropout masks; without it nothing is dropped. */
  rng?: Rng;
}

const ENCODE: Names<EncodePicturesOptions> = { rng: 0 };

/** Names of the streams of random numbers of a loss. */
const ENCODER = 0;
const DECODER = 1;

/**
 * Words for a picture, one-to-many. Convolutions, or features that are given, make vectors of its places. Without
 * attention all of them become one vector that the decoder reads once, before START (Vinyals et al. 2015, "Show and tell",
 * equation 10). With attention the decoder looks at the places before each word, its state begins as tanh(W mean(places)),
 * and the output reads the word before, the state and what was looked at (Xu et al. 2015, "Show, attend and tell",
 * equations 4 to 7, with a linear layer as f_init). Places of an image have two more features, their row and column, since
 * attention alone does not know where it looks (Liu et al. 2018, "CoordConv").
 */
export class Captioner {
  readonly config: CaptionerConfig;
  readonly encoder?: FrameEncoder;
  /** Without attention: all places -> the first input of the decoder. */
  readonly entry?: Linear;
  /** With attention: the mean of the places -> the decoder's first state. */
  readonly bridge?: Linear;
  readonly sequenceDecoder: SequenceDecoder;

  /** @throws InputError for settings that make no model; OutOfMemoryError for a model larger than the heap */
  constructor(settings: CaptionerSettings, options: CaptionerOptions) {
    const config = completeCaptionerConfig(settings);
    const { rng, backend } = settle<CaptionerOptions>("Captioner", MODULE_RANGES, {}, options);
    requireRoom(`a captioner of ${config.layers} layers`, captionerParameterCount(config), backend);
    this.config = config;
    const { image, attention, embedding, hidden, layers } = config;
    if (image !== null) this.encoder = new FrameEncoder(image, convolutionsOf(config), { rng, backend });
    if (attention === "none") {
      this.entry = new Linear(placesOf(config) * placeFeatures(config), embedding, { rng, backend });
    } else {
      this.bridge = new Linear(memoryFeatures(config), stateParts(config) * layers * hidden, {
        rng,
        backend,
      });
    }
    this.sequenceDecoder = new SequenceDecoder(decoderConfigOf(config), { rng, backend });
  }

  /**
   * What the decoder goes on from.
   * @param pictures [B, channels * height * width] with channels first, or given features [B, places * features], place
   * after place
   */
  encode(pictures: Tensor, options: EncodePicturesOptions = {}): DecoderInput {
    const where = "captioner.encode";
    refuseOthers(where, ENCODE, options);
    checkValue(`${where}: rng`, optional(GENERATOR), options.rng);
    return this.enter(where, pictures, options.rng);
  }

  /**
   * The cross-entropy of captions in nats, by default the mean over all symbols with END.
   * @param pictures as those of {@link encode}: caption b is of picture b
   * @param captions ids [B, T] without START and END
   * @param options as those of `SequenceDecoder.loss`
   */
  loss(pictures: Tensor, captions: Tensor, options: DecoderLossOptions = {}): DecoderLoss {
    const where = "captioner.loss";
    checkValue(`${where}: options`, OBJECT, options);
    requireTensors(where, { pictures, captions });
    checkValue(`${where}: rng`, optional(GENERATOR), options.rng);
    const { rng } = options;
    const own = rng?.fork(rng.words()[0]);
    const input = this.enter(where, pictures, own?.fork(ENCODER));
    // As they are where nothing is changed, so that the decoder refuses what are no options.
    const scoring = own === undefined ? options : { ...options, rng: own.fork(DECODER) };
    return this.sequenceDecoder.loss(input, captions, scoring);
  }

  /**
   * How likely the model finds given captions, in nats: [B], each the sum over the symbols of a caption and its END. Captions
   * are ranked for a picture, and pictures for a caption, by these. Without a gradient.
   * @param pictures as those of {@link encode}: caption b is of picture b
   * @param captions ids [B, T] without START and END
   * @param lengths symbols of each caption; default: T each
   */
  logProbabilities(pictures: Tensor, captions: Tensor, lengths?: ArrayLike<number>): Tensor {
    return noGradient(() => {
      const { loss } = this.loss(pictures, captions, { lengths, reduction: "none" });
      return neg(sum(loss, 1));
    });
  }

  /**
   * Where the model looks as it writes each symbol of given captions, END last: [B, T + 1, places].
   * @param pictures as those of {@link encode}
   * @param captions ids [B, T] without START and END
   * @param lengths symbols of each caption; default: T each
   * @throws InputError for a model without attention
   */
  align(pictures: Tensor, captions: Tensor, lengths?: ArrayLike<number>): Tensor {
    return this.sequenceDecoder.align(this.encode(pictures), captions, lengths);
  }

  /** The decoder after `input`, for a beam search, as `Seq2Seq.decoder`. */
  decoder(input: DecoderInput): DecoderSteps {
    return new DecoderSteps(this.sequenceDecoder, input);
  }

  private enter(where: string, pictures: Tensor, rng: Rng | undefined): DecoderInput {
    const { config } = this;
    requireFloats(where, { pictures });
    kernelsOf(where, pictures, this.sequenceDecoder.head.weight);
    const [places, features] = [placesOf(config), placeFeatures(config)];
    const size = config.image === null ? places * features : config.image.reduce((a, b) => a * b);
    checkShape(`${where}: pictures`, pictures.shape, [
      ["batch", null],
      [config.image === null ? "places * features" : "channels * height * width", size],
    ]);
    const drop = (x: Tensor) => (rng === undefined ? x : dropout(x, config.dropout, rng));
    const vector = drop(this.encoder?.forward(pictures) ?? pictures);
    if (this.entry !== undefined) return { first: this.entry.forward(vector) };
    const memory = this.memoryOf(vector);
    return { memory, state0: this.firstState(mean(memory, 1)) };
  }

  /** [B, all features of a picture] -> [B, places, memory features] */
  private memoryOf(vector: Tensor): Tensor {
    const { config } = this;
    const [batch] = vector.shape;
    const shape = [placesOf(config), placeFeatures(config)];
    if (config.image === null) return reshape(vector, [batch, ...shape]);
    // The output of convolutions has its channels first.
    const maps = permute(reshape(vector, [batch, shape[1], shape[0]]), [0, 2, 1]);
    return concat([
      maps,
      tensor(coordinates(config, batch), [batch, shape[0], COORDINATES], vector.dtype, vector.backend),
    ]);
  }

  private firstState(pooled: Tensor): RecurrentState {
    const { hidden, layers } = this.config;
    const parts = stateParts(this.config);
    const [batch] = pooled.shape;
    const all = tanh(this.bridge!.forward(pooled));
    const states = swapAxes(reshape(all, [batch, parts * layers, hidden]));
    if (parts === 1) return new RecurrentState(states);
    const [state, cell] = splitRows(states, [layers, layers]);
    return new RecurrentState(state, cell);
  }
}

/** The row and column of each place, from -1 to 1: [batch, places, 2]. */
function coordinates(config: CaptionerConfig, batch: number): Float32Array {
  const { rows, columns } = mapOf(config);
  const at = (index: number, count: number) => (count === 1 ? 0 : (2 * index) / (count - 1) - 1);
  const values = new Float32Array(batch * rows * columns * COORDINATES);
  for (let i = 0; i < values.length / COORDINATES; i++) {
    const place = i % (rows * columns);
    values[COORDINATES * i] = at(Math.floor(place / columns), rows);
    values[COORDINATES * i + 1] = at(place % columns, columns);
  }
  return values;
}

import { requireFloats, requireIntegers, requireTensors } from "../autograd/check.ts";
import { concat } from "../autograd/ops/concat.ts";
import {
  CROSS_ENTROPY_OPTIONS,
  type CrossEntropyOptions,
  crossEntropy,
} from "../autograd/ops/cross-entropy.ts";
import { dropout } from "../autograd/ops/dropout.ts";
import { relu } from "../autograd/ops/functions.ts";
import { gatherRows } from "../autograd/ops/gather-rows.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import { slice } from "../autograd/ops/slice.ts";
import { swapAxes } from "../autograd/ops/time.ts";
import { where } from "../autograd/ops/where.ts";
import { freeze } from "../autograd/parameter.ts";
import type { Backend } from "../backend/backend.ts";
import { ids as idTensor, type Tensor } from "../backend/tensor.ts";
import {
  checkValue,
  FUNCTION,
  GENERATOR,
  type Names,
  optional,
  type Ranges,
  refuseOthers,
  settle,
  TEXT,
} from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { checkShape } from "../core/shape.ts";
import type { CreateCell } from "../nn/cell.ts";
import { Embedding } from "../nn/embedding.ts";
import { requireRoom } from "../nn/init.ts";
import { Linear } from "../nn/linear.ts";
import { MODULE_RANGES } from "../nn/options.ts";
import { RecurrentLayer } from "../nn/recurrent-layer.ts";
import { sequenceDropout } from "../nn/sequence-dropout.ts";
import { checkLengths } from "../nn/timeline.ts";
import { ConvolutionStack } from "./convolution-stack.ts";
import { makeRecurrentBody, type RecurrentBody } from "./recurrent-body.ts";
import {
  classifierParameterCount,
  completeClassifierConfig,
  headFeatures,
  inputFeatures,
  type SequenceClassifierConfig,
  type SequenceClassifierSettings,
  stepFeatures,
} from "./sequence-classifier-config.ts";
import {
  AttentionPooling,
  type LayerOutputs,
  poolLast,
  poolMax,
  poolMean,
  poolPrefixes,
  stepMask,
} from "./sequence-pooling.ts";

export interface SequenceClassifierOptions {
  rng: Rng;
  backend?: Backend;
  /** For `cell: "own"`: makes the cell of a layer. */
  createCell?: CreateCell;
  /** What errors call an own cell. */
  cellName?: string;
}

export interface ClassifierForwardOptions {
  /**
   * The length of each sequence of the batch, in any order, 1 to T. What lies behind it is never read, and may be
   * anything. Default: T each.
   */
  lengths?: ArrayLike<number>;
  /** Draw dropout masks from here; without it nothing is dropped. */
  rng?: Rng;
}

/** Those of `crossEntropy` come along: class weights, label smoothing, the sum instead of the mean. */
export interface ClassifierLossOptions extends ClassifierForwardOptions, CrossEntropyOptions {}

const RANGES: Ranges<SequenceClassifierOptions> = {
  ...MODULE_RANGES,
  ...{ createCell: optional(FUNCTION), cellName: optional(TEXT) },
};

const FORWARD: Names<ClassifierForwardOptions> = { lengths: 0, rng: 0 };
/** Beginnings of a sequence that are read side by side. */
const PREFIX_ROWS = 16;

const LOSS: Names<ClassifierLossOptions> = { ...FORWARD, ...CROSS_ENTROPY_OPTIONS };

/** What is pooled: the outputs of all steps, before the lengths are known to the pooling. */
type StepOutputs = Pick<LayerOutputs, "output" | "state">;

/**
 * The label of a sequence of ids, such as the language of a name, or of frames of numbers, such as a recording: ids
 * one-hot or as learned vectors, layers over time (recurrent, convolutions, or none), one vector for the whole sequence
 * ({@link SequenceClassifierConfig.pooling}), a linear layer and a softmax. With cell `none` layers of ReLU stand behind
 * the pooling: on one step a feed-forward network, on ids a bag of vectors.
 */
export class SequenceClassifier {
  readonly config: SequenceClassifierConfig;
  readonly embedding?: Embedding;
  /** Of the cells rnn, lstm, gru and own. */
  readonly rnn?: RecurrentBody;
  /** Of the cell conv. */
  readonly convolutions?: ConvolutionStack;
  readonly attention?: AttentionPooling;
  /** Of the cell none: behind the pooling. */
  readonly dense?: readonly Linear[];
  readonly head: Linear;

  /** @throws InputError for settings that make no model; OutOfMemoryError for a model larger than the heap */
  constructor(settings: SequenceClassifierSettings, options: SequenceClassifierOptions) {
    const config = completeClassifierConfig(settings);
    const { rng, backend } = settle<SequenceClassifierOptions>("SequenceClassifier", RANGES, {}, options);
    requireRoom(`a classifier of ${config.layers} layers`, classifierParameterCount(config), backend);
    this.config = config;
    const { vocabulary, embedding, cell, hidden, layers } = config;
    if (embedding > 0) this.embedding = new Embedding(vocabulary, embedding, { rng, backend });
    if (this.embedding !== undefined && config.frozenEmbedding) freeze(this.embedding);
    const inputs = inputFeatures(config);
    if (cell === "conv") {
      this.convolutions = new ConvolutionStack({ ...config, inputs, filters: hidden }, { rng, backend });
    } else if (cell !== "none") {
      this.rnn = makeRecurrentBody("SequenceClassifier", { ...config, cell, inputs }, options);
    }
    const features = stepFeatures(config);
    if (config.pooling === "attention") this.attention = new AttentionPooling(features, { rng, backend });
    if (cell === "none") {
      this.dense = Array.from(
        { length: layers },
        (_, layer) => new Linear(layer === 0 ? features : hidden, hidden, { rng, backend }),
      );
    }
    this.head = new Linear(headFeatures(config), config.classes, { rng, backend });
  }

  /**
   * ids [B, T], or numbers [B, T, features] -> logits [B, K] of the labels. CPU-only.
   * @throws ShapeError, InputError for ids outside the vocabulary, and for lengths outside [1, T]
   */
  forward(inputs: Tensor, options: ClassifierForwardOptions = {}): Tensor {
    refuseOthers("sequenceClassifier.forward", FORWARD, options);
    return this.logits("sequenceClassifier.forward", inputs, options);
  }

  /**
   * The cross-entropy of the labels in nats, by default the mean over the batch.
   * @param inputs ids [B, T], or numbers [B, T, features]
   * @param labels [B], each in [0, K)
   */
  loss(
    inputs: Tensor,
    labels: Tensor,
    options: ClassifierLossOptions = {},
  ): { loss: Tensor; logits: Tensor } {
    const where = "sequenceClassifier.loss";
    refuseOthers(where, LOSS, options);
    const { lengths, rng, ...scoring } = options;
    requireTensors(where, { inputs, labels });
    const logits = this.logits(where, inputs, { lengths, rng });
    return { loss: crossEntropy(logits, labels, scoring), logits };
  }

  /**
   * Logits after each step of one sequence, as if it ended there: [T, K]. A model that reads in one direction reads it
   * once; others read every beginning by itself.
   * @param inputs ids [1, T], or numbers [1, T, features]
   */
  prefixLogits(inputs: Tensor): Tensor {
    const where = "sequenceClassifier.prefixLogits";
    requireTensors(where, { inputs });
    const [steps] = this.checkInputs(where, inputs, 1).slice(1);
    const { cell, bidirectional, pooling } = this.config;
    if (cell !== "conv" && !bidirectional) {
      const { output } = this.steps(this.enter(inputs, undefined), undefined, undefined);
      const flat = reshape(output, [steps, output.shape[2]]);
      return this.readPooled(poolPrefixes(flat, pooling, this.attention), undefined);
    }
    const pieces: Tensor[] = [];
    for (let from = 0; from < steps; from += PREFIX_ROWS) {
      const rows = Math.min(PREFIX_ROWS, steps - from);
      const lengths = Array.from({ length: rows }, (_, row) => from + row + 1);
      const copies = gatherRows(slice(inputs, 1, 0, from + rows), idTensor(new Int32Array(rows), [rows]));
      pieces.push(this.logits(where, copies, { lengths }));
    }
    return pieces.length === 1 ? pieces[0] : concat(pieces, 0);
  }

  private logits(where: string, inputs: Tensor, { lengths: given, rng }: ClassifierForwardOptions): Tensor {
    checkValue(`${where}: rng`, optional(GENERATOR), rng);
    const [batch, steps] = this.checkInputs(where, inputs, null);
    if (given !== undefined) checkLengths(`${where}: lengths`, given, batch, steps);
    const isDense = given === undefined || Array.from(given).every((length) => length === steps);
    const lengths = isDense ? undefined : given;
    const { output, state } = this.steps(this.enter(inputs, lengths), lengths, rng);
    return this.readPooled(this.pool({ output, state, lengths }), rng);
  }

  /** The shape. @param batch how many sequences there must be; null: any number */
  private checkInputs(where: string, inputs: Tensor, batch: number | null): readonly number[] {
    const { features } = this.config;
    if (features > 0) {
      requireFloats(where, { inputs });
      checkShape(`${where}: inputs`, inputs.shape, [
        ["batch", batch],
        ["time", null],
        ["features", features],
      ]);
    } else {
      requireIntegers(`${where}: ids`, inputs);
      checkShape(`${where}: ids`, inputs.shape, [
        ["batch", batch],
        ["time", null],
      ]);
    }
    return inputs.shape;
  }

  /** Time-major: [T, B] or [T, B, features], with 0 behind the end of each sequence, whatever is there in `inputs`. */
  private enter(inputs: Tensor, lengths: ArrayLike<number> | undefined): Tensor {
    if (lengths === undefined) return swapAxes(inputs);
    const [batch, steps, ...features] = inputs.shape;
    const places = new Int32Array(steps * batch).fill(-1);
    for (let b = 0; b < batch; b++) {
      for (let t = 0; t < lengths[b]; t++) places[t * batch + b] = b * steps + t;
    }
    return gatherRows(reshape(inputs, [batch * steps, ...features]), idTensor(places, [steps, batch]));
  }

  /** What is pooled, of inputs as `enter` gives them. */
  private steps(inputs: Tensor, lengths: ArrayLike<number> | undefined, rng: Rng | undefined): StepOutputs {
    const { dropout: p, variational } = this.config;
    let x = inputs;
    if (this.embedding !== undefined) {
      x = this.embedding.forward(inputs);
      if (rng !== undefined) x = sequenceDropout(x, p, rng, variational);
    }
    const { rnn, convolutions } = this;
    if (rnn !== undefined) {
      const settings = { lengths, rng, training: rng !== undefined };
      return rnn instanceof RecurrentLayer ? rnn.forward(x, settings) : rnn.forward(x, settings);
    }
    const isStep = lengths === undefined ? undefined : stepMask(lengths, x.shape[0]);
    if (convolutions !== undefined) return { output: convolutions.forward(x, isStep, rng), state: undefined };
    return { output: isStep === undefined ? x : where(isStep, x, 0), state: undefined };
  }

  /** The logits of the vectors that sequences became, [B, D]. */
  private readPooled(pooled: Tensor, rng: Rng | undefined): Tensor {
    const { dropout: p } = this.config;
    let y = pooled;
    for (const layer of this.dense ?? []) {
      y = relu(layer.forward(y));
      if (rng !== undefined && layer !== this.dense?.at(-1)) y = dropout(y, p, rng);
    }
    return this.head.forward(rng === undefined ? y : dropout(y, p, rng));
  }

  private pool(outputs: LayerOutputs): Tensor {
    const { pooling, bidirectional } = this.config;
    if (pooling === "mean") return poolMean(outputs);
    if (pooling === "max") return poolMax(outputs);
    return this.attention?.forward(outputs) ?? poolLast(outputs, bidirectional ? 2 : 1);
  }
}

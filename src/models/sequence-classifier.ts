import { requireIntegers, requireTensors } from "../autograd/check.ts";
import {
  CROSS_ENTROPY_OPTIONS,
  type CrossEntropyOptions,
  crossEntropy,
} from "../autograd/ops/cross-entropy.ts";
import { dropout } from "../autograd/ops/dropout.ts";
import { gatherRows } from "../autograd/ops/gather-rows.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import { swapAxes } from "../autograd/ops/time.ts";
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
import { makeRecurrentBody, type RecurrentBody } from "./recurrent-body.ts";
import {
  classifierParameterCount,
  completeClassifierConfig,
  pooledFeatures,
  type SequenceClassifierConfig,
  type SequenceClassifierSettings,
} from "./sequence-classifier-config.ts";
import { AttentionPooling, type LayerOutputs, poolLast, poolMax, poolMean } from "./sequence-pooling.ts";

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
const LOSS: Names<ClassifierLossOptions> = { ...FORWARD, ...CROSS_ENTROPY_OPTIONS };

/**
 * The label of a sequence of ids, such as the language of a name: ids one-hot or as learned vectors, recurrent layers,
 * one vector for the whole sequence ({@link SequenceClassifierConfig.pooling}), a linear layer and a softmax.
 */
export class SequenceClassifier {
  readonly config: SequenceClassifierConfig;
  readonly embedding?: Embedding;
  readonly rnn: RecurrentBody;
  readonly attention?: AttentionPooling;
  readonly head: Linear;

  /** @throws InputError for settings that make no model; OutOfMemoryError for a model larger than the heap */
  constructor(settings: SequenceClassifierSettings, options: SequenceClassifierOptions) {
    const config = completeClassifierConfig(settings);
    const { rng, backend } = settle<SequenceClassifierOptions>("SequenceClassifier", RANGES, {}, options);
    requireRoom(`a classifier of ${config.layers} layers`, classifierParameterCount(config), backend);
    this.config = config;
    const { vocabulary, embedding } = config;
    if (embedding > 0) this.embedding = new Embedding(vocabulary, embedding, { rng, backend });
    this.rnn = makeRecurrentBody(
      "SequenceClassifier",
      { ...config, inputs: embedding || vocabulary },
      options,
    );
    const features = pooledFeatures(config);
    if (config.pooling === "attention") this.attention = new AttentionPooling(features, { rng, backend });
    this.head = new Linear(features, config.classes, { rng, backend });
  }

  /**
   * ids [B, T] -> logits [B, K] of the labels. CPU-only.
   * @throws ShapeError, InputError for ids outside the vocabulary, and for lengths outside [1, T]
   */
  forward(ids: Tensor, options: ClassifierForwardOptions = {}): Tensor {
    refuseOthers("sequenceClassifier.forward", FORWARD, options);
    return this.logits("sequenceClassifier.forward", ids, options);
  }

  /**
   * The cross-entropy of the labels in nats, by default the mean over the batch.
   * @param ids [B, T]
   * @param labels [B], each in [0, K)
   */
  loss(ids: Tensor, labels: Tensor, options: ClassifierLossOptions = {}): { loss: Tensor; logits: Tensor } {
    const where = "sequenceClassifier.loss";
    refuseOthers(where, LOSS, options);
    const { lengths, rng, ...scoring } = options;
    requireTensors(where, { ids, labels });
    const logits = this.logits(where, ids, { lengths, rng });
    return { loss: crossEntropy(logits, labels, scoring), logits };
  }

  private logits(where: string, ids: Tensor, { lengths: given, rng }: ClassifierForwardOptions): Tensor {
    checkValue(`${where}: rng`, optional(GENERATOR), rng);
    requireIntegers(`${where}: ids`, ids);
    checkShape(`${where}: ids`, ids.shape, [
      ["batch", null],
      ["time", null],
    ]);
    const [batch, steps] = ids.shape;
    if (given !== undefined) checkLengths(`${where}: lengths`, given, batch, steps);
    const isDense = given === undefined || Array.from(given).every((length) => length === steps);
    const lengths = isDense ? undefined : given;
    const symbols = lengths === undefined ? swapAxes(ids) : enter(ids, lengths);
    const { dropout: p, variational } = this.config;
    let x = symbols;
    if (this.embedding !== undefined) {
      x = this.embedding.forward(symbols);
      if (rng !== undefined) x = sequenceDropout(x, p, rng, variational);
    }
    const { rnn } = this;
    const settings = { lengths, rng, training: rng !== undefined };
    const { output, state } =
      rnn instanceof RecurrentLayer ? rnn.forward(x, settings) : rnn.forward(x, settings);
    const pooled = this.pool({ output, state, lengths });
    return this.head.forward(rng === undefined ? pooled : dropout(pooled, p, rng));
  }

  private pool(outputs: LayerOutputs): Tensor {
    const { pooling, bidirectional } = this.config;
    if (pooling === "mean") return poolMean(outputs);
    if (pooling === "max") return poolMax(outputs);
    return this.attention?.forward(outputs) ?? poolLast(outputs, bidirectional ? 2 : 1);
  }
}

/** ids [B, T] -> [T, B] with id 0 behind the end of each sequence, whatever is there in `ids`. */
function enter(ids: Tensor, lengths: ArrayLike<number>): Tensor {
  const [batch, steps] = ids.shape;
  const places = new Int32Array(steps * batch).fill(-1);
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < lengths[b]; t++) places[t * batch + b] = b * steps + t;
  }
  return gatherRows(reshape(ids, [batch * steps]), idTensor(places, [steps, batch]));
}

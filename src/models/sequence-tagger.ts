import { requireIntegers, requireTensors } from "../autograd/check.ts";
import {
  CROSS_ENTROPY_OPTIONS,
  type CrossEntropyOptions,
  crossEntropy,
} from "../autograd/ops/cross-entropy.ts";
import { gatherRows } from "../autograd/ops/gather-rows.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import { kernelsOf } from "../autograd/tape.ts";
import type { Backend } from "../backend/backend.ts";
import { ids as idTensor, type Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
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
import { STREAM_OPTIONS, type StreamOptions } from "../nn/stream.ts";
import { checkLengths } from "../nn/timeline.ts";
import { FrameEncoder } from "./frame-encoder.ts";
import { readIntegers } from "./read-integers.ts";
import { makeRecurrentBody, type RecurrentBody } from "./recurrent-body.ts";
import {
  bodyInputs,
  bodyOutputs,
  completeTaggerConfig,
  convolutionsOf,
  type SequenceTaggerConfig,
  type SequenceTaggerSettings,
  stepSize,
  symbolsOf,
  taggerParameterCount,
} from "./sequence-tagger-config.ts";
import { TaggerStream } from "./tagger-stream.ts";

export interface SequenceTaggerOptions {
  rng: Rng;
  backend?: Backend;
  /** For `cell: "own"`: makes the cell of a layer. */
  createCell?: CreateCell;
  /** What errors call an own cell. */
  cellName?: string;
}

export interface TaggerForwardOptions {
  /**
   * The length of each sequence of the batch, in any order, 1 to T. What lies behind it is never read, and may be
   * anything. Default: T each.
   */
  lengths?: ArrayLike<number>;
  /** Draw dropout masks from here; without it nothing is dropped. */
  rng?: Rng;
}

/** The options of `crossEntropy` besides: class weights, label smoothing, the sum instead of the mean. */
export interface TaggerLossOptions extends TaggerForwardOptions, Omit<CrossEntropyOptions, "ignoreIndex"> {}

const RANGES: Ranges<SequenceTaggerOptions> = {
  ...MODULE_RANGES,
  createCell: optional(FUNCTION),
  cellName: optional(TEXT),
};

const FORWARD: Names<TaggerForwardOptions> = { lengths: 0, rng: 0 };
const { ignoreIndex: _, ...SCORING } = CROSS_ENTROPY_OPTIONS;
const LOSS: Names<TaggerLossOptions> = { ...FORWARD, ...SCORING };

/** The label of a step that counts nothing. */
export const UNLABELLED = -1;

/** A batch as the layers read it. */
interface Batch {
  readonly rows: number;
  /** Steps of the caller's tensors. */
  readonly steps: number;
  readonly lengths: ArrayLike<number>;
}

/**
 * A label for every step of a sequence (Graves 2012, "Supervised sequence labelling"): ids one-hot or as learned vectors,
 * frames of numbers, or images through small convolutions; recurrent layers; a linear layer and a softmax at every step.
 * A model in one direction gives the label of a step as soon as the step is read, or `delay` steps later; a
 * bidirectional one needs the whole sequence.
 */
export class SequenceTagger {
  readonly config: SequenceTaggerConfig;
  readonly embedding?: Embedding;
  readonly encoder?: FrameEncoder;
  readonly rnn: RecurrentBody;
  readonly head: Linear;

  /** @throws InputError for settings that make no model; OutOfMemoryError for a model larger than the heap */
  constructor(settings: SequenceTaggerSettings, options: SequenceTaggerOptions) {
    const config = completeTaggerConfig(settings);
    const { rng, backend } = settle<SequenceTaggerOptions>("SequenceTagger", RANGES, {}, options);
    requireRoom(`a tagger of ${config.layers} layers`, taggerParameterCount(config), backend);
    this.config = config;
    const { vocabulary, embedding, image, delay } = config;
    if (embedding > 0) {
      const paddingIdx = delay > 0 ? vocabulary : undefined;
      this.embedding = new Embedding(symbolsOf(config), embedding, { rng, backend, paddingIdx });
    }
    if (image !== null) this.encoder = new FrameEncoder(image, convolutionsOf(config), { rng, backend });
    this.rnn = makeRecurrentBody("SequenceTagger", { ...config, inputs: bodyInputs(config) }, options);
    this.head = new Linear(bodyOutputs(config), config.classes, { rng, backend });
  }

  /**
   * The logits of the labels, [B, T, K]; those behind the end of a sequence mean nothing. CPU-only.
   * @param inputs ids [B, T], frames [B, T, features], or images [B, T, channels * height * width]
   * @throws ShapeError, InputError for ids outside the vocabulary, and for lengths outside [1, T]
   */
  forward(inputs: Tensor, options: TaggerForwardOptions = {}): Tensor {
    const where = "sequenceTagger.forward";
    refuseOthers(where, FORWARD, options);
    const batch = this.checkBatch(where, inputs, options);
    const { rows, steps, lengths } = batch;
    const places = new Int32Array(rows * steps).fill(-1);
    for (let b = 0; b < rows; b++) {
      for (let t = 0; t < lengths[b]; t++) places[b * steps + t] = this.placeOf(t, b, rows);
    }
    const output = gatherRows(this.outputs(inputs, batch, options.rng), idTensor(places, [rows, steps]));
    return this.head.forward(output);
  }

  /**
   * The cross-entropy of the labels in nats, by default the mean over all labelled steps.
   * @param inputs as those of {@link forward}
   * @param labels [B, T], each in [0, K), or -1 for a step that counts nothing; those behind the end of a sequence are
   * never read
   * @returns the loss, and the logits [N, K] of the labelled steps, sequence after sequence
   * @throws InputError for a batch without a labelled step
   */
  loss(inputs: Tensor, labels: Tensor, options: TaggerLossOptions = {}): { loss: Tensor; logits: Tensor } {
    const where = "sequenceTagger.loss";
    refuseOthers(where, LOSS, options);
    const { lengths: given, rng, ...scoring } = options;
    requireTensors(where, { inputs, labels });
    const batch = this.checkBatch(where, inputs, { lengths: given, rng });
    const { rows, steps, lengths } = batch;
    kernelsOf(where, labels, this.head.weight);
    requireIntegers(`${where}: labels`, labels);
    checkShape(`${where}: labels`, labels.shape, [
      ["batch", rows],
      ["time", steps],
    ]);
    const values = readIntegers(where, labels, "taggers");
    const [places, targets]: [number[], number[]] = [[], []];
    for (let b = 0; b < rows; b++) {
      for (let t = 0; t < lengths[b]; t++) {
        const label = values[b * steps + t];
        if (label === UNLABELLED) continue;
        places.push(this.placeOf(t, b, rows));
        targets.push(label);
      }
    }
    if (targets.length === 0) throw new InputError(`${where}: at least one step must have a label`);
    const output = gatherRows(this.outputs(inputs, batch, rng), idTensor(places));
    const logits = this.head.forward(output);
    return { loss: crossEntropy(logits, idTensor(targets), scoring), logits };
  }

  /**
   * One step in, the label of a step out: that step's, or with a delay that of the step so many steps before. The weights
   * are copied, as in `RecurrentLayer.stream` (own cells: as they will be at each step). CPU-only.
   * @throws InputError for a bidirectional model, and for rounded weights with a cell of your own
   */
  stream(options: StreamOptions = {}): TaggerStream {
    refuseOthers("sequenceTagger.stream", STREAM_OPTIONS, options);
    return new TaggerStream(this, options);
  }

  /** Where the output that decides about step t of row b stands in [T + delay, B]. */
  private placeOf(t: number, b: number, rows: number): number {
    return (t + this.config.delay) * rows + b;
  }

  private checkBatch(where: string, inputs: Tensor, { lengths, rng }: TaggerForwardOptions): Batch {
    checkValue(`${where}: rng`, optional(GENERATOR), rng);
    requireTensors(where, { inputs });
    kernelsOf(where, inputs, this.head.weight);
    const { vocabulary } = this.config;
    const axes = [
      ["batch", null],
      ["time", null],
    ] as const;
    if (vocabulary > 0) {
      requireIntegers(`${where}: ids`, inputs);
      checkShape(`${where}: ids`, inputs.shape, axes);
    } else {
      checkShape(`${where}: frames`, inputs.shape, [...axes, ["features", stepSize(this.config)]]);
    }
    const [rows, steps] = inputs.shape;
    if (inputs.size === 0) throw new InputError(`${where}: inputs are empty, [${inputs.shape.join(", ")}]`);
    if (lengths !== undefined) checkLengths(`${where}: lengths`, lengths, rows, steps);
    return { rows, steps, lengths: lengths ?? new Int32Array(rows).fill(steps) };
  }

  /** What the top layer says at each step, in rows: [(T + delay) * B, D]. */
  private outputs(inputs: Tensor, batch: Batch, rng: Rng | undefined): Tensor {
    const { dropout: p, variational, delay } = this.config;
    const drop = (x: Tensor) => (rng === undefined ? x : sequenceDropout(x, p, rng, variational));
    const isRagged = Array.from(batch.lengths).some((length) => length < batch.steps);
    const lengths = isRagged ? Array.from(batch.lengths, (length) => length + delay) : undefined;
    const settings = { lengths, rng, training: rng !== undefined };
    const x = this.enter(inputs, batch, drop);
    const { rnn } = this;
    const { output } = rnn instanceof RecurrentLayer ? rnn.forward(x, settings) : rnn.forward(x, settings);
    return reshape(drop(output), [(batch.steps + delay) * batch.rows, bodyOutputs(this.config)]);
  }

  /** Inputs [B, T, ...] as the recurrent layers read them, [T + delay, B, ...], with zeros for padding. */
  private enter(inputs: Tensor, batch: Batch, drop: (x: Tensor) => Tensor): Tensor {
    const { rows, steps, lengths } = batch;
    const { vocabulary } = this.config;
    if (vocabulary > 0) {
      const ids = this.enterIds(inputs, batch);
      return this.embedding === undefined ? ids : drop(this.embedding.forward(ids));
    }
    const frames = reshape(inputs, [rows * steps, stepSize(this.config)]);
    const shape = [steps + this.config.delay, rows];
    const places = new Int32Array(shape[0] * rows).fill(-1);
    if (this.encoder === undefined) {
      for (let b = 0; b < rows; b++) {
        for (let t = 0; t < lengths[b]; t++) places[t * rows + b] = b * steps + t;
      }
      return gatherRows(frames, idTensor(places, shape));
    }
    // Only frames that exist are convolved.
    const existing: number[] = [];
    for (let b = 0; b < rows; b++) {
      for (let t = 0; t < lengths[b]; t++) {
        places[t * rows + b] = existing.length;
        existing.push(b * steps + t);
      }
    }
    const isAll = existing.length === rows * steps;
    const encoded = this.encoder.forward(isAll ? frames : gatherRows(frames, idTensor(existing)));
    return drop(gatherRows(encoded, idTensor(places, shape)));
  }

  /** ids [B, T] -> [T + delay, B]: behind the end of a sequence stands the symbol for it, or 0 where there is none. */
  private enterIds(inputs: Tensor, { rows, steps, lengths }: Batch): Tensor {
    const { vocabulary, delay } = this.config;
    const values = readIntegers("sequenceTagger", inputs, "taggers");
    const shape = [steps + delay, rows];
    const places = new Int32Array(shape[0] * rows).fill(delay > 0 ? vocabulary : 0);
    for (let b = 0; b < rows; b++) {
      for (let t = 0; t < lengths[b]; t++) {
        const id = values[b * steps + t];
        if (id < 0 || id >= vocabulary) {
          throw new InputError(
            `sequenceTagger: ids must be integers from 0 to ${vocabulary - 1}, got ${id} at step ${t} of row ${b}`,
          );
        }
        places[t * rows + b] = id;
      }
    }
    return idTensor(places, shape);
  }
}

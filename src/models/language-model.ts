import { requireIntegers, requireTensors } from "../autograd/check.ts";
import { linearCrossEntropy } from "../autograd/ops/linear-cross-entropy.ts";
import type { Reduction } from "../autograd/ops/losses.ts";
import { swapAxes } from "../autograd/ops/time.ts";
import type { Backend } from "../backend/backend.ts";
import { Frames } from "../backend/scope.ts";
import type { Tensor } from "../backend/tensor.ts";
import { InputError, ShapeError } from "../core/errors.ts";
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
import { checkShape, sameShape, showShape } from "../core/shape.ts";
import type { CreateCell } from "../nn/cell.ts";
import { Embedding } from "../nn/embedding.ts";
import { ForwardStream } from "../nn/forward-stream.ts";
import { requireRoom } from "../nn/init.ts";
import { Linear } from "../nn/linear.ts";
import { MODULE_RANGES } from "../nn/options.ts";
import { RecurrentLayer } from "../nn/recurrent-layer.ts";
import type { RecurrentState } from "../nn/recurrent-state.ts";
import { sequenceDropout } from "../nn/sequence-dropout.ts";
import { STREAM_OPTIONS, type Stepper, type StreamOptions } from "../nn/stream.ts";
import {
  completeConfig,
  type LanguageModelConfig,
  type LanguageModelSettings,
  parameterCount,
} from "./language-model-config.ts";
import { makeRecurrentBody, type RecurrentBody } from "./recurrent-body.ts";

/** A `RecurrentState`, or for own cells the states of all layers: whatever it is, tensors in some structure. */
export type LanguageModelState = RecurrentState | unknown[];

/** What forward or a loss returned may be handed on whole, as its state: the rest is passed over. */
type Forwarded = ForwardOptions & { logits?: unknown; loss?: unknown; losses?: unknown };

const FORWARD: Names<Forwarded> = { state: 0, rng: 0, logits: 0, loss: 0, losses: 0 };

interface ForwardOptions {
  state?: LanguageModelState;
  /** Draw dropout masks from here; without it nothing is dropped. */
  rng?: Rng;
}

export interface LanguageModelOptions {
  rng: Rng;
  backend?: Backend;
  /** For `cell: "own"`: makes the cell of a layer. */
  createCell?: CreateCell;
  /** What errors call an own cell. */
  cellName?: string;
}

const RANGES: Ranges<LanguageModelOptions> = {
  ...MODULE_RANGES,
  createCell: optional(FUNCTION),
  cellName: optional(TEXT),
};

/**
 * The next symbol from those before it (Graves 2013, "Generating sequences with recurrent neural networks"): symbols
 * one-hot or as learned vectors, recurrent layers, a linear layer and a softmax.
 */
export class LanguageModel {
  readonly config: LanguageModelConfig;
  readonly embedding?: Embedding;
  readonly rnn: RecurrentBody;
  readonly head: Linear;

  constructor(settings: LanguageModelSettings, options: LanguageModelOptions) {
    const config = completeConfig(settings);
    const { vocabulary, hidden, embedding, tied } = config;
    const { rng, backend } = settle<LanguageModelOptions>("LanguageModel", RANGES, {}, options);
    requireRoom(`a language model of ${config.layers} layers`, parameterCount(config), backend);
    this.config = config;
    if (embedding > 0) {
      // As output weights, standard normal vectors would make the first guesses far too sure.
      const bound = tied ? 1 / Math.sqrt(hidden) : undefined;
      this.embedding = new Embedding(vocabulary, embedding, { rng, bound, backend });
    }
    this.rnn = makeRecurrentBody("LanguageModel", { ...config, inputs: embedding || vocabulary }, options);
    this.head = new Linear(hidden, vocabulary, {
      rng,
      backend,
      weight: tied ? this.embedding?.weight : undefined,
    });
  }

  /** @param batch how many sequences */
  zeroState(batch: number): LanguageModelState {
    return this.rnn.zeroState(batch);
  }

  /**
   * One symbol in, the logits of the next one out, [V], with the weights as they are now (own cells: as they will be at
   * each step). Made for writing and for answering at once; `forward` is for many symbols that are known. CPU-only.
   * @throws InputError for rounded weights with a cell of your own, which has no kernel for them
   */
  stream(options: StreamOptions = {}): Stepper<number> {
    refuseOthers("languageModel.stream", STREAM_OPTIONS, options);
    const { rnn, embedding, head } = this;
    if (rnn instanceof RecurrentLayer) {
      return rnn.streamIds({ ...options, embedding, head });
    }
    if (options.weights !== undefined && options.weights !== "f32") {
      throw new InputError(
        `weights in ${options.weights} need a built-in cell, and this is one of your own`,
        {
          hint: "leave --weights out",
        },
      );
    }
    return new ForwardStream<LanguageModelState>(this, new Frames(head.weight.backend));
  }

  /** ids [B, T] -> logits [T, B, V] and the state after the last step. */
  forward(ids: Tensor, options: ForwardOptions = {}): { logits: Tensor; state: LanguageModelState } {
    const { output, state } = this.features("languageModel.forward", ids, options);
    return { logits: this.head.forward(this.drop(output, options.rng)), state };
  }

  /** Mean cross-entropy in nats of targets [B, T], each the symbol after the one in inputs [B, T]. */
  loss(
    inputs: Tensor,
    targets: Tensor,
    options: ForwardOptions = {},
  ): { loss: Tensor; state: LanguageModelState } {
    checkTargets("languageModel.loss", inputs, targets);
    const { output, state } = this.features("languageModel.loss", inputs, options);
    return { loss: this.score(this.drop(output, options.rng), targets, "mean"), state };
  }

  /** Cross-entropy of each target, [T, B]. */
  losses(
    inputs: Tensor,
    targets: Tensor,
    options: ForwardOptions = {},
  ): { losses: Tensor; state: LanguageModelState } {
    checkTargets("languageModel.losses", inputs, targets);
    const { output, state } = this.features("languageModel.losses", inputs, options);
    return { losses: this.score(this.drop(output, options.rng), targets, "none"), state };
  }

  /** From what the top layer says, [T, B, H], and targets [B, T]. */
  private score(output: Tensor, targets: Tensor, reduction: Reduction): Tensor {
    const { weight, bias } = this.head;
    return linearCrossEntropy(output, weight, bias, swapAxes(targets), { reduction });
  }

  /** ids [B, T] -> what the top layer says, [T, B, H]. */
  private features(where: string, ids: Tensor, options: ForwardOptions) {
    refuseOthers(where, FORWARD, options);
    const { state, rng } = options;
    checkValue(`${where}: rng`, optional(GENERATOR), rng);
    requireIntegers(`${where}: ids`, ids);
    checkShape(`${where}: ids`, ids.shape, [
      ["batch", null],
      ["time", null],
    ]);
    const symbols = swapAxes(ids);
    const x = this.embedding === undefined ? symbols : this.drop(this.embedding.forward(symbols), rng);
    const training = rng !== undefined;
    if (this.rnn instanceof RecurrentLayer) {
      return this.rnn.forward(x, { state: state as RecurrentState | undefined, rng, training });
    }
    return this.rnn.forward(x, { state: state as unknown[] | undefined, rng, training });
  }

  private drop(x: Tensor, rng: Rng | undefined): Tensor {
    const { dropout, variational } = this.config;
    return rng === undefined ? x : sequenceDropout(x, dropout, rng, variational);
  }
}

/** @throws ShapeError unless every input has its target, in the same place */
function checkTargets(where: string, inputs: Tensor, targets: Tensor): void {
  requireTensors(where, { inputs, targets });
  if (sameShape(inputs.shape, targets.shape)) return;
  throw new ShapeError(`${where}: targets`, `${showShape(inputs.shape)} as inputs`, showShape(targets.shape));
}

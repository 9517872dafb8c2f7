import { reshape } from "../autograd/ops/reshape.ts";
import type { FloatArray } from "../backend/backend.ts";
import { Frames } from "../backend/scope.ts";
import { ids, type Tensor, tensor, zeros } from "../backend/tensor.ts";
import { InputError, ScopeError, ShapeError } from "../core/errors.ts";
import { LIST } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { detachState } from "../nn/cell-state.ts";
import type { Embedding } from "../nn/embedding.ts";
import type { Linear } from "../nn/linear.ts";
import { RecurrentLayer } from "../nn/recurrent-layer.ts";
import type { RecurrentStack } from "../nn/recurrent-stack.ts";
import type { Stepper, StreamOptions } from "../nn/stream.ts";
import type { FrameEncoder } from "./frame-encoder.ts";
import type { RecurrentBody } from "./recurrent-body.ts";
import { bodyInputs, type SequenceTaggerConfig, stepSize } from "./sequence-tagger-config.ts";

/** A step of a sequence: an id, or the numbers of a frame. */
export type TaggerInput = number | ArrayLike<number>;

/** The parts of a `SequenceTagger`. */
export interface TaggerParts {
  readonly config: SequenceTaggerConfig;
  readonly embedding?: Embedding;
  readonly encoder?: FrameEncoder;
  readonly rnn: RecurrentBody;
  readonly head: Linear;
}

/** A network that can read a step of padding besides. */
interface PaddedStepper extends Stepper<TaggerInput> {
  /** The logits after a step behind the end. */
  pad(): FloatArray;
}

/**
 * Labels a sequence step by step, as it comes: from a camera, a sensor, a keyboard. The result is that of
 * `SequenceTagger.forward` on the whole sequence.
 */
export class TaggerStream {
  /** Steps between a step and its label. */
  readonly delay: number;
  private readonly config: SequenceTaggerConfig;
  private readonly body: PaddedStepper;
  private read = 0;

  /** Made by `SequenceTagger.stream`. */
  constructor(model: TaggerParts, options: StreamOptions = {}) {
    const { config, rnn } = model;
    if (config.bidirectional) {
      throw new InputError("stream: a bidirectional model reads a sequence from its end, too", {
        hint: "a stream has no end: train the model in one direction, with a delay where labels need later steps",
      });
    }
    this.config = config;
    this.delay = config.delay;
    if (rnn instanceof RecurrentLayer) {
      this.body = new LayerStepper(model, rnn, options);
      return;
    }
    if (options.weights !== undefined && options.weights !== "f32") {
      throw new InputError(
        `weights in ${options.weights} need a built-in cell, and this model has one of your own`,
      );
    }
    this.body = new ComposedStepper(model, rnn);
  }

  /**
   * Reads one more step.
   * @param input an id, or the numbers of a frame
   * @returns the logits of the step `delay` steps before, [K]; undefined while there is none. The next step overwrites
   * them.
   * @throws InputError for an id outside the vocabulary; ShapeError for a frame of another size
   */
  step(input: TaggerInput): FloatArray | undefined {
    checkInput(this.config, input);
    const logits = this.body.step(input);
    this.read++;
    return this.read > this.delay ? logits : undefined;
  }

  /** The sequence has ended: the logits of its last steps, at most `delay`, [K] each. Then a new one begins. */
  finish(): FloatArray[] {
    const left = Math.min(this.delay, this.read);
    const all: FloatArray[] = [];
    // A sequence shorter than the delay has its first label after more padding.
    const steps = left === 0 ? 0 : this.delay;
    for (let step = 0; step < steps; step++) {
      const logits = this.body.pad();
      if (step >= this.delay - left) all.push(logits.slice());
    }
    this.reset();
    return all;
  }

  /** Begins a new sequence. */
  reset(): void {
    this.body.reset();
    this.read = 0;
  }

  /** Frees the memory now; otherwise the garbage collector does it later. */
  dispose(): void {
    this.body.dispose();
  }
}

function checkInput(config: SequenceTaggerConfig, input: unknown): void {
  const { vocabulary } = config;
  const where = "taggerStream.step";
  if (vocabulary > 0) {
    // The symbol for "after the end" belongs to no sequence.
    if (Number.isInteger(input) && (input as number) >= 0 && (input as number) < vocabulary) return;
    const got = showValue(input);
    throw new InputError(`${where}: ids must be integers from 0 to ${vocabulary - 1}, got ${got}`);
  }
  const size = stepSize(config);
  const values = LIST.fits(input) ? (input as ArrayLike<unknown>) : undefined;
  if (values?.length !== size) {
    throw new ShapeError(`${where}: frame`, `[${size}]`, values ? `[${values.length}]` : showValue(input));
  }
  for (let at = 0; at < size; at++) {
    if (typeof values[at] === "number") continue;
    throw new InputError(`${where}: frame must hold numbers, got ${showValue(values[at])} at ${at}`);
  }
}

/** Fused layers through their stream, after the convolutions of a frame where there are any. */
class LayerStepper implements PaddedStepper {
  private readonly layers: Stepper<TaggerInput>;
  private readonly encoder: FrameEncoder | undefined;
  private readonly frames: Frames;
  private readonly padding: TaggerInput;

  constructor(
    { config, embedding, encoder, head }: TaggerParts,
    rnn: RecurrentLayer,
    options: StreamOptions,
  ) {
    const isIds = config.vocabulary > 0;
    this.layers = (
      isIds ? rnn.streamIds({ ...options, embedding, head }) : rnn.stream({ ...options, head })
    ) as Stepper<TaggerInput>;
    this.encoder = encoder;
    this.frames = new Frames(head.weight.backend);
    this.padding = isIds ? config.vocabulary : new Float32Array(rnn.inputs);
  }

  step(input: TaggerInput): FloatArray {
    const { encoder } = this;
    if (encoder === undefined) return this.layers.step(input);
    const frame = input as ArrayLike<number>;
    return this.layers.step(
      this.frames.run(() => readNow(encoder.forward(tensor(frame, [1, frame.length])))),
    );
  }

  pad(): FloatArray {
    return this.layers.step(this.padding);
  }

  reset(): void {
    this.layers.reset();
  }

  dispose(): void {
    this.layers.dispose();
    this.frames.dispose();
  }
}

/** Layers of a user's cell, through their `forward` with one step at a time. */
class ComposedStepper implements PaddedStepper {
  private readonly model: TaggerParts;
  private readonly rnn: RecurrentStack<unknown>;
  private readonly frames: Frames;
  private state: unknown[] | undefined;
  private disposed = false;

  constructor(model: TaggerParts, rnn: RecurrentStack<unknown>) {
    this.model = model;
    this.rnn = rnn;
    this.frames = new Frames(model.head.weight.backend);
  }

  step(input: TaggerInput): FloatArray {
    const { embedding, encoder } = this.model;
    return this.run(() => {
      if (typeof input === "number") return embedding!.forward(ids([input], [1, 1]));
      const frame = tensor(input, [1, input.length]);
      const features = encoder === undefined ? frame : encoder.forward(frame);
      return reshape(features, [1, 1, features.size]);
    });
  }

  pad(): FloatArray {
    const { embedding, config } = this.model;
    return this.run(() =>
      embedding === undefined
        ? zeros([1, 1, bodyInputs(config)])
        : embedding.forward(ids([config.vocabulary], [1, 1])),
    );
  }

  private run(features: () => Tensor): FloatArray {
    if (this.disposed) throw new ScopeError("this stream has been disposed of", { hint: "make a new one" });
    return this.frames.run(() => {
      const { output, state } = this.rnn.forward(features(), { state: this.state, training: false });
      this.state = detachState(state);
      return readNow(this.model.head.forward(output));
    });
  }

  reset(): void {
    this.state = undefined;
  }

  dispose(): void {
    this.disposed = true;
    this.state = undefined;
    this.frames.dispose();
  }
}

function readNow(result: Tensor): FloatArray {
  return result.backend.memory.readSync!(result.address, result.size);
}

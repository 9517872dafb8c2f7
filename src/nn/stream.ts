import { requireFloats } from "../autograd/check.ts";
import { CELLS } from "../autograd/ops/recurrent-cells.ts";
import { kernelsOf } from "../autograd/tape.ts";
import type { Backend, FloatArray } from "../backend/backend.ts";
import { PLAN_WORDS, type StreamPlan, type WeightFormat, wordsOf } from "../backend/kernel-arguments.ts";
import { WEIGHT_FORMATS } from "../backend/kernels.generated.ts";
import { persistent, Tensor } from "../backend/tensor.ts";
import { InputError, ScopeError, ShapeError } from "../core/errors.ts";
import {
  checkValue,
  LIST,
  NUMBER,
  OBJECT,
  oneOf,
  type Ranges,
  refuseOthers,
  settle,
} from "../core/options.ts";
import { checkShape } from "../core/shape.ts";
import { showValue } from "../core/show-value.ts";
import { RecurrentState } from "./recurrent-state.ts";
import { checkFinite, checkParts, matricesOf, planOf, type StreamParts, tensorsOf } from "./stream-parts.ts";

export type { WeightFormat } from "../backend/kernel-arguments.ts";
export type { MatrixModule, StreamParts } from "./stream-parts.ts";

export interface StreamOptions {
  /**
   * The format of the weights. A step with a batch of 1 takes as long as reading them: "bf16" halves that time, "int8"
   * (one scale for each row of a matrix) quarters it. Default "f32".
   */
  weights?: WeightFormat;
}

export const STREAM_OPTIONS: Ranges<StreamOptions> = { weights: oneOf("f32", "bf16", "int8") };

/** The state of a stream: copies of the states of all layers, layer after layer. */
export interface StreamState {
  /** [layers, S] */
  readonly hidden: FloatArray;
  /** [layers, H], LSTM only */
  readonly cell?: FloatArray;
}

/** A state from which a stream continues: that of another stream, of a layer's `forward`, or lists of numbers. */
export interface StreamStart {
  /** [layers, S], or [layers, 1, S] from a layer; absent if a layer's state is zero. */
  readonly hidden?: ArrayLike<number> | Tensor | undefined;
  /** [layers, H], or [layers, 1, H] from a layer; LSTM only. */
  readonly cell?: ArrayLike<number> | Tensor | undefined;
}

/** A network that reads one input at a time and answers synchronously. CPU-only. */
export interface Stepper<Input> {
  /** The outputs after one more input. The next step overwrites them. */
  step(input: Input): FloatArray;
  /** Sets the state to zero. */
  reset(): void;
  dispose(): void;
}

/**
 * A recurrent network that reads one sequence step by step with minimal latency, for sensors, keystrokes and generated
 * text. It copies the weights in the order in which a step reads them, so a training that continues does not affect it.
 * A step is one call of one kernel and allocates nothing.
 *
 * With `weights: "f32"` the results have the same bits as those of the layers' `forward` (kernels/stream.c), unless
 * `forward` uses products of bf16 parts (precision `high` on AMX): a stream computes in f32. CPU-only, because a step
 * answers synchronously.
 */
export class Stream<Input extends number | ArrayLike<number>> implements Stepper<Input> {
  /** The number of features of an input, or the number of different ids. */
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: WeightFormat;
  private readonly backend: Backend;
  private readonly plan: StreamPlan;
  private readonly tensors: Record<"plan" | "packed" | "scratch" | "state" | "x" | "y", Tensor>;
  private readonly output: FloatArray;
  private readonly stateWords: number;
  private disposed = false;

  /** @throws ShapeError, InputError for parts that do not fit, weights that are not finite, and an unknown format */
  constructor(given: StreamParts, options: StreamOptions = {}) {
    const { weights } = settle<Required<StreamOptions>>(
      "stream",
      STREAM_OPTIONS,
      { weights: "f32" },
      options,
    );
    checkParts(given);
    const parts = matricesOf(given);
    const { kind, layers, embedding, head } = parts;
    const all = tensorsOf(parts);
    const kernels = kernelsOf("stream", ...all.values());
    this.backend = layers[0].weightIh.backend;
    this.weights = weights;
    this.plan = planOf(parts, WEIGHT_FORMATS[weights]);
    const { symbols, inputs, hidden, projection, outputs } = this.plan;
    const S = projection || hidden;
    checkFinite(this.backend, all);
    this.inputs = symbols || inputs;
    this.outputs = outputs || S;
    this.stateWords = layers.length * (S + (CELLS[kind].hasCell ? hidden : 0));
    const words = (n: number) => persistent([n], "f32", this.backend);
    const plan = persistent([PLAN_WORDS], "i32", this.backend);
    plan.write(wordsOf(this.plan));
    this.tensors = {
      plan,
      packed: words(kernels.stream_size(plan.address)),
      scratch: words(kernels.stream_scratch(plan.address)),
      state: words(this.stateWords),
      x: words(Math.max(inputs, 1)),
      y: words(this.outputs),
    };
    const { packed, scratch } = this.tensors;
    kernels.stream_pack_ends(packed.address, plan.address, at(embedding), at(head?.weight), at(head?.bias));
    for (const [index, { weightIh, weightHh, biasIh, biasHh, weightHr }] of layers.entries()) {
      kernels.stream_pack_layer(
        ...([packed.address, plan.address, index, weightIh.address, weightHh.address] as const),
        ...([at(biasIh), at(biasHh), at(weightHr), scratch.address] as const),
      );
    }
    this.reset();
    this.output = this.read(this.tensors.y, this.outputs);
  }

  /**
   * Reads one more input, an id or a list of features, and returns the outputs. The next step overwrites them; copy them
   * to keep them.
   * @throws InputError for an id outside [0, inputs); ShapeError for another number of features
   */
  step(input: Input): FloatArray {
    const { plan, packed, scratch, state, x, y } = this.live();
    const { memory, kernels } = this.backend;
    const id = this.plan.symbols > 0 ? this.idOf(input) : 0;
    if (this.plan.symbols === 0) memory.write(x.address, this.valuesOf(input), "f32");
    kernels.stream_step(
      ...([y.address, state.address, plan.address, packed.address] as const),
      ...([id, x.address, scratch.address] as const),
    );
    memory.readInto!(y.address, this.output);
    return this.output;
  }

  reset(): void {
    const { state } = this.live();
    this.backend.kernels.fill(state.address, 0, this.stateWords);
  }

  /**
   * A copy of the state. Assign it to this stream, or to another of the same sizes, to continue from there. A state that
   * the `forward` of a layer returned for a batch of one may be assigned too, for example that of an encoder.
   */
  get state(): StreamState {
    const { layers, hidden, projection } = this.plan;
    const all = this.read(this.live().state, this.stateWords);
    const words = layers * (projection || hidden);
    if (all.length === words) return { hidden: all };
    return { hidden: all.subarray(0, words), cell: all.subarray(words) };
  }

  /** @throws ShapeError if the sizes are not those of this stream */
  set state(start: StreamStart) {
    checkValue("stream.state", { text: "a state of a stream, { hidden, cell }", fits: OBJECT.fits }, start);
    refuseOthers("stream.state", { hidden: 0, cell: 0 }, start);
    const { layers, hidden: H, projection } = this.plan;
    const { state } = this.live();
    // A layer's state leaves out parts that are zero; a list of numbers must be complete.
    const isLayers = start instanceof RecurrentState;
    const numbers = (["hidden", "cell"] as const).flatMap((name) => {
      const features = name === "cell" ? H : projection || H;
      const count = name === "cell" ? this.stateWords - layers * (projection || H) : layers * features;
      const given = start[name] ?? (isLayers ? new Float32Array(count) : []);
      if (!Tensor.isTensor(given)) checkValue(`stream.state: ${name}`, LIST, given);
      const values = Tensor.isTensor(given) ? valuesOf(name, given, layers, features) : given;
      if (values.length !== count) {
        throw new ShapeError(`stream.state: ${name}`, `[${count}]`, `[${values.length}]`);
      }
      checkNumbers(`stream.state: ${name}`, values);
      return Array.from(values);
    });
    state.write(numbers);
  }

  /** Frees the memory now; otherwise the garbage collector does it later. */
  dispose(): void {
    this.disposed = true;
    for (const tensor of Object.values(this.tensors)) tensor.dispose();
  }

  private live(): typeof this.tensors {
    if (this.disposed) throw new ScopeError("this stream has been disposed of", { hint: "make a new one" });
    return this.tensors;
  }

  private idOf(input: unknown): number {
    if (typeof input !== "number") throw new ShapeError("stream.step: input", "an id", shapeOf(input));
    if (Number.isInteger(input) && input >= 0 && input < this.plan.symbols) return input;
    throw new InputError(`stream.step: ids must be integers from 0 to ${this.inputs - 1}, got ${input}`);
  }

  private valuesOf(input: unknown): ArrayLike<number> {
    if (!isList(input) || input.length !== this.inputs) {
      const got = typeof input === "number" ? "an id" : shapeOf(input);
      throw new ShapeError("stream.step: input", `[${this.inputs}]`, got);
    }
    checkNumbers("stream.step: input", input);
    return input;
  }

  private read(tensor: Tensor, count: number): FloatArray {
    return this.backend.memory.readSync!(tensor.address, count);
  }
}

const isList = (value: unknown): value is ArrayLike<unknown> => LIST.fits(value);

const shapeOf = (input: unknown): string => (isList(input) ? `[${input.length}]` : showValue(input));

/** Typed arrays need no check of their elements, except those of bigints. */
function checkNumbers(where: string, values: ArrayLike<unknown>): asserts values is ArrayLike<number> {
  if (ArrayBuffer.isView(values) && typeof values[0] === "number") return;
  for (let at = 0; at < values.length; at++) checkValue(`${where}[${at}]`, NUMBER, values[at]);
}

/** The state of a layer for one sequence. @throws ShapeError for more sequences, and for another size */
function valuesOf(name: string, tensor: Tensor, layers: number, features: number): FloatArray {
  requireFloats("stream.state", { [name]: tensor });
  const axes = [
    ["layers", layers],
    ["batch", 1],
    [name, features],
  ] as const;
  checkShape(`stream.state: ${name}`, tensor.shape, tensor.shape.length === 2 ? [axes[0], axes[2]] : axes);
  return tensor.backend.memory.readSync!(tensor.address, tensor.size);
}

const at = (tensor: Tensor | undefined): number => tensor?.address ?? 0;

import { type Address, WORD } from "../backend/backend.ts";
import { BINARY, REDUCE, UNARY } from "../backend/kernels.generated.ts";
import { persistent, setGradientLookup, type Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";
import type { NamedParameter } from "./parameter.ts";
import type { GradientSink } from "./tape.ts";

/**
 * Gradients are stored one after another in one buffer, each aligned to a cache line of 16 elements. Replicas sum this
 * buffer, and clipping measures it.
 */
const ALIGNED_ELEMENTS = 16;

/** The buffers that contain a gradient for a parameter: usually one. Weak, so that an optimizer can be collected. */
const buffers = new WeakMap<Tensor, readonly WeakRef<Gradients>[]>();

/** Number of differentiations so far, to determine which buffer is the most recent. */
let differentiations = 0;

setGradientLookup((parameter) => {
  let latest: Gradients | undefined;
  for (const reference of buffers.get(parameter) ?? []) {
    const gradients = reference.deref();
    if (gradients !== undefined && gradients.finished > (latest?.finished ?? 0)) latest = gradients;
  }
  return parameter.needsGradient ? latest?.of(parameter) : undefined;
});

/**
 * The gradients of a list of parameters in one flat buffer. The update applies a clip in its own pass over memory. If
 * the gradients are read before that, the clip is applied in an extra pass, so readers always see clipped gradients.
 */
export class Gradients implements GradientSink {
  /** Global norm before clipping, a scalar on the device. NaN until a clip has measured it. */
  readonly norm: Tensor;
  readonly received = new Set<Tensor>();
  private readonly memory: Tensor;
  private readonly places = new Map<Tensor, Tensor>();
  /** A factor and a limit, with flags for those that still have to be applied. */
  private readonly clip: Tensor;
  private pending: "nothing" | "factor" | "limit" = "nothing";
  /** Scratch memory for p-norms with p other than 2. */
  private sizes: Tensor | undefined;
  /** The number of the differentiation that computed these gradients; 0 if there was none. `Tensor.grad` reads it. */
  finished = 0;

  constructor(parameters: readonly NamedParameter[]) {
    if (parameters.length === 0) {
      throw new InputError("there are no parameters to train", {
        hint: "give the optimizer parameters(model) of a model that is not wholly frozen",
      });
    }
    const backend = parameters[0].tensor.backend;
    const offsets: number[] = [];
    let length = 0;
    for (const { tensor } of parameters) {
      offsets.push(length);
      length += Math.ceil(tensor.size / ALIGNED_ELEMENTS) * ALIGNED_ELEMENTS;
    }
    this.memory = persistent([length], "f32", backend);
    this.norm = persistent([], "f32", backend);
    this.clip = persistent([2], "f32", backend);
    this.zero();
    const own = new WeakRef(this);
    for (const [index, { tensor }] of parameters.entries()) {
      this.places.set(tensor, this.memory.view(tensor.shape, offsets[index]));
      const others = (buffers.get(tensor) ?? []).filter((other) => other.deref() !== undefined);
      buffers.set(tensor, [...others, own]);
    }
  }

  /** All gradients with zero padding between them, `[n]`. */
  get flat(): Tensor {
    this.settle();
    return this.memory;
  }

  of(parameter: Tensor): Tensor | undefined {
    this.settle();
    return this.places.get(parameter);
  }

  has(parameter: Tensor): boolean {
    return this.places.has(parameter);
  }

  zero(): void {
    this.finished = 0;
    this.received.clear();
    this.pending = "nothing";
    const { kernels } = this.memory.backend;
    kernels.fill(this.memory.address, 0, this.memory.size);
    kernels.fill(this.norm.address, Number.NaN, 1);
  }

  /**
   * Measures the p-norm of all gradients, and scales them so that it is at most `max`: see optim/clip.ts.
   * @param max the largest norm
   * @param p order of the norm, above 0; Infinity for the largest absolute element
   */
  clipNorm(max: number, p = 2): void {
    const { flat, norm, clip } = this;
    const { kernels } = flat.backend;
    if (p === 2) kernels.clip_norm(norm.address, clip.address, flat.address, max, flat.size);
    else this.measure(max, p);
    if (max !== Number.POSITIVE_INFINITY) this.pending = "factor";
  }

  /**
   * Does for any p what the kernel `clip_norm` does for p = 2: computes the norm, and the factor min(1, max / (norm +
   * 1e-6)).
   */
  private measure(max: number, p: number): void {
    const { flat, norm, clip } = this;
    const { kernels } = flat.backend;
    this.sizes ??= persistent([flat.size], "f32", flat.backend);
    const [sizes, n] = [this.sizes.address, flat.size];
    kernels.unary(UNARY.abs, sizes, flat.address, 0, 0, n);
    if (p === Number.POSITIVE_INFINITY) {
      kernels.reduce(REDUCE.max, norm.address, sizes, 1, n, 1);
    } else {
      if (p !== 1) kernels.unary(UNARY.pow, sizes, sizes, p, 0, n);
      kernels.sum(norm.address, sizes, n);
      if (p !== 1) kernels.unary(UNARY.pow, norm.address, norm.address, 1 / p, 0, 1);
    }
    const [one, other] = [sizes, sizes + WORD];
    const scalar = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0] as const;
    kernels.fill(one, 1e-6, 1);
    kernels.binary(BINARY.add, other, norm.address, one, ...scalar);
    kernels.fill(one, max, 1);
    kernels.binary(BINARY.div, clip.address, one, other, ...scalar);
    kernels.unary(UNARY.clamp, clip.address, clip.address, 0, 1, 1);
    kernels.fill(clip.address + WORD, Number.POSITIVE_INFINITY, 1);
  }

  /** Clamps every element to [-limit, limit]. */
  clipValue(limit: number): void {
    if (this.pending === "limit") this.settle();
    const { kernels } = this.memory.backend;
    if (this.pending === "nothing") kernels.fill(this.clip.address, 1, 1);
    kernels.fill(this.clip.address + WORD, limit, 1);
    this.pending = "limit";
  }

  /** Marks the gradients as complete: all parts of the loss have been differentiated. */
  finish(): void {
    this.finished = ++differentiations;
  }

  /** The addresses at which the update reads a gradient, and the clip that the update has to apply. */
  forUpdate(parameter: Tensor): { gradient: Address; clip: Address } {
    const gradient = this.places.get(parameter)!.address;
    return { gradient, clip: this.pending === "nothing" ? 0 : this.clip.address };
  }

  dispose(): void {
    this.finished = 0;
    for (const tensor of [this.memory, this.norm, this.clip, this.sizes]) tensor?.dispose();
  }

  private settle(): void {
    if (this.pending === "nothing") return;
    const { memory, clip } = this;
    memory.backend.kernels.clip_gradient(memory.address, clip.address, memory.size);
    this.pending = "nothing";
  }
}

import { ScopeError, ShapeError, StaleTensorError } from "../core/errors.ts";
import { type DType, type Shape, showShape, sizeOf } from "../core/shape.ts";
import type { Owner } from "./arena.ts";
import { type Address, type Backend, type FloatArray, WORD } from "./backend.ts";
import { defaultBackend } from "./default.ts";
import { heapOf } from "./heap.ts";
import { flatten, type Values } from "./nested.ts";
import { currentFrame } from "./scope.ts";

let findGradient: (tensor: Tensor) => Tensor | undefined = () => undefined;

/** For autograd/gradients.ts alone, which knows where gradients lie and stands above this file. */
export function setGradientLookup(find: typeof findGradient): void {
  findGradient = find;
}

/** An offset on a backend's heap, a shape and a dtype. Values are read with {@link Tensor.read}. */
export class Tensor {
  /** Set by the tape: gradients flow through this tensor. */
  needsGradient = false;

  readonly backend: Backend;
  readonly shape: Shape;
  readonly dtype: DType;
  private readonly owner: Owner;
  private readonly start: Address;

  constructor(backend: Backend, shape: Shape, dtype: DType, owner: Owner, start: Address) {
    this.backend = backend;
    this.shape = shape;
    this.dtype = dtype;
    this.owner = owner;
    this.start = start;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /**
   * Of a parameter that an optimizer trains: its gradient in the latest step or `differentiate`, of the same shape. It
   * is as the update takes it, after clipping, zero where the loss does not reach the parameter, and overwritten by
   * the next step: read it, or `keep()` it. Undefined before the first step, of a frozen parameter, and of every
   * tensor that is no parameter.
   */
  get grad(): Tensor | undefined {
    return findGradient(this);
  }

  /** Where the values lie. @throws StaleTensorError when the scope that owned them has ended */
  get address(): Address {
    if (!this.owner.live) throw new StaleTensorError(`tensor ${showShape(this.shape)}`);
    return this.start;
  }

  /** The same memory seen as another shape, from element `offset` on. Not recorded by the tape. */
  view(shape: Shape, offset = 0): Tensor {
    if (offset < 0 || offset + sizeOf(shape) > this.size) {
      throw new ShapeError("view: shape", `at most ${this.size - offset} elements`, showShape(shape));
    }
    return new Tensor(this.backend, shape, this.dtype, this.owner, this.address + offset * WORD);
  }

  /** The values as they are now, in row-major order; in `into`, of as many elements, where there is one. */
  read(into?: FloatArray): Promise<FloatArray> {
    if (into !== undefined && into.length !== this.size) {
      throw new ShapeError("read: into", `${this.size} elements`, `${into.length}`);
    }
    return this.backend.memory.read(this.address, this.size, into);
  }

  /** The values of a tensor of integers. CPU-only: returns undefined where memory cannot be read at once. */
  readIntsSync(): Int32Array | undefined {
    return this.backend.memory.readIntsSync?.(this.address, this.size);
  }

  /** Overwrite all values. */
  write(values: ArrayLike<number>): void {
    if (values.length !== this.size) {
      throw new ShapeError("write: values", `${this.size} elements`, `${values.length}`);
    }
    this.backend.memory.write(this.address, values, this.dtype);
  }

  /** A copy that outlives every scope and needs no gradient; freed by `dispose` or the garbage collector. */
  keep(): Tensor {
    return this.copyTo(persistent(this.shape, this.dtype, this.backend));
  }

  /**
   * A copy for the next step, cut off from this step's tape (truncated back-propagation through time). It lives
   * until the end of the next step; outside a step it is the same as {@link keep}.
   */
  detach(): Tensor {
    const carry = currentFrame()?.carry;
    if (carry === undefined) return this.keep();
    const address = carry.allocate(this.size * WORD, `carried state ${showShape(this.shape)}`);
    return this.copyTo(new Tensor(this.backend, this.shape, this.dtype, carry, address));
  }

  /** Free the memory of a persistent tensor now. Does nothing for others: their scope frees them. */
  dispose(): void {
    if (this.owner instanceof PersistentOwner) this.owner.dispose();
  }

  private copyTo(target: Tensor): Tensor {
    this.backend.kernels.copy(target.address, this.address, this.size);
    return target;
  }
}

interface Allocation {
  readonly backend: Backend;
  readonly address: Address;
  readonly bytes: number;
  released: boolean;
}

/** The owner of a tensor outside all scopes. Views share it, so memory lives as long as any handle to it. */
class PersistentOwner implements Owner {
  private readonly allocation: Allocation;

  constructor(allocation: Allocation) {
    this.allocation = allocation;
    // The registry holds the allocation and not the owner, which could never be collected otherwise.
    collected.register(this, allocation);
  }

  get live(): boolean {
    return !this.allocation.released;
  }

  dispose(): void {
    release(this.allocation);
  }
}

function release(allocation: Allocation): void {
  if (allocation.released) return;
  allocation.released = true;
  heapOf(allocation.backend).release(allocation.address, allocation.bytes);
}

const collected = new FinalizationRegistry<Allocation>(release);

/** Uninitialised memory outside all scopes: parameters, optimizer state, what a caller keeps. */
export function persistent(shape: Shape, dtype: DType = "f32", backend: Backend = defaultBackend()): Tensor {
  const bytes = sizeOf(shape) * WORD;
  const address = heapOf(backend).allocate(bytes, `tensor ${showShape(shape)}`);
  const owner = new PersistentOwner({ backend, address, bytes, released: false });
  return new Tensor(backend, shape, dtype, owner, address);
}

/** Uninitialised memory of the innermost open scope. @throws ScopeError outside all scopes */
export function empty(shape: Shape, dtype: DType = "f32"): Tensor {
  const frame = currentFrame();
  if (frame === undefined) {
    throw new ScopeError(`tensor ${showShape(shape)} has no scope to live in`, {
      hint: "compute inside step(() => ...) or scope(() => ...)",
    });
  }
  const address = frame.scope.allocate(sizeOf(shape) * WORD, `tensor ${showShape(shape)}`);
  return new Tensor(frame.scope.arena.backend, shape, dtype, frame.scope, address);
}

/**
 * A tensor from values in row-major order, or from nested arrays, whose shape it takes: in the innermost open scope, or
 * persistent outside all scopes (then on `backend`, the default one unless given).
 * @throws ShapeError when the number of values is not the product of the shape, or rows differ in length; InputError
 * for what is no number
 */
export function tensor(given: Values, shapeGiven?: Shape, dtype: DType = "f32", backend?: Backend): Tensor {
  const { values, shape } = flatten("tensor", given, shapeGiven, dtype);
  if (values.length !== sizeOf(shape)) {
    throw new ShapeError(
      "tensor: values",
      `${sizeOf(shape)} for shape ${showShape(shape)}`,
      `${values.length}`,
    );
  }
  const result = currentFrame() === undefined ? persistent(shape, dtype, backend) : empty(shape, dtype);
  result.write(values);
  return result;
}

/** Integers: character ids, targets. */
export function ids(values: Values, shape?: Shape, backend?: Backend): Tensor {
  return tensor(values, shape, "i32", backend);
}

export function zeros(shape: Shape, backend?: Backend): Tensor {
  const result = currentFrame() === undefined ? persistent(shape, "f32", backend) : empty(shape);
  result.backend.kernels.fill(result.address, 0, result.size);
  return result;
}

import { InputError, ScopeError, ShapeError, StaleTensorError } from "../core/errors.ts";
import { checkSizes, type DType, type Shape, showShape, sizeOf } from "../core/shape.ts";
import { showValue } from "../core/show-value.ts";
import { type Owner, Scope } from "./arena.ts";
import { type Address, type Backend, checkBackend, type FloatArray, WORD } from "./backend.ts";
import { defaultBackend } from "./default.ts";
import { heapOf } from "./heap.ts";
import { checkValues, flatten, type Values } from "./nested.ts";
import { currentFrame, requireScopeOn } from "./scope.ts";

let findGradient: (tensor: Tensor) => Tensor | undefined = () => undefined;

/** Only for autograd/gradients.ts, which stores gradients and is above this file in the import order. */
export function setGradientLookup(find: typeof findGradient): void {
  findGradient = find;
}

/** Number of writes to integer tensors since this module was loaded: see {@link integerWrites}. */
let writes = 0;

/**
 * Counts the calls that overwrite an integer tensor. If the count has not changed since the forward pass, the backward
 * pass knows that ids that were checked then are still valid.
 */
export function integerWrites(): number {
  return writes;
}

let ownerOf: (tensor: Tensor) => Owner;

/** Whether a tensor's memory is still valid: its scope has not ended, and it has not been disposed of. */
export function isLive(tensor: Tensor): boolean {
  return ownerOf(tensor).live;
}

/**
 * How often a tensor, or another tensor of its owner, was overwritten. As long as the number is unchanged, values
 * derived from the tensor are up to date. Counts `Tensor.write` and the updates of optimizers.
 */
export function writesOf(tensor: Tensor): number {
  return ownerOf(tensor).writes;
}

/** Counts a write. Call it after a kernel has overwritten a tensor. */
export function noteWrite(tensor: Tensor): void {
  ownerOf(tensor).writes++;
}

/**
 * A tensor: an address on a backend's heap, a shape and a dtype. Read its values with {@link Tensor.read}. Tensors are
 * made by `tensor`, `ids`, `zeros` and by operations.
 */
export class Tensor {
  /** Set by the tape if gradients flow through this tensor. */
  needsGradient = false;

  readonly backend: Backend;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
  readonly #owner: Owner;
  readonly #start: Address;

  static {
    ownerOf = (tensor) => tensor.#owner;
  }

  /** For this package only. The memory belongs to `owner`. */
  constructor(backend: Backend, shape: Shape, dtype: DType, owner: Owner, start: Address) {
    if (!(owner instanceof Scope || owner instanceof PersistentOwner)) {
      throw new InputError("Tensor: a tensor is not made with new", {
        hint: "use tensor(values, shape) or zeros(shape)",
      });
    }
    this.backend = backend;
    // Copy the shape: kernels trust the sizes, which must not change if the caller modifies the array.
    this.shape = shape.slice();
    this.dtype = dtype;
    this.size = sizeOf(shape);
    this.#owner = owner;
    this.#start = start;
  }

  /** Whether a value is a tensor that this class made, and not only an object with its prototype. */
  static isTensor(value: unknown): value is Tensor {
    return typeof value === "object" && value !== null && #owner in value;
  }

  /**
   * The gradient of a parameter that an optimizer trains, from the latest step or `differentiate`; it has the shape of
   * the parameter. It is the gradient that the update uses, after clipping; zero if the loss does not depend on the
   * parameter. The next step overwrites it, so read it or `keep()` it. Undefined before the first step, for a frozen
   * parameter, and for a tensor that is not a parameter.
   */
  get grad(): Tensor | undefined {
    return findGradient(this);
  }

  /** The address of the values. @throws StaleTensorError if the scope that owned them has ended */
  get address(): Address {
    if (!this.#owner.live) throw new StaleTensorError(`tensor ${showShape(this.shape)}`);
    return this.#start;
  }

  /**
   * A view of the same memory with another shape. The tape does not record it.
   * @param shape sizes of the axes of the view
   * @param offset index of the element at which the view starts
   * @throws ShapeError for an invalid shape or offset, or if the view extends beyond this tensor
   */
  view(shape: Shape, offset = 0): Tensor {
    checkSizes("view: shape", shape);
    if (!(Number.isInteger(offset) && offset >= 0 && offset <= this.size)) {
      throw new ShapeError("view: offset", `a whole number from 0 to ${this.size}`, showValue(offset));
    }
    if (offset + sizeOf(shape) > this.size) {
      throw new ShapeError("view: shape", `at most ${this.size - offset} elements`, showShape(shape));
    }
    return new Tensor(this.backend, shape, this.dtype, this.#owner, this.address + offset * WORD);
  }

  /**
   * The current values in row-major order.
   * @param into an array of `size` elements that receives the values. Default: a new array
   * @throws ShapeError, InputError if `into` cannot hold the values
   */
  read(into?: FloatArray): Promise<FloatArray> {
    if (into !== undefined) {
      if (!(into instanceof Float32Array || into instanceof Float64Array)) {
        throw new InputError(`read: into must be a Float32Array or a Float64Array, got ${showValue(into)}`);
      }
      if (into.length !== this.size) {
        throw new ShapeError("read: into", `${this.size} elements`, `${into.length}`);
      }
    }
    return this.backend.memory.read(this.address, this.size, into);
  }

  /**
   * The values of an integer tensor. CPU-only: returns undefined if memory cannot be read synchronously.
   * @throws ShapeError for a float tensor
   */
  readIntsSync(): Int32Array | undefined {
    if (this.dtype !== "i32")
      throw new ShapeError("readIntsSync: tensor", "integers (dtype i32)", `dtype ${this.dtype}`);
    return this.backend.memory.readIntsSync?.(this.address, this.size);
  }

  /**
   * Overwrites all values.
   * @param values `size` numbers in row-major order
   * @throws ShapeError if the number of values is wrong; InputError that names an element that is not a number (for an
   * integer tensor, not a 32-bit integer)
   */
  write(values: ArrayLike<number>): void {
    checkValues("write: values", values, this.dtype);
    if (values.length !== this.size) {
      throw new ShapeError("write: values", `${this.size} elements`, `${values.length}`);
    }
    if (this.dtype === "i32") writes++;
    this.#owner.writes++;
    this.backend.memory.write(this.address, values, this.dtype);
  }

  /** A copy that outlives every scope and needs no gradient. It is freed by `dispose` or by the garbage collector. */
  keep(): Tensor {
    return this.copyTo(persistent(this.shape, this.dtype, this.backend));
  }

  /**
   * A copy for the next step that is detached from the tape of this step (truncated back-propagation through time). It
   * lives until the end of the next step. Outside a step, or if the step is on another backend, it is the same as
   * {@link keep}.
   */
  detach(): Tensor {
    const carry = currentFrame()?.carry;
    if (carry === undefined || carry.arena.backend !== this.backend) return this.keep();
    const address = carry.allocate(this.size * WORD, this.shape);
    return this.copyTo(new Tensor(this.backend, this.shape, this.dtype, carry, address));
  }

  /** Frees the memory of a persistent tensor. Has no effect on other tensors, which their scope frees. */
  dispose(): void {
    if (this.#owner instanceof PersistentOwner) this.#owner.dispose();
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

/** The owner of a tensor outside all scopes. Views share it, so the memory lives as long as any tensor that uses it. */
class PersistentOwner implements Owner {
  writes = 0;
  private readonly allocation: Allocation;

  constructor(allocation: Allocation) {
    this.allocation = allocation;
    // Register the allocation, not the owner: a registered owner could never be collected.
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

/**
 * Uninitialised memory outside all scopes, for parameters, optimizer state and tensors that a caller keeps.
 * @throws ShapeError for an invalid shape; OutOfMemoryError
 */
export function persistent(shape: Shape, dtype: DType = "f32", backend: Backend = defaultBackend()): Tensor {
  checkSizes("tensor: shape", shape);
  checkDType(dtype);
  checkBackend("tensor: backend", backend);
  const bytes = sizeOf(shape) * WORD;
  const address = heapOf(backend).allocate(bytes, shape);
  const owner = new PersistentOwner({ backend, address, bytes, released: false });
  return new Tensor(backend, shape, dtype, owner, address);
}

/**
 * Uninitialised memory in the innermost open scope, on its backend.
 * @throws ScopeError outside all scopes; ShapeError for an invalid shape; OutOfMemoryError
 */
export function empty(shape: Shape, dtype: DType = "f32"): Tensor {
  checkSizes("tensor: shape", shape);
  const frame = currentFrame();
  if (frame === undefined) {
    throw new ScopeError(`tensor ${showShape(shape)} has no scope to live in`, {
      hint: "compute inside step(() => ...) or scope(() => ...)",
    });
  }
  const address = frame.scope.allocate(sizeOf(shape) * WORD, shape);
  return new Tensor(frame.scope.arena.backend, shape, dtype, frame.scope, address);
}

/**
 * Uninitialised memory in the innermost open scope, or persistent memory outside all scopes.
 * @param backend must be the backend of the open scope, if there is one
 */
export function inScopeOrPersistent(
  op: string,
  shape: Shape,
  dtype: DType,
  backend: Backend | undefined,
): Tensor {
  if (backend !== undefined) {
    checkBackend(`${op}: backend`, backend);
    requireScopeOn(`${op}: the tensor`, backend);
  }
  return currentFrame() === undefined ? persistent(shape, dtype, backend) : empty(shape, dtype);
}

function checkDType(dtype: unknown): void {
  if (dtype === "f32" || dtype === "i32") return;
  throw new InputError(`tensor: dtype must be "f32" or "i32", got ${showValue(dtype)}`);
}

/**
 * Makes a tensor from values in row-major order, or from nested arrays, whose shape it takes. The tensor is in the
 * innermost open scope, or persistent outside all scopes.
 * @param given a number, an array or typed array of numbers, or nested arrays
 * @param shapeGiven sizes of the axes. Default: the shape of `given`
 * @param dtype "f32" for floats (default) or "i32" for integers
 * @param backend the backend of a persistent tensor (default: the default backend); inside a scope it must be the
 * scope's
 * @throws ShapeError if the number of values is not the product of the shape, or if rows differ in length; InputError
 * for an element that is not a number; ScopeError if the open scope is on another backend
 */
export function tensor(given: Values, shapeGiven?: Shape, dtype: DType = "f32", backend?: Backend): Tensor {
  checkDType(dtype);
  if (shapeGiven !== undefined) checkSizes("tensor: shape", shapeGiven);
  const { values, shape } = flatten("tensor", given, shapeGiven, dtype);
  if (values.length !== sizeOf(shape)) {
    const expected = `${sizeOf(shape)} for shape ${showShape(shape)}`;
    throw new ShapeError("tensor: values", expected, `${values.length}`);
  }
  const result = inScopeOrPersistent("tensor", shape, dtype, backend);
  result.backend.memory.write(result.address, values, dtype);
  return result;
}

/** Makes a tensor of integers, such as character ids or targets. The arguments are those of {@link tensor}. */
export function ids(values: Values, shape?: Shape, backend?: Backend): Tensor {
  return tensor(values, shape, "i32", backend);
}

/**
 * Makes a float tensor of zeros, in the innermost open scope or persistent outside all scopes.
 * @param shape sizes of the axes
 * @param backend the backend of a persistent tensor (default: the default backend); inside a scope it must be the
 * scope's
 * @throws ShapeError for an invalid shape; ScopeError if the open scope is on another backend
 */
export function zeros(shape: Shape, backend?: Backend): Tensor {
  checkSizes("zeros: shape", shape);
  const result = inScopeOrPersistent("zeros", shape, "f32", backend);
  result.backend.kernels.fill(result.address, 0, result.size);
  return result;
}

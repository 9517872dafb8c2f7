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

/** For autograd/gradients.ts alone, which knows where gradients lie and stands above this file. */
export function setGradientLookup(find: typeof findGradient): void {
  findGradient = find;
}

/** Values of tensors of integers that were overwritten since this module was loaded: see {@link integerWrites}. */
let writes = 0;

/**
 * Counts the calls that overwrite a tensor of integers. A backward pass that finds the count of its forward pass knows
 * that the ids which were checked then are the ids of now.
 */
export function integerWrites(): number {
  return writes;
}

let ownerOf: (tensor: Tensor) => Owner;

/** Whether a tensor's memory is still its own: its scope has not ended, and nobody has disposed of it. */
export function isLive(tensor: Tensor): boolean {
  return ownerOf(tensor).live;
}

/**
 * How often a tensor, or another one of its owner, was overwritten: as long as the number is the same, what was made
 * from its values is up to date. Counts `Tensor.write` and the updates of optimizers.
 */
export function writesOf(tensor: Tensor): number {
  return ownerOf(tensor).writes;
}

/** For those who have overwritten a tensor with a kernel: it counts as a write. */
export function noteWrite(tensor: Tensor): void {
  ownerOf(tensor).writes++;
}

/**
 * An offset on a backend's heap, a shape and a dtype. Values are read with {@link Tensor.read}. Made by `tensor`, `ids`,
 * `zeros` and by operations.
 */
export class Tensor {
  /** Set by the tape: gradients flow through this tensor. */
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

  /** For this package only: the memory is that of `owner`. */
  constructor(backend: Backend, shape: Shape, dtype: DType, owner: Owner, start: Address) {
    if (!(owner instanceof Scope || owner instanceof PersistentOwner)) {
      throw new InputError("Tensor: a tensor is not made with new", {
        hint: "use tensor(values, shape) or zeros(shape)",
      });
    }
    this.backend = backend;
    // A copy: kernels trust the sizes, which must not change with somebody's array.
    this.shape = shape.slice();
    this.dtype = dtype;
    this.size = sizeOf(shape);
    this.#owner = owner;
    this.#start = start;
  }

  /** Whether a value is a tensor: made by this class, and not only with its prototype. */
  static isTensor(value: unknown): value is Tensor {
    return typeof value === "object" && value !== null && #owner in value;
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
    if (!this.#owner.live) throw new StaleTensorError(`tensor ${showShape(this.shape)}`);
    return this.#start;
  }

  /**
   * The same memory seen as another shape. Not recorded by the tape.
   * @param offset the element where the view starts
   * @throws ShapeError for what is no shape or no whole number, or reaches beyond this tensor
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
   * The values as they are now, in row-major order.
   * @param into where to put them, of as many elements
   * @throws ShapeError, InputError for an `into` that cannot hold them
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
   * The values of a tensor of integers. CPU-only: returns undefined where memory cannot be read at once.
   * @throws ShapeError for a tensor of floats
   */
  readIntsSync(): Int32Array | undefined {
    if (this.dtype !== "i32")
      throw new ShapeError("readIntsSync: tensor", "integers (dtype i32)", `dtype ${this.dtype}`);
    return this.backend.memory.readIntsSync?.(this.address, this.size);
  }

  /**
   * Overwrite all values, in row-major order.
   * @throws ShapeError unless there are as many; InputError naming what is no number, or no integer of 32 bits for a
   * tensor of integers
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

  /** A copy that outlives every scope and needs no gradient; freed by `dispose` or the garbage collector. */
  keep(): Tensor {
    return this.copyTo(persistent(this.shape, this.dtype, this.backend));
  }

  /**
   * A copy for the next step, cut off from this step's tape (truncated back-propagation through time). It lives
   * until the end of the next step; outside a step, and on another backend than the step's, it is the same as
   * {@link keep}.
   */
  detach(): Tensor {
    const carry = currentFrame()?.carry;
    if (carry === undefined || carry.arena.backend !== this.backend) return this.keep();
    const address = carry.allocate(this.size * WORD, this.shape);
    return this.copyTo(new Tensor(this.backend, this.shape, this.dtype, carry, address));
  }

  /** Free the memory of a persistent tensor now. Does nothing for others: their scope frees them. */
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

/** The owner of a tensor outside all scopes. Views share it, so memory lives as long as any handle to it. */
class PersistentOwner implements Owner {
  writes = 0;
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

/**
 * Uninitialised memory outside all scopes: parameters, optimizer state, what a caller keeps.
 * @throws ShapeError for what is no shape; OutOfMemoryError
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
 * Uninitialised memory of the innermost open scope, on its backend.
 * @throws ScopeError outside all scopes; ShapeError for what is no shape; OutOfMemoryError
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
 * Uninitialised memory in the innermost open scope, whose backend has to be the one that is asked for; persistent outside
 * all scopes.
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
 * A tensor from values in row-major order, or from nested arrays, whose shape it takes: in the innermost open scope, or
 * persistent outside all scopes (then on `backend`, the default one unless given).
 * @param given a number, an array or typed array of numbers, or nested arrays
 * @param shapeGiven sizes of the axes; the shape of `given` unless given
 * @param backend inside a scope it has to be the scope's
 * @throws ShapeError when the number of values is not the product of the shape, or rows differ in length; InputError
 * for what is no number; ScopeError when the open scope is on another backend
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

/** Integers: character ids, targets. Arguments as those of {@link tensor}. */
export function ids(values: Values, shape?: Shape, backend?: Backend): Tensor {
  return tensor(values, shape, "i32", backend);
}

/**
 * Floats of 0: in the innermost open scope, or persistent outside all scopes.
 * @param backend inside a scope it has to be the scope's; the default one outside unless given
 * @throws ShapeError for what is no shape; ScopeError when the open scope is on another backend
 */
export function zeros(shape: Shape, backend?: Backend): Tensor {
  checkSizes("zeros: shape", shape);
  const result = inScopeOrPersistent("zeros", shape, "f32", backend);
  result.backend.kernels.fill(result.address, 0, result.size);
  return result;
}

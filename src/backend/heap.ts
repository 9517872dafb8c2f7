import { OutOfMemoryError } from "../core/errors.ts";
import { type Shape, showShape } from "../core/shape.ts";
import type { Address, Backend } from "./backend.ts";

/** What memory is allocated for: the shape of a tensor, or a description. Formatted only if an error needs it. */
export type Purpose = string | Shape;

interface Block {
  address: Address;
  bytes: number;
}

/** Every block starts at a cache line. Its size is also the width of the widest vector register, in bytes. */
const ALIGNMENT = 64;

/** The heap grows by at least this many bytes, because growing a WebAssembly memory costs a system call. */
const GROWTH = 4 * 2 ** 20;

export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** A first-fit allocator over a backend's linear memory. Adjacent free blocks are merged. */
export class Heap {
  private readonly free: Block[] = [];
  private end: Address;
  private used = 0;
  private peak = 0;

  private readonly backend: Backend;

  constructor(backend: Backend) {
    this.backend = backend;
    this.end = aligned(backend.memory.start);
  }

  /** Bytes that are allocated now. */
  get usedBytes(): number {
    return this.used;
  }

  /** The most bytes that were allocated at once since the heap was created, or since {@link restartPeak}. */
  get peakBytes(): number {
    return this.peak;
  }

  /** Resets the peak to the bytes that are allocated now. */
  restartPeak(): void {
    this.peak = this.used;
  }

  /**
   * Allocates memory.
   * @param bytes the size; rounded up to whole cache lines
   * @param what what the memory is for, named in the error
   * @throws OutOfMemoryError
   */
  allocate(bytes: number, what: Purpose): Address {
    const size = aligned(Math.max(bytes, 1));
    let index = this.free.findIndex((block) => block.bytes >= size);
    if (index < 0) {
      this.grow(size, what);
      index = this.free.findIndex((block) => block.bytes >= size);
    }
    const block = this.free[index];
    const address = block.address;
    block.address += size;
    block.bytes -= size;
    if (block.bytes === 0) this.free.splice(index, 1);
    this.used += size;
    this.peak = Math.max(this.peak, this.used);
    return address;
  }

  /** Whether so many bytes can be allocated at once, without more than the heap may have. */
  hasRoom(bytes: number): boolean {
    const size = aligned(bytes);
    return (
      this.free.some((block) => block.bytes >= size) ||
      this.end + size - this.tail <= this.backend.memory.limit
    );
  }

  /** Free bytes at the end of the heap. */
  private get tail(): number {
    const last = this.free.at(-1);
    return last !== undefined && last.address + last.bytes === this.end ? last.bytes : 0;
  }

  /**
   * Allocates memory at an address, directly behind other memory of the caller.
   * @param bytes the size, whole cache lines
   * @returns false if something else is there
   * @throws OutOfMemoryError
   */
  extend(address: Address, bytes: number, what: Purpose): boolean {
    const at = () => this.free.findIndex((block) => block.address === address);
    const room = this.free[at()]?.bytes ?? 0;
    if (room < bytes) {
      if (address + room !== this.end) return false;
      this.grow(bytes, what);
    }
    const index = at();
    const block = this.free[index];
    block.address += bytes;
    block.bytes -= bytes;
    if (block.bytes === 0) this.free.splice(index, 1);
    this.used += bytes;
    this.peak = Math.max(this.peak, this.used);
    return true;
  }

  release(address: Address, bytes: number): void {
    const size = aligned(Math.max(bytes, 1));
    this.used -= size;
    this.insert({ address, bytes: size });
  }

  private insert(block: Block): void {
    let index = this.free.findIndex((other) => other.address > block.address);
    if (index < 0) index = this.free.length;
    this.free.splice(index, 0, block);
    const next = this.free[index + 1];
    if (next !== undefined && block.address + block.bytes === next.address) {
      block.bytes += next.bytes;
      this.free.splice(index + 1, 1);
    }
    const previous = this.free[index - 1];
    if (previous !== undefined && previous.address + previous.bytes === block.address) {
      previous.bytes += block.bytes;
      this.free.splice(index, 1);
    }
  }

  private grow(size: number, what: Purpose): void {
    const { tail } = this;
    const { memory } = this.backend;
    for (const extra of [Math.max(size - tail, GROWTH), size - tail]) {
      const end = this.end + extra;
      if (end > memory.limit || !memory.reserve(end)) continue;
      this.insert({ address: this.end, bytes: extra });
      this.end = end;
      return;
    }
    throw this.outOfMemory(what, size);
  }

  /** The error for an allocation of `bytes` bytes for `what` that failed. */
  outOfMemory(what: Purpose, bytes: number): OutOfMemoryError {
    const named = typeof what === "string" ? what : `tensor ${showShape(what)}`;
    const { limit, limitOption } = this.backend.memory;
    if (limitOption === undefined) return new OutOfMemoryError(named, bytes, limit, this.used);
    return new OutOfMemoryError(named, bytes, limit, this.used, {
      hint: `give a larger ${limitOption}, or make the model, the batch or the sequence length smaller`,
    });
  }
}

const heaps = new WeakMap<Backend, Heap>();

/** The heap of a backend. Each backend has exactly one. */
export function heapOf(backend: Backend): Heap {
  let heap = heaps.get(backend);
  if (heap === undefined) {
    heap = new Heap(backend);
    heaps.set(backend, heap);
  }
  return heap;
}

import { ScopeError } from "../core/errors.ts";
import { type Address, type Backend, WORD } from "./backend.ts";
import { aligned, type Heap, heapOf, type Purpose } from "./heap.ts";

/** Bytes of the first block of an arena. Later blocks, and what blocks grow by, are as large as they need to be. */
const FIRST_BLOCK = 2 ** 20;

let poison = false;

/** Fills memory with NaN when its scope ends. Tests turn this on to detect reads of freed memory. */
export function poisonFreedMemory(on: boolean): void {
  poison = on;
}

/** The owner of a tensor's memory. A tensor refers to its owner to check whether its memory is still valid. */
export interface Owner {
  readonly live: boolean;
  /**
   * Counts the calls that overwrite a tensor of this owner. A change means that values derived from it are out of date.
   */
  writes: number;
}

/** The memory of a tensor. Identifies which tensors of a scope are kept when the scope ends. */
export interface Place {
  readonly address: Address;
  /** Number of words (elements). */
  readonly size: number;
}

const NOTHING: readonly Place[] = [];

/** One generation of an arena: everything allocated between open and close. */
export class Scope implements Owner {
  live = true;
  writes = 0;
  /** Scopes whose tensors live as long as this one. Most scopes have none. */
  merged: Scope[] | undefined;

  readonly arena: Arena;
  readonly block: number;
  readonly offset: number;

  constructor(arena: Arena, block: number, offset: number) {
    this.arena = arena;
    this.block = block;
    this.offset = offset;
  }

  allocate(bytes: number, what: Purpose): Address {
    return this.arena.allocate(bytes, what);
  }
}

interface Block {
  readonly address: Address;
  bytes: number;
  /** Bytes that were in use before the first allocation in this block. */
  before: number;
}

/**
 * An allocator that advances a pointer and frees memory in bulk. Scopes nest like a stack: closing a scope frees what
 * was allocated since it was opened, and closing the outermost scope frees everything.
 */
export class Arena {
  private readonly heap: Heap;
  private blocks: Block[] = [];
  private block = 0;
  private offset = 0;
  private readonly scopes: Scope[] = [];
  private wanted = FIRST_BLOCK;
  /** The most bytes that were in use at once, without what is left over at the ends of blocks. */
  private most = 0;

  readonly backend: Backend;

  constructor(backend: Backend) {
    this.backend = backend;
    this.heap = heapOf(backend);
  }

  open(): Scope {
    const scope = new Scope(this, this.block, this.offset);
    this.scopes.push(scope);
    return scope;
  }

  /**
   * Ends the innermost scope.
   * @param kept tensors of this scope that live on until the enclosing scope ends. All tensors that were allocated
   * before the last of them live on as well; memory after it is freed. Tensors of other scopes are ignored
   */
  close(scope: Scope, kept: readonly Place[] = NOTHING): void {
    if (this.scopes.at(-1) !== scope)
      throw new ScopeError("scopes must end in the reverse order of their start");
    this.scopes.pop();
    const end = kept.length === 0 ? undefined : this.endOf(scope, kept);
    if (end === undefined) {
      scope.live = false;
      if (scope.merged !== undefined) for (const other of scope.merged) other.live = false;
    } else {
      const outer = this.scopes[this.scopes.length - 1];
      outer.merged ??= [];
      outer.merged.push(scope, ...(scope.merged ?? []));
    }
    const { block, offset } = end ?? scope;
    if (poison) this.poisonFrom(block, offset);
    this.block = block;
    this.offset = offset;
    // Several blocks mean that the first one was too small. The next generation gets one block for all that was in use,
    // so that the arena soon uses a single block and its memory stops growing even if shapes vary.
    if (this.scopes.length === 0 && this.blocks.length > 1) this.dispose();
  }

  allocate(bytes: number, what: Purpose): Address {
    if (this.scopes.length === 0) throw new ScopeError("no scope is open in this arena");
    const size = aligned(Math.max(bytes, 1));
    const isLast = this.block === this.blocks.length - 1;
    if (isLast && this.offset + size > this.blocks[this.block].bytes) this.growBlock(size, what);
    while (this.block < this.blocks.length && this.offset + size > this.blocks[this.block].bytes) {
      const before = this.blocks[this.block].before + this.offset;
      this.block++;
      this.offset = 0;
      if (this.block < this.blocks.length) this.blocks[this.block].before = before;
      else this.addBlock(size, before, what);
    }
    if (this.blocks.length === 0) this.addBlock(size, 0, what);
    const { address, before } = this.blocks[this.block];
    const start = address + this.offset;
    this.offset += size;
    this.most = Math.max(this.most, before + this.offset);
    return start;
  }

  private addBlock(size: number, before: number, what: Purpose): void {
    const wanted = Math.max(size, this.blocks.length === 0 ? this.wanted : FIRST_BLOCK);
    // What was in use before may be more than this generation needs.
    const bytes = this.heap.hasRoom(wanted) ? wanted : size;
    this.blocks.push({ address: this.heap.allocate(bytes, what), bytes, before });
  }

  /** Makes the last block larger, where the memory behind it is free: then nothing is left over at its end. */
  private growBlock(size: number, what: Purpose): void {
    const block = this.blocks[this.block];
    const extra = Math.max(this.offset + size - block.bytes, FIRST_BLOCK);
    if (this.heap.extend(block.address + block.bytes, extra, what)) block.bytes += extra;
  }

  /** Returns all memory to the heap. No scope may be open. */
  dispose(): void {
    if (this.scopes.length > 0) throw new ScopeError("an arena with open scopes cannot be disposed of");
    for (const { address, bytes } of this.blocks) this.heap.release(address, bytes);
    this.wanted = Math.max(this.wanted, this.most);
    this.blocks = [];
    this.block = 0;
    this.offset = 0;
  }

  /** The position after the last of the given tensors that belongs to the scope; undefined if none does. */
  private endOf(scope: Scope, kept: readonly Place[]): { block: number; offset: number } | undefined {
    let end: { block: number; offset: number } | undefined;
    for (const { address, size } of kept) {
      for (let block = this.block; block >= (end ?? scope).block; block--) {
        const start = this.blocks[block].address;
        if (address < start || address >= start + this.blocks[block].bytes) continue;
        const offset = address - start + aligned(Math.max(size * WORD, 1));
        const last = end ?? scope;
        if (block > last.block || offset > last.offset) end = { block, offset };
        break;
      }
    }
    return end;
  }

  private poisonFrom(first: number, offset: number): void {
    for (let index = first; index <= this.block && index < this.blocks.length; index++) {
      const { address, bytes } = this.blocks[index];
      const from = index === first ? offset : 0;
      const to = index === this.block ? this.offset : bytes;
      this.backend.kernels.fill(address + from, Number.NaN, (to - from) / WORD);
    }
  }
}

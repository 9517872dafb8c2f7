import { ScopeError } from "../core/errors.ts";
import { type Address, type Backend, WORD } from "./backend.ts";
import { aligned, type Heap, heapOf, type Purpose } from "./heap.ts";

/** The first block of an arena; later ones are as large as they have to be. */
const FIRST_BLOCK = 2 ** 20;

let poison = false;

/** Fill memory with NaN when its scope ends. Tests turn this on, so that a use after the end cannot pass. */
export function poisonFreedMemory(on: boolean): void {
  poison = on;
}

/** Who owns a tensor's memory. A tensor holds its owner, and with it learns that its time is over. */
export interface Owner {
  readonly live: boolean;
  /** Counts the calls that overwrite a tensor of this owner: what was made from its values is out of date. */
  writes: number;
}

/** Where a tensor lies, to tell what of a scope is to stay. */
export interface Place {
  readonly address: Address;
  /** In words. */
  readonly size: number;
}

const NOTHING: readonly Place[] = [];

/** One generation of an arena: everything allocated between open and close. */
export class Scope implements Owner {
  live = true;
  writes = 0;
  /** Scopes whose tensors live as long as this one; most have none. */
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

/**
 * Memory that is given out by moving a pointer and taken back all at once. Scopes nest as a stack: closing one
 * returns what was allocated since it was opened, and closing the outermost one returns everything.
 */
export class Arena {
  private readonly heap: Heap;
  private blocks: { address: Address; bytes: number }[] = [];
  private block = 0;
  private offset = 0;
  private readonly scopes: Scope[] = [];
  private wanted = FIRST_BLOCK;

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
   * End the innermost scope.
   * @param kept of its tensors, those that live on as long as the scope around it; so do all that were made before the
   * last of them, while the memory behind it is given out anew. Tensors of other scopes are passed over
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
    // Several blocks mean that the first was too small: the next generation gets one that holds them all, so
    // that an arena settles in a single block and its memory stays flat whatever the shapes do.
    if (this.scopes.length === 0 && this.blocks.length > 1) this.dispose();
  }

  allocate(bytes: number, what: Purpose): Address {
    if (this.scopes.length === 0) throw new ScopeError("no scope is open in this arena");
    const size = aligned(Math.max(bytes, 1));
    while (this.block < this.blocks.length && this.offset + size > this.blocks[this.block].bytes) {
      this.block++;
      this.offset = 0;
    }
    if (this.block === this.blocks.length) {
      const blockBytes = Math.max(size, this.blocks.length === 0 ? this.wanted : FIRST_BLOCK);
      this.blocks.push({ address: this.heap.allocate(blockBytes, what), bytes: blockBytes });
    }
    const address = this.blocks[this.block].address + this.offset;
    this.offset += size;
    return address;
  }

  /** Give all memory back to the heap. No scope may be open. */
  dispose(): void {
    if (this.scopes.length > 0) throw new ScopeError("an arena with open scopes cannot be disposed of");
    let total = 0;
    for (const { address, bytes } of this.blocks) {
      this.heap.release(address, bytes);
      total += bytes;
    }
    this.wanted = Math.max(this.wanted, total);
    this.blocks = [];
    this.block = 0;
    this.offset = 0;
  }

  /** Where the last of these tensors ends that was made in the scope; undefined when none was. */
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

import type { Job } from "../core/index.ts";

const CHUNK = 1 << 20;

/** Character ids: one byte each while the vocabulary has at most 256 characters, otherwise two. */
export type CharacterIds = Uint8Array | Uint16Array;

/**
 * A list of ids that grows without a copy: it consists of chunks of 2^20 ids. Ids take one byte each until the first id
 * above 255, and two bytes from there on. So an English text takes as much memory as its file while it is read.
 */
export class IdStore {
  private readonly chunks: CharacterIds[] = [];
  private chunk: CharacterIds = new Uint8Array(0);
  private used = CHUNK;
  private wide = false;

  get length(): number {
    return (this.chunks.length - 1) * CHUNK + this.used;
  }

  /** Appends an id in [0, 65535). */
  push(id: number): void {
    if (id > 255 && !this.wide) this.widen();
    if (this.used === CHUNK) this.grow();
    this.chunk[this.used++] = id;
  }

  /** Removes all ids from index `length` on. */
  truncate(length: number): void {
    const chunks = Math.ceil(length / CHUNK);
    this.chunks.length = chunks;
    this.used = length - (chunks - 1) * CHUNK;
    this.chunk = this.chunks.at(-1) ?? new Uint8Array(0);
    // The last remaining chunk may be from before the switch to two bytes.
    this.wide = this.chunk instanceof Uint16Array;
  }

  /** How often `id` occurs at index `from` or later. */
  count(id: number, from: number): number {
    let found = 0;
    for (let first = from; first < this.length; ) {
      const index = Math.floor(first / CHUNK);
      const end = Math.min(this.length, (index + 1) * CHUNK);
      found += occurrences(this.chunks[index], id, first - index * CHUNK, end - index * CHUNK);
      first = end;
    }
    return found;
  }

  /** Moves all ids into one array and replaces each by `renamed[id]`. The store is empty afterwards. */
  *drain(renamed: Uint16Array): Job<CharacterIds> {
    const length = this.length;
    const out = allocateIds(length, renamed.length);
    for (let first = 0, index = 0; first < length; first += CHUNK, index++) {
      const chunk = this.chunks[index];
      const count = Math.min(CHUNK, length - first);
      rename(chunk, renamed, out.subarray(first, first + count));
      // Chunks are freed one by one: the peak is little more than one copy, not two.
      this.chunks[index] = new Uint8Array(0);
      yield;
    }
    this.truncate(0);
    return out;
  }

  private grow(): void {
    this.chunk = this.wide ? new Uint16Array(CHUNK) : new Uint8Array(CHUNK);
    this.chunks.push(this.chunk);
    this.used = 0;
  }

  private widen(): void {
    this.wide = true;
    if (this.chunks.length === 0) return;
    const wider = new Uint16Array(CHUNK);
    wider.set(this.chunk);
    this.chunks[this.chunks.length - 1] = wider;
    this.chunk = wider;
  }
}

function occurrences(ids: CharacterIds, id: number, from: number, to: number): number {
  let found = 0;
  for (let at = from; at < to; at++) if (ids[at] === id) found++;
  return found;
}

/** A separate function, so that V8 optimises its loop. */
function rename(from: CharacterIds, renamed: Uint16Array, to: CharacterIds): void {
  for (let at = 0; at < to.length; at++) to[at] = renamed[from[at]];
}

/** Allocates `length` ids of a vocabulary, in shared memory if the platform has it, so that workers need no copy. */
export function allocateIds(length: number, vocabularySize: number): CharacterIds {
  const bytes = length * (vocabularySize <= 256 ? 1 : 2);
  const buffer =
    typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
  return vocabularySize <= 256 ? new Uint8Array(buffer) : new Uint16Array(buffer);
}

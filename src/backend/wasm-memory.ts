import { type Address, type LinearMemory, WORD } from "./backend.ts";

const PAGE = 65536;

/** All that 32-bit addresses can reach, less the last page, so that no address wraps to 0. Only reserved. */
const MAXIMUM_PAGES = 65535;

const INITIAL_PAGES = 64;

/** The memory behind a heap of float32. A maximum is fixed at the start, so that engines reserve it and never move. */
export function createMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: MAXIMUM_PAGES });
}

/**
 * A WebAssembly memory as a backend's heap, from `start` on.
 * @param grown told of the new buffer after the memory has grown, before anything else may use it
 */
export function linearMemory(
  memory: WebAssembly.Memory,
  start: Address,
  grown?: (buffer: ArrayBufferLike) => void,
): LinearMemory {
  let words = new Float32Array(memory.buffer);
  /** All of the heap, without a new view in every call. Growing detaches memory.buffer, so each asks for it. */
  const floats = () => {
    const { buffer } = memory;
    if (words.buffer !== buffer) words = new Float32Array(buffer);
    return words;
  };
  const readSync = (address: Address, count: number) =>
    new Float32Array(memory.buffer, address, count).slice();
  return {
    start,
    limit: MAXIMUM_PAGES * PAGE,
    reserve(end) {
      const pages = Math.ceil((end - memory.buffer.byteLength) / PAGE);
      if (pages <= 0) return true;
      try {
        memory.grow(pages);
      } catch (error) {
        if (error instanceof RangeError) return false;
        throw error;
      }
      grown?.(memory.buffer);
      return true;
    },
    write(address, values, dtype) {
      if (dtype === "f32") floats().set(values, address / WORD);
      else new Int32Array(memory.buffer, address, values.length).set(values);
    },
    async read(address, count, into) {
      if (into === undefined) return readSync(address, count);
      into.set(new Float32Array(memory.buffer, address, count));
      return into;
    },
    readSync,
    readInto(address, target) {
      const all = floats();
      const first = address / WORD;
      for (let i = 0; i < target.length; i++) target[i] = all[first + i];
    },
    readIntsSync: (address, count) => new Int32Array(memory.buffer, address, count).slice(),
  };
}

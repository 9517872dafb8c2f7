import { OutOfMemoryError } from "../core/errors.ts";
import { type Address, type LinearMemory, WORD } from "./backend.ts";

/** Bytes of a page of WebAssembly memory. */
const PAGE = 65536;

/** All that 32-bit addresses can reach, less the last page, so that no address wraps to 0. Only reserved. */
export const MOST_BYTES = 65535 * PAGE;

/** What a heap has from the start. */
export const LEAST_BYTES = 64 * PAGE;

/** Tried one after the other where nobody has said how much: phones refuse 4 GiB, and so does `ulimit -v`. */
const DEFAULT_MAXIMA = [MOST_BYTES, 2 ** 31, 2 ** 30, 2 ** 29, 2 ** 28];

/** A WebAssembly memory and how far it may grow. */
export interface ReservedMemory {
  readonly memory: WebAssembly.Memory;
  /** Bytes that it can ever have. */
  readonly limit: number;
  /** The option that has set the limit, for errors; absent where it is the default. */
  readonly limitOption?: string;
}

/**
 * The memory behind a heap of float32. A maximum is fixed at the start, so that engines reserve it and never move.
 * @param maximumBytes how far it may grow, from LEAST_BYTES to MOST_BYTES; without one, the most that the engine gives
 * @throws OutOfMemoryError where the engine refuses to reserve that much
 */
export function reserveMemory(maximumBytes?: number): ReservedMemory {
  let refusal: unknown;
  const wanted = maximumBytes === undefined ? DEFAULT_MAXIMA : [maximumBytes];
  for (const bytes of wanted) {
    const maximum = Math.floor(bytes / PAGE);
    try {
      const memory = new WebAssembly.Memory({ initial: LEAST_BYTES / PAGE, maximum });
      const limit = maximum * PAGE;
      return maximumBytes === undefined ? { memory, limit } : { memory, limit, limitOption: "maximumBytes" };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      refusal = error;
    }
  }
  const [bytes] = wanted.slice(-1);
  throw new OutOfMemoryError("the heap", bytes, bytes, 0, {
    hint: "close other pages and programs, or load the kernels with a smaller maximumBytes",
    cause: refusal,
  });
}

/**
 * A WebAssembly memory as a backend's heap, from `start` on.
 * @param grown told of the new buffer after the memory has grown, before anything else may use it
 */
export function linearMemory(
  { memory, limit, limitOption }: ReservedMemory,
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
    limit,
    limitOption,
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

import { OutOfMemoryError } from "../core/errors.ts";
import { type Address, type LinearMemory, WORD } from "./backend.ts";

/** Size of a page of WebAssembly memory, in bytes. */
const PAGE = 65536;

/**
 * The largest heap that 32-bit addresses reach, without the last page, so that no address wraps to 0. It is only
 * reserved.
 */
export const MOST_BYTES = 65535 * PAGE;

/** The initial size of a heap, in bytes. */
export const LEAST_BYTES = 64 * PAGE;

/** Sizes that are tried in turn if no maximum is given: phones refuse 4 GiB, and so does `ulimit -v`. */
const DEFAULT_MAXIMA = [MOST_BYTES, 2 ** 31, 2 ** 30, 2 ** 29, 2 ** 28];

/** A WebAssembly memory and its size limit. */
export interface ReservedMemory {
  readonly memory: WebAssembly.Memory;
  /** The largest size of the memory, in bytes. */
  readonly limit: number;
  /** The name of the option that set the limit, for error messages; absent for the default limit. */
  readonly limitOption?: string;
}

/**
 * Creates the memory of a float32 heap. The maximum is fixed at creation, so that engines reserve the address range and
 * never move the memory.
 * @param maximumBytes the largest size, from LEAST_BYTES to MOST_BYTES. Default: the most that the engine reserves
 * @throws OutOfMemoryError if the engine refuses to reserve that much
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
 * A WebAssembly memory as a backend's heap.
 * @param start first address of the heap
 * @param grown called with the new buffer after the memory has grown, before anything else uses it
 */
export function linearMemory(
  { memory, limit, limitOption }: ReservedMemory,
  start: Address,
  grown?: (buffer: ArrayBufferLike) => void,
): LinearMemory {
  let words = new Float32Array(memory.buffer);
  /**
   * A view of the whole heap, cached to avoid a new view per call. Growing detaches memory.buffer, so check it each
   * time.
   */
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

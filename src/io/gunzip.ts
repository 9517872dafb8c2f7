import { escapeControl, FormatError, formatBytes } from "../core/index.ts";
import { BYTES, checkValue, type Ranges, SIZE, settle, TEXT } from "../core/options.ts";

export interface GunzipOptions {
  /** The most bytes that the content may have; default 1 GiB. */
  maxBytes?: number;
}

const RANGES: Ranges<GunzipOptions> = { maxBytes: SIZE };

/**
 * Unpack a gzip file (RFC 1952) of one member. Its checksum is compared. Unpacking stops at the limit, whatever length the file claims.
 * @param bytes the whole file
 * @param name of the file, for errors
 * @throws FormatError for what is no gzip file or several in one, is damaged or cut off, and for more content than `maxBytes`
 */
export async function gunzip(
  bytes: Uint8Array,
  name: string,
  options: GunzipOptions = {},
): Promise<Uint8Array> {
  checkValue("gunzip: bytes", BYTES, bytes);
  checkValue("gunzip: name", TEXT, name);
  const { maxBytes } = settle<Required<GunzipOptions>>("gunzip", RANGES, { maxBytes: 2 ** 30 }, options);
  const where = escapeControl(name);
  const stream = new DecompressionStream("gzip");
  const writer = stream.writable.getWriter();
  // Not awaited: writing waits until the content is read. What goes wrong is thrown by the reader too. A stream takes no
  // shared memory.
  const own = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
  const written = Promise.allSettled([writer.write(own), writer.close()]);
  const reader = stream.readable.getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > maxBytes) {
        await reader.cancel();
        throw new FormatError(where, `the file has more than ${formatBytes(maxBytes)} when it is unpacked`, {
          hint: "unpack it yourself, with gunzip, and cut it into several files",
        });
      }
      pieces.push(value);
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(where, "this is not one gzip file, or it is damaged", {
      hint: "get it again, or unpack it with gunzip",
      cause: error,
    });
  } finally {
    await written;
  }
  const content = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    content.set(piece, at);
    at += piece.length;
  }
  return content;
}

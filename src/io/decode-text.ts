import { FormatError } from "../core/index.ts";

/**
 * The text of a UTF-8 file, without its byte order mark.
 * @param name as errors are to show it
 * @throws FormatError for an empty file, one in UTF-16, one with a byte 0, and naming the line, for what is no UTF-8
 */
export function decodeText(bytes: Uint8Array, name: string): string {
  checkText(bytes, name);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw notUtf8(bytes, name);
  }
}

/** Bytes that are decoded at once. A text may have more than the 2^29 characters that one string can have. */
const BLOCK = 1 << 20;

/**
 * The lines of a UTF-8 file, without the LF or CRLF that ends them and without its byte order mark. A last line without an
 * end is one too.
 * @param name as errors are to show it
 * @throws FormatError as {@link decodeText}, and for a line of more than 2^28 bytes
 */
export function* decodeLines(bytes: Uint8Array, name: string): Generator<string> {
  checkText(bytes, name);
  for (let from = 0; from < bytes.length; ) {
    const to = endOfBlock(bytes, from);
    if (to - from > LONGEST_LINE) {
      throw new FormatError(`${name}:${lineAt(bytes, from)}`, `the line has more than ${LONGEST_LINE} bytes`);
    }
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: from > 0 }).decode(bytes.subarray(from, to));
    } catch {
      throw notUtf8(bytes, name);
    }
    const lines = text.split("\n");
    // Behind the LF that ends the block is nothing.
    if (bytes[to - 1] === LF) lines.pop();
    for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
    from = to;
  }
}

const LF = 0x0a;
const LONGEST_LINE = 2 ** 28;

/** After the last line end of the next block; of a longer line, after its own. */
function endOfBlock(bytes: Uint8Array, from: number): number {
  if (from + BLOCK >= bytes.length) return bytes.length;
  const last = bytes.lastIndexOf(LF, from + BLOCK - 1);
  if (last >= from) return last + 1;
  const next = bytes.indexOf(LF, from + BLOCK);
  return next < 0 ? bytes.length : next + 1;
}

function checkText(bytes: Uint8Array, name: string): void {
  if (bytes.length === 0) throw new FormatError(name, "the file is empty");
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new FormatError(name, "the file is in UTF-16", { hint: "save it as UTF-8" });
  }
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    throw new FormatError(`${name}:${lineAt(bytes, zero)}`, "a byte 0: this is no text", {
      hint: "give a file of text in UTF-8",
    });
  }
}

function notUtf8(bytes: Uint8Array, name: string): FormatError {
  return new FormatError(`${name}:${invalidLine(bytes)}`, "the text is not UTF-8", {
    hint: "convert the file to UTF-8, such as with: iconv -f latin1 -t utf-8",
  });
}

/** The line of a byte, from 1. */
function lineAt(bytes: Uint8Array, at: number): number {
  let line = 1;
  for (let k = 0; k < at; k++) if (bytes[k] === LF) line++;
  return line;
}

/** The first line that is no UTF-8. No sequence of several bytes has a line end in it, so lines are decoded alone. */
function invalidLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  for (let from = 0; from < bytes.length; line++) {
    const end = bytes.indexOf(LF, from);
    const to = end < 0 ? bytes.length : end + 1;
    try {
      decoder.decode(bytes.subarray(from, to));
    } catch {
      return line;
    }
    from = to;
  }
  return line;
}

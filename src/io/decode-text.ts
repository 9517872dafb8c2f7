import { FormatError } from "../core/index.ts";

/**
 * The text of a UTF-8 file, without its byte order mark.
 * @param name as errors are to show it
 * @throws FormatError for an empty file, one in UTF-16, one with a byte 0, and naming the line, for what is no UTF-8
 */
export function decodeText(bytes: Uint8Array, name: string): string {
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
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(`${name}:${invalidLine(bytes)}`, "the text is not UTF-8", {
      hint: "convert the file to UTF-8, such as with: iconv -f latin1 -t utf-8",
    });
  }
}

/** The line of a byte, from 1. */
function lineAt(bytes: Uint8Array, at: number): number {
  let line = 1;
  for (let k = 0; k < at; k++) if (bytes[k] === 0x0a) line++;
  return line;
}

/** The first line that is no UTF-8. No sequence of several bytes has a line end in it, so lines are decoded alone. */
function invalidLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  for (let from = 0; from < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, from);
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

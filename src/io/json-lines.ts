import { escapeControl, FormatError, InputError } from "../core/index.ts";
import { BYTES, COUNT, checkValue, OBJECT, type Range, refuseOthers, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { decodeText } from "./decode-text.ts";
import { listNames, quote } from "./table-columns.ts";

/** A file of JSON objects, one on each line. */
export interface JsonLines {
  /** As errors show it. */
  readonly name: string;
  readonly records: readonly Readonly<Record<string, unknown>>[];
  /** The line of each record, from 1. */
  readonly lines: Int32Array;
}

/**
 * Parse JSON lines: a JSON object on each line. Lines end with LF or CRLF; empty lines are skipped.
 * @param bytes UTF-8, with or without a byte order mark
 * @param options the file's name, for errors
 * @throws FormatError naming file and line, for what is no UTF-8, no JSON or no object, and for a file without a record
 */
export function parseJsonLines(bytes: Uint8Array, options: { name: string }): JsonLines {
  checkValue("parseJsonLines: bytes", BYTES, bytes);
  refuseOthers("parseJsonLines", { name: 0 }, options);
  checkValue("parseJsonLines: name", TEXT, options.name);
  const name = escapeControl(options.name);
  const records: Record<string, unknown>[] = [];
  const lines: number[] = [];
  let line = 0;
  for (const text of decodeText(bytes, name).split("\n")) {
    line++;
    if (text.trim() === "") continue;
    records.push(parseRecord(text, `${name}:${line}`));
    lines.push(line);
  }
  if (records.length === 0) throw new FormatError(name, "the file has no record");
  return { name, records, lines: Int32Array.from(lines) };
}

function parseRecord(text: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FormatError(where, "the line is not JSON", {
      hint: 'write one JSON object per line: {"text": "...", "label": "..."}',
      cause: error,
    });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new FormatError(where, `the line is no JSON object but ${showValue(value)}`, {
    hint: "write each record as an object with names and values",
  });
}

const JSON_LINES: Range = {
  text: "JSON lines, as parseJsonLines makes them",
  fits: (value) => {
    if (!OBJECT.fits(value)) return false;
    const { name, records, lines } = value as Partial<JsonLines>;
    return (
      TEXT.fits(name) && Array.isArray(records) && OBJECT.fits(lines) && lines?.length === records.length
    );
  },
};

/**
 * A text of a record; a number or a truth value is given as JSON writes it.
 * @param index of the record
 * @param field its name in the record
 * @throws FormatError naming file and line, if the record has no such field, or another kind of value in it
 */
export function textField(file: JsonLines, index: number, field: string): string {
  checkValue("textField: file", JSON_LINES, file);
  checkValue("textField: field", TEXT, field);
  const record: unknown = COUNT.fits(index) ? file.records[index] : undefined;
  if (!OBJECT.fits(record)) {
    throw new InputError(
      `textField: index must be an integer in [0, ${file.records.length}), got ${showValue(index)}`,
    );
  }
  const where = `${file.name}:${file.lines[index]}`;
  if (!Object.hasOwn(record as object, field)) {
    throw new FormatError(
      where,
      `there is no field ${quote(field)}; the fields are ${listNames(Object.keys(record as object))}`,
      { hint: "give each record that field, or name the one that it has" },
    );
  }
  const value = (record as Record<string, unknown>)[field];
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return JSON.stringify(value);
  throw new FormatError(where, `field ${quote(field)} must be a text, got ${showValue(value)}`, {
    hint: "write the field as a text in quotes",
  });
}

/** Files of captions: JSON as COCO, Flickr8k and Hugging Face have it, JSON lines, tables. */
import { escapeControl, FormatError } from "../core/errors.ts";
import { BYTES, checkValue, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";
import { decodeLines, decodeText } from "../io/decode-text.ts";
import { parseJsonLines } from "../io/json-lines.ts";
import { listNames, placeOfRow, quote } from "../io/table-columns.ts";

/** The captions of one picture. */
export interface PictureCaptions {
  /** The picture's name as the file has it, with / between folders. */
  readonly file: string;
  /** In normal form C, without white space at their ends, each once; none for a picture that is only named. */
  readonly captions: readonly string[];
  /** The part of the data that the file puts the picture in, such as "train"; undefined where it says nothing. */
  readonly split: string | undefined;
  /** The first place that names the picture, for errors. */
  readonly where: string;
}

/** What a file of captions says. */
export interface CaptionList {
  /** One for each picture, in the order of their first mention. */
  readonly pictures: readonly PictureCaptions[];
  /** Captions of white space alone, which were left out. */
  readonly empty: number;
  /** Captions that their picture had before, which were left out. */
  readonly repeated: number;
}

/** Names of a picture's file, in the order of preference, and of its captions. */
const FILE_FIELDS = ["file", "image", "filename", "file_name", "image_name"];
const CAPTION_FIELDS = ["captions", "caption", "sentences", "text"];
const SPLIT_FIELD = "split";

/** Longer texts are no captions: what is in the file is something else. */
const LONGEST = 10_000;

const FORM = {
  hint: 'write [{"file": "a.png", "captions": ["...", "..."]}, ...] (.json), such objects on lines (.jsonl), or a table with the columns image and caption (.csv)',
} as const;

type Fields = Readonly<Record<string, unknown>>;

/** A picture's name as files of pictures are named: with / between folders, in normal form C. */
export function normalizePath(name: string): string {
  return name
    .normalize("NFC")
    .replaceAll("\\", "/")
    .replace(/^(?:\.\/)+/, "");
}

/**
 * Parse a file of captions. A picture may have several captions, in a list or in several records or rows.
 *
 * - .json: a list of objects, or an object with such a list as `images`. The picture is named by `file`, `image`,
 *   `filename` or `file_name`, its captions are `captions`, `caption`, `text`, or `sentences` (texts, or objects with
 *   `raw`); `split` may say which part of the data it belongs to. Or as COCO has it: `images` with `id` and `file_name`,
 *   `annotations` with `image_id` and `caption`.
 * - .jsonl, .ndjson: such an object on each line.
 * - Others: a table with a header and columns of these names, as Flickr8k's `image,caption`; or a line
 *   `NAME#NUMBER`, tab, caption for each caption, as in `Flickr8k.token.txt`.
 * @param bytes UTF-8
 * @param name of the file: its extension says what it is; and for errors
 * @throws FormatError naming the record or line, for what is none of these, a picture without a name or in two splits,
 * captions that are no texts or longer than 10,000 characters, and COCO's captions of pictures that are not listed
 */
export async function parseCaptions(bytes: Uint8Array, name: string): Promise<CaptionList> {
  checkValue("parseCaptions: bytes", BYTES, bytes);
  checkValue("parseCaptions: name", TEXT, name);
  const collector = new CaptionCollector(escapeControl(name));
  const extension = /\.([^./\\]+)$/.exec(name)?.[1].toLowerCase() ?? "";
  if (extension === "json") readJson(bytes, collector);
  else if (extension === "jsonl" || extension === "ndjson") {
    const lines = parseJsonLines(bytes, { name });
    for (const [at, record] of lines.records.entries()) {
      collector.addRecord(record, `${lines.name}:${lines.lines[at]}`);
    }
  } else if (TOKEN_LINE.test(firstLine(bytes))) readTokenLines(bytes, collector);
  else await readTable(bytes, name, collector);
  return collector.finish();
}

/** `1000268201_693b08cb0e.jpg#0	A child in a pink dress ...` */
const TOKEN_LINE = /^([^\t]+)#\d{1,6}\t(.*)$/su;

function firstLine(bytes: Uint8Array): string {
  const end = bytes.indexOf(0x0a);
  return new TextDecoder().decode(bytes.subarray(0, Math.min(end < 0 ? bytes.length : end, LONGEST)));
}

function readTokenLines(bytes: Uint8Array, collector: CaptionCollector): void {
  let number = 0;
  for (const line of decodeLines(bytes, collector.name)) {
    number++;
    if (line.trim() === "") continue;
    const where = `${collector.name}:${number}`;
    const match = TOKEN_LINE.exec(line);
    if (match === null) {
      throw new FormatError(where, "the line is not a name, #, a number, a tab and a caption", {
        hint: "write each line as those before it, or the file as a table with the columns image and caption",
      });
    }
    collector.add(match[1], [match[2]], undefined, where);
  }
}

async function readTable(bytes: Uint8Array, name: string, collector: CaptionCollector): Promise<void> {
  // Loaded with its package only where there is a table.
  const { parseTable } = await import("../io/table.ts");
  const table = parseTable(bytes, { name });
  const find = (names: readonly string[]) =>
    names
      .map((usual) => table.columns.findIndex((column) => column.toLowerCase() === usual))
      .find((at) => at >= 0);
  const [file, caption, split] = [find(FILE_FIELDS), find(CAPTION_FIELDS), find([SPLIT_FIELD])];
  if (file === undefined || caption === undefined) {
    const missing = quote(file === undefined ? "image" : "caption");
    throw new FormatError(
      table.name,
      `there is no column ${missing}; the columns are ${listNames(table.columns)}`,
      { hint: "name the columns image and caption in the first line" },
    );
  }
  for (const [row, cells] of table.rows.entries()) {
    const own = split === undefined ? "" : cells[split].trim();
    collector.add(cells[file], [cells[caption]], own || undefined, placeOfRow(table, row));
  }
}

function readJson(bytes: Uint8Array, collector: CaptionCollector): void {
  const { name } = collector;
  let value: unknown;
  try {
    value = JSON.parse(decodeText(bytes, name));
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(name, "the file is not JSON", {
      hint: "correct it; a file with an object on each line is named .jsonl",
      cause: error,
    });
  }
  const { images, annotations } = isFields(value) ? value : { images: value, annotations: undefined };
  if (!Array.isArray(images)) {
    throw new FormatError(
      name,
      `there is no list of pictures, and no object with one as images, but ${showValue(value)}`,
      FORM,
    );
  }
  if (annotations !== undefined) readCoco(images, annotations, collector);
  else for (const [at, record] of images.entries()) collector.addRecord(record, `${name}: entry ${at}`);
}

/** Pictures and captions in lists of their own, joined by the pictures' ids. */
function readCoco(images: readonly unknown[], annotations: unknown, collector: CaptionCollector): void {
  const { name } = collector;
  const files = new Map<unknown, string>();
  for (const [at, image] of images.entries()) {
    const where = `${name}: images: entry ${at}`;
    const { id } = requireFields(image, where);
    if (!isId(id) || files.has(id)) {
      throw new FormatError(
        where,
        `id must be a number or a text that no other picture has, got ${showValue(id)}`,
      );
    }
    const file = fileOf(image as Fields, where);
    files.set(id, file);
    collector.add(file, [], splitOf(image as Fields, where), where);
  }
  if (!Array.isArray(annotations)) {
    throw new FormatError(name, `annotations must be a list, got ${showValue(annotations)}`);
  }
  for (const [at, annotation] of annotations.entries()) {
    const where = `${name}: annotations: entry ${at}`;
    const fields = requireFields(annotation, where);
    const file = files.get(fields.image_id);
    if (file === undefined) {
      throw new FormatError(
        where,
        `image_id is the id of none of the images: ${showValue(fields.image_id)}`,
        {
          hint: "list every picture in images, or remove its captions",
        },
      );
    }
    collector.add(file, captionsOf(fields, where), undefined, where);
  }
}

const isId = (value: unknown): boolean => typeof value === "string" || Number.isSafeInteger(value);
const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function requireFields(value: unknown, where: string): Fields {
  if (isFields(value)) return value;
  throw new FormatError(where, `must be an object, got ${showValue(value)}`, FORM);
}

/** The first of some fields that a record has. */
function fieldOf(record: Fields, names: readonly string[]): unknown {
  const name = names.find((usual) => Object.hasOwn(record, usual));
  return name === undefined ? undefined : record[name];
}

function fileOf(record: Fields, where: string): string {
  const file = fieldOf(record, FILE_FIELDS);
  if (typeof file === "string") return file;
  const got =
    file === undefined ? `the fields are ${listNames(Object.keys(record)) || "none"}` : showValue(file);
  throw new FormatError(where, `file must be the name of a picture; ${got}`, FORM);
}

function splitOf(record: Fields, where: string): string | undefined {
  const split = fieldOf(record, [SPLIT_FIELD]);
  if (split === undefined || split === null || split === "") return undefined;
  if (typeof split === "string") return split;
  throw new FormatError(where, `split must be a text, got ${showValue(split)}`);
}

/** A text, or a list of texts or of objects with a text. */
function captionsOf(record: Fields, where: string): string[] {
  const given = fieldOf(record, CAPTION_FIELDS);
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  return list.map((one) => {
    const text = isFields(one) ? fieldOf(one, ["raw", "caption"]) : one;
    if (typeof text === "string") return text;
    throw new FormatError(where, `captions must be texts, got ${showValue(one)}`, FORM);
  });
}

interface Collected {
  readonly file: string;
  readonly captions: Set<string>;
  readonly where: string;
  split: string | undefined;
}

class CaptionCollector {
  /** Of the file, as errors show it. */
  readonly name: string;
  private readonly pictures = new Map<string, Collected>();
  private empty = 0;
  private repeated = 0;

  constructor(name: string) {
    this.name = name;
  }

  addRecord(record: unknown, where: string): void {
    const fields = requireFields(record, where);
    this.add(fileOf(fields, where), captionsOf(fields, where), splitOf(fields, where), where);
  }

  add(name: string, captions: readonly string[], split: string | undefined, where: string): void {
    const file = normalizePath(name.trim());
    if (file === "" || file.endsWith("/")) {
      throw new FormatError(where, `the picture has no name: ${quote(name)}`, {
        hint: "name the file of the picture, or leave the caption out",
      });
    }
    const own = this.pictures.get(file) ?? { file, captions: new Set(), where, split };
    this.pictures.set(file, own);
    if (own.split !== split && own.split !== undefined && split !== undefined) {
      throw new FormatError(
        where,
        `${quote(file)} is in the split ${quote(split)}, and in ${quote(own.split)} at ${own.where}`,
        { hint: "put each picture in one split" },
      );
    }
    own.split ??= split;
    for (const text of captions) this.addCaption(own.captions, text, where);
  }

  private addCaption(captions: Set<string>, text: string, where: string): void {
    if (text.length > LONGEST) {
      throw new FormatError(where, `a caption has ${text.length} characters; at most ${LONGEST} are read`, {
        hint: "shorten it, or leave it out",
      });
    }
    const caption = text.normalize("NFC").trim();
    if (caption === "") this.empty++;
    else if (captions.has(caption)) this.repeated++;
    else captions.add(caption);
  }

  finish(): CaptionList {
    const { empty, repeated } = this;
    const pictures = Array.from(this.pictures.values(), (own): PictureCaptions => {
      return { file: own.file, captions: [...own.captions], split: own.split, where: own.where };
    });
    if (pictures.length === 0) {
      throw new FormatError(this.name, "the file has no captions", FORM);
    }
    return { pictures, empty, repeated };
  }
}

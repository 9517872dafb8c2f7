/** Files of captions: which picture has which. */
import { escapeControl, FormatError } from "../../core/errors.ts";
import type { DataFile } from "../../data/data-source.ts";
import { decodeText } from "../../io/decode-text.ts";
import { parseJsonLines } from "../../io/json-lines.ts";
import { listNames, quote } from "../../io/table-columns.ts";

/** Captions by the name of their picture, in the order in which the file has them. */
export type CaptionLists = Map<string, string[]>;

export const CAPTION_FILE = /\.(json|jsonl|ndjson|csv|tsv)$/i;

/** Names that a picture and its captions have in files of other people, the usual one first. */
const PICTURE_NAMES = ["image", "file", "file_name", "filename", "picture", "path"];
const CAPTION_NAMES = ["captions", "caption", "text", "sentences", "raw"];

const HINT = {
  hint: 'write [{"file": "a.png", "captions": ["...", "..."]}, ...] (.json), such objects on lines (.jsonl), or a table with the columns image and caption (.csv)',
} as const;

/**
 * Read a file of captions:
 *
 * - .csv, .tsv: a row for each caption, with columns image and caption, as those of Flickr8k;
 * - .jsonl, .ndjson: an object on each line, { file, captions };
 * - .json: a list of such objects, or an object with a list `images` of them; or that of COCO, whose `annotations` have the
 *   captions of the `images`.
 * @throws FormatError naming the file and the entry that is wrong
 */
export async function readCaptionLists(file: DataFile): Promise<CaptionLists> {
  const bytes = await file.read();
  const name = escapeControl(file.name);
  const lists: CaptionLists = new Map();
  if (/\.(csv|tsv)$/i.test(file.name)) await addTable(lists, bytes, file.name);
  else if (/\.json$/i.test(file.name)) addJson(lists, parseJson(bytes, name), name);
  else {
    const { records, lines } = parseJsonLines(bytes, { name: file.name });
    for (const [index, record] of records.entries()) addEntry(lists, record, `${name}:${lines[index]}`);
  }
  if (lists.size === 0) throw new FormatError(name, "the file has no caption", HINT);
  return lists;
}

function add(lists: CaptionLists, picture: string, captions: readonly string[]): void {
  const own = lists.get(picture);
  if (own === undefined) lists.set(picture, [...captions]);
  else own.push(...captions);
}

async function addTable(lists: CaptionLists, bytes: Uint8Array, file: string): Promise<void> {
  // Loaded with its package only where there is a table.
  const { parseTable } = await import("../../io/table.ts");
  const table = parseTable(bytes, { name: file });
  const find = (names: readonly string[], what: string) => {
    const lower = table.columns.map((column) => column.toLowerCase());
    const found = names.map((name) => lower.indexOf(name)).find((at) => at >= 0);
    if (found !== undefined) return found;
    const has = `its columns are ${listNames(table.columns)}`;
    throw new FormatError(table.name, `there is no column ${quote(names[0])} for the ${what}; ${has}`, {
      hint: "name the columns image and caption in the first line",
    });
  };
  const [picture, text] = [find(PICTURE_NAMES, "picture"), find(["caption", ...CAPTION_NAMES], "caption")];
  for (const row of table.rows) add(lists, row[picture], [row[text]]);
}

function parseJson(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(decodeText(bytes, name));
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(name, "the file is not JSON", { ...HINT, cause });
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function addJson(lists: CaptionLists, value: unknown, name: string): void {
  const { images, annotations } = isObject(value) ? value : { images: value };
  if (!Array.isArray(images)) throw new FormatError(name, "there is no list of pictures", HINT);
  if (Array.isArray(annotations)) addAnnotations(lists, images, annotations, name);
  else for (const [index, entry] of images.entries()) addEntry(lists, entry, `${name}: entry ${index}`);
}

function addEntry(lists: CaptionLists, entry: unknown, where: string): void {
  if (!isObject(entry)) throw new FormatError(where, "must be an object of a picture and its captions", HINT);
  const captions = CAPTION_NAMES.map((name) => entry[name]).find((own) => own !== undefined);
  const list = (Array.isArray(captions) ? captions : [captions]).map((one) =>
    isObject(one) ? (one.raw ?? one.caption) : one,
  );
  if (!list.every((one) => typeof one === "string")) {
    throw new FormatError(where, "captions must be a list of texts", HINT);
  }
  add(lists, pictureOf(entry, where), list);
}

function pictureOf(entry: Readonly<Record<string, unknown>>, where: string): string {
  const picture = PICTURE_NAMES.map((name) => entry[name]).find((own) => own !== undefined);
  if (typeof picture === "string" && picture !== "") return picture;
  throw new FormatError(where, "file must be the name of a picture", HINT);
}

/** As the files of COCO have it. */
function addAnnotations(
  lists: CaptionLists,
  images: readonly unknown[],
  annotations: readonly unknown[],
  name: string,
): void {
  const names = new Map<unknown, string>();
  for (const [index, image] of images.entries()) {
    const where = `${name}: images: entry ${index}`;
    if (!isObject(image)) throw new FormatError(where, "must be an object", HINT);
    names.set(image.id, pictureOf(image, where));
  }
  for (const [index, annotation] of annotations.entries()) {
    const where = `${name}: annotations: entry ${index}`;
    if (!isObject(annotation) || typeof annotation.caption !== "string") {
      throw new FormatError(where, "caption must be a text", HINT);
    }
    const picture = names.get(annotation.image_id);
    if (picture === undefined) throw new FormatError(where, "image_id is the id of none of the images");
    add(lists, picture, [annotation.caption]);
  }
}

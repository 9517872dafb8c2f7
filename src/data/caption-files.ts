/** Pictures with captions, from files: which captions belong to which picture. */
import { escapeControl, FormatError, InputError } from "../core/errors.ts";
import type { LoadHooks } from "../core/hooks.ts";
import { checkValue, FLAG, OBJECT, type Range, type Ranges, settle } from "../core/options.ts";
import { decodeLines } from "../io/decode-text.ts";
import { quote } from "../io/table-columns.ts";
import { normalizePath, type PictureCaptions, parseCaptions } from "./caption-lists.ts";
import type { DataFile, DataSource } from "./data-source.ts";
import { checkNames, type PictureArrays, parsePictureArrays } from "./picture-arrays.ts";
import { PictureNames } from "./picture-names.ts";

/** A picture with its captions. */
export interface CaptionedPicture {
  /** As its file is called, with / between folders. */
  readonly name: string;
  /** At least one, all different. */
  readonly captions: readonly string[];
  /** The part of the data that the captions' file puts it in, such as "train"; undefined where it says nothing. */
  readonly split: string | undefined;
  /** Its place in `files` or in `arrays`. */
  readonly row: number;
}

export interface CaptionedFiles {
  /** In the order of their first captions. */
  readonly pictures: readonly CaptionedPicture[];
  /** Files of pictures; none where there is an array of them. */
  readonly files: readonly DataFile[];
  readonly arrays: PictureArrays | undefined;
}

export interface CaptionFilesOptions {
  /** Leave captions out whose picture is not there. Default false: they are an error. */
  readonly skipMissing?: boolean;
}

const RANGES: Ranges<CaptionFilesOptions> = { skipMissing: FLAG };

const SOURCE: Range = {
  text: "a source of data, as memorySource makes it",
  fits: (value) => typeof (Object(value) as Partial<DataSource>).listFiles === "function",
};

type Kind = "picture" | "array" | "names" | "captions" | "other";

const KINDS: Readonly<Record<string, Kind>> = {
  png: "picture",
  jpg: "picture",
  jpeg: "picture",
  npy: "array",
  npz: "array",
  safetensors: "array",
  json: "captions",
  jsonl: "captions",
  ndjson: "captions",
  csv: "captions",
  tsv: "captions",
};

const NAMES_FILE = "names.txt";
/** Texts are captions where their name says so: Flickr8k's are in `captions.txt` or `Flickr8k.token.txt`. */
const CAPTION_TEXT = /(?:caption|token)[^/]*\.txt$/i;

function kindOf(name: string): Kind {
  if (name.slice(name.lastIndexOf("/") + 1).toLowerCase() === NAMES_FILE) return "names";
  if (CAPTION_TEXT.test(name)) return "captions";
  const extension = /\.([^./\\]+)$/.exec(name)?.[1].toLowerCase() ?? "";
  return Object.hasOwn(KINDS, extension) ? KINDS[extension] : "other";
}

/**
 * Read captions, and find the picture of each: files of captions (as `parseCaptions` reads them), and either files of
 * pictures (.png, .jpg, .jpeg; not opened yet) or one array of pictures or features (as `parsePictureArrays` reads it). A caption's
 * picture is found by its path below the folder, else by the name at its end.
 *
 * An array has the names of its pictures in its file or, one on each line, in a file `names.txt`. Without names they
 * belong to the captions' pictures in their order, if there are as many, with a note.
 *
 * What is left out is noted: pictures without captions, captions that are empty or that their picture had before, files
 * that are none of these.
 * @throws InputError for captions of pictures that are not there, naming the first three and their number, unless
 * `skipMissing` leaves them out; for no captions or no pictures; for two captioned names that are one picture; FormatError
 * as `parseCaptions` and `parsePictureArrays` do
 */
export async function readCaptionFiles(
  source: DataSource,
  options: CaptionFilesOptions,
  hooks: LoadHooks,
): Promise<CaptionedFiles> {
  checkValue("readCaptionFiles: source", SOURCE, source);
  const settings = settle<Required<CaptionFilesOptions>>(
    "readCaptionFiles",
    RANGES,
    { skipMissing: false },
    options,
  );
  checkValue("readCaptionFiles: hooks", OBJECT, hooks);
  const all = await source.listFiles(hooks);
  const ofKind = (kind: Kind) => all.filter(({ name }) => kindOf(name) === kind);
  noteSome(ofKind("other"), (count) => `${count} neither of captions nor of pictures left out`, hooks);
  const captionFiles = ofKind("captions");
  if (captionFiles.length === 0) {
    throw new InputError(`there are no captions in ${escapeControl(source.description)}`, {
      hint: "add a file of captions: captions.json, or a table captions.csv with the columns image and caption",
    });
  }
  const list = await readLists(captionFiles, source, hooks);
  const files = ofKind("picture");
  const arrays = ofKind("array");
  if (arrays.length > 1 || (arrays.length > 0 && files.length > 0)) {
    const [one, other] = [...arrays, ...files].map(({ name }) => quote(name));
    throw new InputError(`pictures are given twice, in ${one} and in ${other}`, {
      hint: "name one array, or files of pictures",
    });
  }
  const array = arrays.length === 0 ? undefined : await readArrays(arrays[0], ofKind("names"), list, hooks);
  const names = array?.names ?? files.map(({ name }) => name);
  if (names.length === 0) {
    throw new InputError(`there are captions in ${escapeControl(source.description)}, but no pictures`, {
      hint: "name the folder of the pictures too (.png, .jpg), or an array of them or of their features (.npy, .npz, .safetensors)",
    });
  }
  const pictures = joinCaptions(list, names, settings.skipMissing, hooks);
  return { pictures, files, arrays: array };
}

/** All files of captions as one list. */
async function readLists(
  files: readonly DataFile[],
  { description }: DataSource,
  hooks: LoadHooks,
): Promise<PictureCaptions[]> {
  const found = new Map<string, PictureCaptions>();
  let [empty, repeated] = [0, 0];
  for (const [index, file] of files.entries()) {
    hooks.onProgress(`reading ${description}`, index, files.length);
    hooks.signal?.throwIfAborted();
    const list = await parseCaptions(await file.read(), file.name);
    empty += list.empty;
    repeated += list.repeated;
    for (const picture of list.pictures) {
      const before = found.get(picture.file);
      found.set(picture.file, before === undefined ? picture : mergeCaptions(before, picture));
    }
  }
  if (empty > 0) hooks.onNote(`${empty} ${empty === 1 ? "caption" : "captions"} without a word left out`);
  if (repeated > 0) {
    hooks.onNote(
      `${repeated} ${repeated === 1 ? "caption" : "captions"} that the picture has already left out`,
    );
  }
  return [...found.values()];
}

/** One picture in two files of captions. */
function mergeCaptions(one: PictureCaptions, other: PictureCaptions): PictureCaptions {
  if (one.split !== other.split && one.split !== undefined && other.split !== undefined) {
    throw new FormatError(
      other.where,
      `${quote(other.file)} is in the split ${quote(other.split)}, and in ${quote(one.split)} at ${one.where}`,
      { hint: "put each picture in one split" },
    );
  }
  const captions = [...new Set([...one.captions, ...other.captions])];
  return { ...one, captions, split: one.split ?? other.split };
}

/** The array, with names. */
async function readArrays(
  file: DataFile,
  nameFiles: readonly DataFile[],
  list: readonly PictureCaptions[],
  { onNote, signal }: LoadHooks,
): Promise<PictureArrays> {
  signal?.throwIfAborted();
  const arrays = await parsePictureArrays(await file.read(), file.name);
  const [nameFile] = nameFiles;
  if (nameFile !== undefined) {
    const where = escapeControl(nameFile.name);
    const lines = [...decodeLines(await nameFile.read(), where)].map((line) => line.trim());
    checkNames(lines, arrays.count, where);
    return { ...arrays, names: lines };
  }
  if (arrays.names !== undefined) return arrays;
  if (arrays.count !== list.length) {
    throw new InputError(
      `${quote(file.name)} has ${arrays.count} pictures without names, and there are captions of ${list.length}`,
      { hint: `write the names of the pictures to ${NAMES_FILE}, one on each line, and name that file too` },
    );
  }
  onNote(`the pictures in ${quote(file.name)} have no names: they belong to the captions in their order`);
  return { ...arrays, names: list.map((picture) => picture.file) };
}

/** The pictures that have captions, in the order of `list`. */
function joinCaptions(
  list: readonly PictureCaptions[],
  names: readonly string[],
  skipMissing: boolean,
  hooks: LoadHooks,
): CaptionedPicture[] {
  const index = new PictureNames(names);
  const captionsOf = new Map<number, PictureCaptions>();
  const missing: PictureCaptions[] = [];
  for (const picture of list) {
    const row = index.find(picture.file, picture.where);
    if (row === undefined) {
      missing.push(picture);
      continue;
    }
    const before = captionsOf.get(row);
    if (before !== undefined) {
      throw new InputError(
        `${quote(before.file)} at ${before.where} and ${quote(picture.file)} at ${picture.where} are both the picture ${quote(names[row])}`,
        { hint: "name each picture by its path below the folder of the pictures" },
      );
    }
    captionsOf.set(row, picture);
  }
  if (missing.length > 0) reportMissing(missing, list.length, skipMissing, hooks);
  const without = names.filter((_, row) => (captionsOf.get(row)?.captions.length ?? 0) === 0);
  noteSome(
    without.map((name) => ({ name })),
    (count) => `${count} without captions left out`,
    hooks,
    "picture",
  );
  const rows = [...captionsOf].filter(([, { captions }]) => captions.length > 0);
  if (rows.length === 0) {
    throw new InputError("no picture has a caption", {
      hint: "write at least one caption that is not empty",
    });
  }
  return rows.map(([row, { captions, split }]) => ({
    name: normalizePath(names[row]),
    captions,
    split,
    row,
  }));
}

function reportMissing(
  missing: readonly PictureCaptions[],
  all: number,
  skipMissing: boolean,
  { onNote }: LoadHooks,
): void {
  const [first] = missing;
  const shown = firstOf(missing.map(({ file }) => file));
  const problem = `${first.where}: ${missing.length} of ${all} pictures with captions are not there: ${shown}`;
  if (skipMissing) onNote(`${problem}; left out`);
  else {
    throw new InputError(problem, {
      hint: "add the pictures, or leave their captions out with --skip-missing",
    });
  }
}

const SHOWN = 3;

/** The first three names, and how many more there are. */
function firstOf(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).map(quote).join(", ");
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
}

/** A note on things that were left out, if there are any. */
function noteSome(
  things: readonly { readonly name: string }[],
  say: (count: string) => string,
  { onNote }: LoadHooks,
  what = "file",
): void {
  if (things.length === 0) return;
  const count = `${things.length} ${things.length === 1 ? what : `${what}s`}`;
  onNote(`${say(count)}: ${firstOf(things.map(({ name }) => name))}`);
}

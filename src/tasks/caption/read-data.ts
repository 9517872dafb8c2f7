/** Pictures with captions, from files or drawn. */
import { InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { Turns } from "../../core/job.ts";
import type { DataFile, DataSource } from "../../data/data-source.ts";
import { type CaptionedScene, captionedScenes, SCENE_SIDE, type Scene } from "../../data/scenes.ts";
import { Sha256 } from "../../data/sha256.ts";
import { sharedBytes } from "../../data/shared-arrays.ts";
import type { ItemSplit } from "../../data/splits.ts";
import { type RgbImage, resizeImage } from "../../io/image.ts";
import { decodeImage } from "../../io/images.ts";
import { quote } from "../../io/table-columns.ts";
import { CAPTION_FILE, readCaptionLists } from "./caption-lists.ts";
import { USUAL_SIDE } from "./defaults.ts";
import { CHANNELS } from "./facts.ts";
import { type PictureStore, putImage, sizeOf } from "./pictures.ts";
import { ARRAY_FILE, type PictureArrays, readFeatures } from "./read-features.ts";

/** Pictures with their captions, as they were read. */
export interface CaptionedPictures {
  /** One for each picture. */
  readonly names: readonly string[];
  readonly captions: readonly (readonly string[])[];
  readonly pictures: PictureStore;
  /** Which of the pictures each is; undefined: they are in their order. */
  readonly rows?: Int32Array;
  /** What built-in pictures show. */
  readonly scenes?: readonly Scene[];
  /** How built-in pictures are divided. */
  readonly split?: ItemSplit;
}

/** SHA-256 of names, captions and pictures. */
export function fingerprintOf({ names, captions, pictures, rows }: CaptionedPictures): string {
  const hash = new Sha256();
  const encoder = new TextEncoder();
  const { values } = pictures;
  const bytes = new Uint8Array(values.byteLength);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  hash.update(bytes);
  for (const [index, name] of names.entries()) {
    hash.update(encoder.encode(`${JSON.stringify([name, rows?.[index] ?? index, captions[index]])}\n`));
  }
  return hash.digest("hex");
}

/** Built-in pictures: so many that a short training sees the combinations often, and held-out ones to validate on. */
const SCENES = { seen: 12_000, heldOut: 500, captions: 1 } as const;

/** Scenes to train on, and scenes with a combination of shape, colour and relation that none of those has. */
export function scenePictures(): CaptionedPictures {
  const { seen, heldOut, captions } = SCENES;
  const set = sceneSet([
    ...captionedScenes({ count: seen, part: "seen", captions }),
    ...captionedScenes({ count: heldOut, part: "heldOut", captions }),
  ]);
  const places = Int32Array.from(set.names.keys());
  return { ...set, split: { train: places.slice(0, seen), validation: places.slice(seen) } };
}

/** Drawn scenes as pictures with captions. */
export function sceneSet(all: readonly CaptionedScene[]): CaptionedPictures {
  const size = CHANNELS * SCENE_SIDE ** 2;
  const values = sharedBytes(all.length * size);
  for (const [row, { pixels }] of all.entries()) values.set(pixels, row * size);
  return {
    names: all.map((_, index) => `scene ${index + 1}`),
    captions: all.map((one) => one.captions),
    pictures: { kind: "pixels", side: SCENE_SIDE, values },
    scenes: all.map(({ scene }) => scene),
  };
}

const PICTURE_FILE = /\.(png|jpe?g)$/i;

/**
 * Pictures with captions from files: files of captions, and either pictures (.png, .jpg) or one array of pictures or
 * features. Pictures without captions are left out.
 * @param side pixels of a side that pictures are brought to: cropped to a square around their middle; undefined: 64
 * @throws InputError for captions without pictures, and naming pictures that are missing; FormatError naming the file that
 * cannot be read
 */
export async function readCaptioned(
  source: DataSource,
  side: number | undefined,
  hooks: LoadHooks,
): Promise<CaptionedPictures> {
  const files = await source.listFiles(hooks);
  const of = (kind: RegExp) => files.filter(({ name }) => kind.test(name));
  const [lists, arrays, images] = [of(CAPTION_FILE), of(ARRAY_FILE), of(PICTURE_FILE)];
  const passedOver = files.length - lists.length - arrays.length - images.length;
  if (passedOver > 0) hooks.onNote(`${passedOver} files that are neither captions nor pictures passed over`);
  if (lists.length === 0) {
    throw new InputError(`there are no captions in ${source.description}`, {
      hint: "name a file of captions, too: .json, .jsonl or .csv",
    });
  }
  if (arrays.length > 1 || (arrays.length > 0 && images.length > 0)) {
    throw new InputError("pictures are given twice: as arrays and as files, or in several arrays", {
      hint: "name one array, or files of pictures",
    });
  }
  const captions = new Map<string, string[]>();
  for (const file of lists) {
    for (const [name, own] of await readCaptionLists(file)) {
      captions.set(name, [...(captions.get(name) ?? []), ...own]);
    }
  }
  if (arrays.length === 0) return joinFiles(captions, images, side ?? USUAL_SIDE, source.description, hooks);
  return joinArray(captions, await readFeatures(arrays[0]), arrays[0].name, side);
}

/** The end of a path, which lists often have alone. */
const baseOf = (name: string): string =>
  name.slice(1 + Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")));

/** Names that an error lists. */
const LISTED = 5;

/** The position of the picture of each list. @throws InputError naming those that are not there */
function findPictures(
  captions: ReadonlyMap<string, unknown>,
  names: readonly string[],
  description: string,
): number[] {
  const whole = new Map(names.map((name, index) => [name, index]));
  const ends = new Map<string, number>();
  for (const [index, name] of names.entries()) ends.set(baseOf(name), ends.has(baseOf(name)) ? -1 : index);
  const missing: string[] = [];
  const found = Array.from(captions.keys(), (name) => {
    const index = whole.get(name) ?? ends.get(baseOf(name)) ?? -1;
    if (index < 0) missing.push(name);
    return index;
  });
  if (missing.length === 0) return found;
  const listed = missing.slice(0, LISTED).map(quote).join(", ");
  const more = missing.length > LISTED ? ` and ${missing.length - LISTED} more` : "";
  throw new InputError(
    `${missing.length} of ${found.length} pictures that have captions are missing, or two have one name: ${listed}${more}`,
    { hint: `name the folder with the pictures; in ${description} are ${names.length}` },
  );
}

async function joinFiles(
  captions: ReadonlyMap<string, readonly string[]>,
  images: readonly DataFile[],
  side: number,
  description: string,
  hooks: LoadHooks,
): Promise<CaptionedPictures> {
  const found = findPictures(
    captions,
    images.map(({ name }) => name),
    description,
  );
  const size = CHANNELS * side ** 2;
  const values = sharedBytes(found.length * size);
  const turns = new Turns(hooks.signal);
  for (const [row, index] of found.entries()) {
    hooks.onProgress("reading pictures", row, found.length);
    const { data } = await readPicture(images[index], side);
    putImage(data, values.subarray(row * size, (row + 1) * size));
    if (turns.isDue) await turns.take();
  }
  return {
    names: [...captions.keys()],
    captions: [...captions.values()],
    pictures: { kind: "pixels", side, values },
  };
}

/** A picture from its file, cropped to a square and brought to a size. */
export async function readPicture(file: DataFile, side: number): Promise<RgbImage> {
  return resizeImage(await decodeImage(await file.read(), file.name), side, side, { crop: true });
}

function joinArray(
  captions: ReadonlyMap<string, readonly string[]>,
  { names, store }: PictureArrays,
  file: string,
  side: number | undefined,
): CaptionedPictures {
  const count = store.values.length / sizeOf(store);
  const [listed, texts] = [[...captions.keys()], [...captions.values()]];
  if (store.kind === "pixels" && side !== undefined && side !== store.side) {
    throw new InputError(`--size ${side} is another one than that of ${quote(file)}: ${store.side}`, {
      hint: "leave --size out, or save pictures of that size",
    });
  }
  if (names !== undefined) {
    const rows = Int32Array.from(findPictures(captions, names, file));
    return { names: listed, captions: texts, pictures: store, rows };
  }
  if (listed.length !== count) {
    throw new InputError(
      `${quote(file)} has ${count} pictures without names, and there are captions of ${listed.length}`,
      { hint: "save an array names beside the pictures, or captions of each picture in their order" },
    );
  }
  return { names: listed, captions: texts, pictures: store };
}

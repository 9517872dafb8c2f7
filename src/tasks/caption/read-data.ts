/** Pictures with captions, from files or drawn. */
import { InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { type CaptionedPicture, readCaptionFiles } from "../../data/caption-files.ts";
import type { DataFile, DataSource } from "../../data/data-source.ts";
import { readPictures } from "../../data/read-pictures.ts";
import { type CaptionedScene, captionedScenes, SCENE_SIDE, type Scene } from "../../data/scenes.ts";
import { Sha256 } from "../../data/sha256.ts";
import { sharedBytes } from "../../data/shared-arrays.ts";
import type { ItemSplit } from "../../data/splits.ts";
import { type RgbImage, resizeImage } from "../../io/image.ts";
import { decodeImage } from "../../io/images.ts";
import { USUAL_SIDE } from "./defaults.ts";
import { CHANNELS } from "./facts.ts";
import type { PictureStore } from "./pictures.ts";

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
  /** How they are divided, where that is not left to chance: built-in scenes, and files that say it. */
  readonly split?: ItemSplit;
}

/** SHA-256 of names, captions and pictures, and of how a file divides them. */
export function fingerprintOf(all: CaptionedPictures): string {
  const { names, captions, pictures, rows, scenes, split } = all;
  const hash = new Sha256();
  const encoder = new TextEncoder();
  const { values } = pictures;
  const bytes = new Uint8Array(values.byteLength);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  hash.update(bytes);
  for (const [index, name] of names.entries()) {
    hash.update(encoder.encode(`${JSON.stringify([name, rows?.[index] ?? index, captions[index]])}\n`));
  }
  // What is trained on is a part of what the files say.
  if (scenes === undefined && split !== undefined) {
    hash.update(encoder.encode(JSON.stringify([[...split.train], [...split.validation]])));
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

export interface ReadCaptionedOptions {
  /** Pixels of a side that pictures are brought to; undefined: those that an array has, or {@link USUAL_SIDE}. */
  readonly side: number | undefined;
  /** Leave captions out whose picture is not there. */
  readonly skipMissing: boolean;
  /** Divide the pictures as the captions' file says. */
  readonly followSplits: boolean;
}

/**
 * Pictures with captions from files, as `readCaptionFiles` finds them. Files of pictures are cropped to the square around
 * their middle.
 * @throws InputError, FormatError as `readCaptionFiles` and `decodeImage` do, and for an array of pictures of another side
 */
export async function readCaptioned(
  source: DataSource,
  { side, skipMissing, followSplits }: ReadCaptionedOptions,
  hooks: LoadHooks,
): Promise<CaptionedPictures> {
  const { pictures, files, arrays } = await readCaptionFiles(source, { skipMissing }, hooks);
  const read = {
    names: pictures.map(({ name }) => name),
    captions: pictures.map(({ captions }) => captions),
    ...(followSplits && splitOf(pictures, hooks)),
  };
  if (arrays === undefined) {
    const size = side ?? USUAL_SIDE;
    const own = pictures.map(({ row }) => files[row]);
    const values = await readPictures(own, size, hooks);
    return { ...read, pictures: { kind: "pixels", side: size, values } };
  }
  const store = arrays.pictures;
  if (store.kind === "pixels" && side !== undefined && side !== store.side) {
    throw new InputError(
      `--size ${side} is another one than that of the pictures in the array, ${store.side}`,
      {
        hint: "leave --size out, or save pictures of that size",
      },
    );
  }
  return { ...read, pictures: store, rows: Int32Array.from(pictures, ({ row }) => row) };
}

/** Names of the parts that are trained on and validated on, as files of captions have them. */
const TRAINED = ["train", "training", "restval"];
const VALIDATED = ["val", "valid", "validation", "dev"];

/** The parts that the captions' file names; nothing where it does not say what is trained on and what is not. */
function splitOf(
  pictures: readonly CaptionedPicture[],
  { onNote }: LoadHooks,
): { readonly split?: ItemSplit } {
  const rowsOf = (names: readonly string[]) =>
    Int32Array.from(pictures.keys()).filter((row) =>
      names.includes(pictures[row].split?.toLowerCase() ?? ""),
    );
  const split = { train: rowsOf(TRAINED), validation: rowsOf(VALIDATED) };
  const [trained, validated] = [split.train.length, split.validation.length];
  if (trained === 0 || validated === 0) return {};
  onNote(
    `divided as the captions' file says: ${trained} pictures train, ${validated} validate, ${pictures.length - trained - validated} do neither`,
  );
  return { split };
}

/** A picture from its file, cropped to a square and brought to a size. */
export async function readPicture(file: DataFile, side: number): Promise<RgbImage> {
  return resizeImage(await decodeImage(await file.read(), file.name), side, side, { crop: true });
}

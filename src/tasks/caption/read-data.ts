/** Pictures with captions, from files or drawn. */
import { InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import type { DataSource } from "../../data/data-source.ts";
import { type CaptionedScene, captionedScenes, SCENE_SIDE, type Scene } from "../../data/scenes.ts";
import { Sha256 } from "../../data/sha256.ts";
import { sharedBytes } from "../../data/shared-arrays.ts";
import type { ItemSplit } from "../../data/splits.ts";
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
const SCENES = { seen: 6000, heldOut: 600, captions: 2 } as const;

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

export async function readCaptioned(_s: DataSource, _side: number | undefined, _h: LoadHooks): Promise<CaptionedPictures> {
  throw new InputError("not yet");
}

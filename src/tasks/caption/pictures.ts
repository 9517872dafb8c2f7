/** Pictures in shared memory, and as a model takes them. */
import { FormatError } from "../../core/errors.ts";
import { frameItems } from "../../data/items.ts";
import { applyScaling } from "../../data/scaling.ts";
import { Sha256 } from "../../data/sha256.ts";
import { sharedBytes } from "../../data/shared-arrays.ts";
import type { RgbImage } from "../../io/image.ts";
import { CHANNELS, type PictureInput } from "./facts.ts";

/** Pictures of one size, one after the other, in shared memory where there is any. */
export type PictureStore =
  /** Red, green and blue, each row by row from the top left: [count, 3, side, side]. */
  | { readonly kind: "pixels"; readonly side: number; readonly values: Uint8Array }
  /** [count, places, features] */
  | {
      readonly kind: "features";
      readonly places: number;
      readonly features: number;
      readonly values: Float32Array;
    };

/** Numbers of one picture. */
export function sizeOf(input: Pick<PictureInput, "kind"> & (PictureInput | PictureStore)): number {
  return input.kind === "pixels" ? CHANNELS * input.side ** 2 : input.places * input.features;
}

export const NO_PIXELS: PictureStore = { kind: "pixels", side: 1, values: new Uint8Array(0) };

/**
 * Bytes become numbers from -4 to 4. The first weights of convolutions are small: of pixels from -1 to 1 they make features
 * of 0.07, which a decoder of words of size 1 passes over for long. Scenes are learned in two thirds of the updates so.
 */
const [MIDDLE, SCALE] = [127.5, 4];

/**
 * Some pictures as the model takes them: pixels from -4 to 4, the channels first.
 * @param rows of the store
 * @returns [rows, numbers of a picture]
 */
export function takePictures(store: PictureStore, rows: ArrayLike<number>): Float32Array {
  const size = sizeOf(store);
  const taken = new Float32Array(rows.length * size);
  for (let row = 0; row < rows.length; row++) {
    const from = rows[row] * size;
    if (store.kind === "features") taken.set(store.values.subarray(from, from + size), row * size);
    else for (let k = 0; k < size; k++) taken[row * size + k] = SCALE * (store.values[from + k] / MIDDLE - 1);
  }
  return taken;
}

/** A picture of a store to look at; undefined where it has features alone. */
export function imageOf(store: PictureStore, row: number): RgbImage | undefined {
  if (store.kind === "features") return undefined;
  const { side, values } = store;
  const plane = side ** 2;
  const data = new Uint8Array(CHANNELS * plane);
  for (let at = 0; at < data.length; at++) {
    data[at] = values[(row * CHANNELS + (at % CHANNELS)) * plane + Math.floor(at / CHANNELS)];
  }
  return { width: side, height: side, channels: CHANNELS, data };
}

/**
 * Features brought to the scale of the model.
 * @throws FormatError for features of another size than the model's, and for pixels in their place or the other way round
 */
export function scaleStore(store: PictureStore, input: PictureInput, where: string): PictureStore {
  if (store.kind === "pixels" && input.kind === "pixels" && store.side === input.side) return store;
  const describe = (one: PictureStore | PictureInput) =>
    one.kind === "pixels"
      ? `pictures of ${one.side} x ${one.side}`
      : `${one.places} x ${one.features} features of a picture`;
  if (
    store.kind === "pixels" ||
    input.kind === "pixels" ||
    store.places !== input.places ||
    store.features !== input.features
  ) {
    throw new FormatError(where, `${describe(store)}, but the model reads ${describe(input)}`);
  }
  if (store.values.length === 0) return store;
  const { features, places } = store;
  const scaled = applyScaling(frameItems([store.values], features), input.scaling);
  return { kind: "features", places, features, values: scaled.store.values };
}

/** One picture as a store. */
export function storeOf({ width: side, data }: RgbImage): PictureStore {
  const values = sharedBytes(data.length);
  putImage(data, values);
  return { kind: "pixels", side, values };
}

/** A picture with its channels first. @param data [height, width, 3] */
export function putImage(data: Uint8Array, into: Uint8Array): void {
  const plane = data.length / CHANNELS;
  for (let at = 0; at < data.length; at++)
    into[(at % CHANNELS) * plane + Math.floor(at / CHANNELS)] = data[at];
}

/** A text that equal pictures share; undefined for a picture of one colour, or of equal features everywhere. */
export function keyOfPicture(store: PictureStore, row: number): string | undefined {
  const size = sizeOf(store);
  const own = store.values.subarray(row * size, (row + 1) * size);
  const stretch = store.kind === "pixels" ? store.side ** 2 : size;
  if (own.every((value, at) => value === own[at - (at % stretch)])) return undefined;
  const bytes = new Uint8Array(own.byteLength);
  // A copy: memory that is shared is not hashed in place everywhere.
  bytes.set(new Uint8Array(own.buffer, own.byteOffset, own.byteLength));
  return new Sha256().update(bytes).digest("hex");
}

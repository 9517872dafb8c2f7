/** Advice about files of pictures. */
import { decodeImage, encodePng } from "../../src/io/index.ts";
import type { Entries, Entry } from "./harness.ts";

const png = encodePng({ width: 2, height: 1, channels: 3, data: new Uint8Array(6) });
const read = (bytes: Uint8Array, maxPixels?: number) => decodeImage(bytes, "a.png", { maxPixels });
const encode = (text: string) => new TextEncoder().encode(text);
/** The beginning of a JPEG file without rows, and of one with arithmetic coding. */
const emptyJpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 0, 0, 1, 1, 1, 0x11, 0);
const arithmetic = Uint8Array.of(0xff, 0xd8, 0xff, 0xc9, 0, 11, 8, 0, 1, 0, 1, 1, 1, 0x11, 0);

/** The first call gives the advice, the second one is what it says. */
const tried = (hint: string, wrong: () => unknown, right: () => unknown): Entry => ({
  hint,
  async follow(met) {
    await met.code(wrong);
    await right();
  },
});
/** Pictures that other programs convert. */
const converted = (hint: string, bytes: Uint8Array) =>
  tried(
    hint,
    () => read(bytes),
    () => read(png),
  );

export const IMAGES: Entries = {
  "io/image.ts": [
    tried(
      "leave it out",
      () => read(emptyJpeg),
      () => read(png),
    ),
    tried(
      "make it smaller, or allow more by maxPixels",
      () => read(png, 1),
      () => read(png, 2),
    ),
  ],
  "io/images.ts": [
    tried(
      "get it again, or leave it out",
      () => read(new Uint8Array(0)),
      () => read(png),
    ),
    converted("convert it to PNG or JPEG, such as with: magick FILE out.png", encode("GIF89a")),
  ],
  "io/jpeg-segments.ts": [
    converted("convert it, such as with: magick FILE -colorspace sRGB out.png", arithmetic),
  ],
  "io/jpeg.ts": [
    {
      hint: "use dist/page/unrolled.js or a bundler, since jpeg-js is no module of ECMAScript",
      elsewhere: ["io/images.test.ts", "where the decoder cannot be loaded"],
    },
  ],
};

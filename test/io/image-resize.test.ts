/** Pictures brought to the size and form that models take. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/core/index.ts";
import { type RgbImage, resizeImage, toModelPixels } from "../../src/io/index.ts";

const picture = (width: number, height: number, level: (x: number, y: number, channel: number) => number) => {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3);
    return level(pixel % width, Math.floor(pixel / width), at % 3);
  });
  return { width, height, channels: 3, data } satisfies RgbImage;
};
const size = fc.integer({ min: 1, max: 12 });
const any = fc
  .tuple(size, size, fc.nat(255))
  .map(([width, height, seed]) =>
    picture(width, height, (x, y, c) => (x * 91 + y * 57 + c * 33 + seed) % 256),
  );

/** Each pixel cut into `height` x `width` parts of the same size, so that every area has whole parts. */
function byParts(image: RgbImage, height: number, width: number): number[] {
  return Array.from({ length: height * width * 3 }, (_, at) => {
    const [row, column, channel] = [Math.floor(at / 3 / width), Math.floor(at / 3) % width, at % 3];
    let sum = 0;
    for (let i = 0; i < image.height; i++) {
      for (let j = 0; j < image.width; j++) {
        const y = Math.floor((row * image.height + i) / height);
        const x = Math.floor((column * image.width + j) / width);
        sum += image.data[(y * image.width + x) * 3 + channel];
      }
    }
    return sum / (image.height * image.width);
  });
}

describe("resizeImage", () => {
  test("gives the mean of the area below each pixel, parts of pixels by their share", () => {
    fc.assert(
      fc.property(any, size, size, (image, height, width) => {
        const { data, ...facts } = resizeImage(image, height, width);
        expect(facts).toEqual({ width, height, channels: 3 });
        for (const [at, expected] of byParts(image, height, width).entries()) {
          expect(Math.abs(data[at] - expected)).toBeLessThanOrEqual(0.5 + 1e-6);
        }
      }),
    );
  });

  test("leaves a picture of that size as it is", () => {
    fc.assert(
      fc.property(any, fc.boolean(), (image, crop) => {
        expect(resizeImage(image, image.height, image.width, { crop })).toEqual(image);
      }),
    );
  });

  test("with crop is what is left of the middle, resized", () => {
    fc.assert(
      fc.property(any, size, fc.integer({ min: 1, max: 4 }), fc.boolean(), (image, length, cut, isWide) => {
        // The picture with borders of `cut` at two opposite sides, and the square of its middle.
        const middle = resizeImage(image, length * 2, length * 2);
        const [x, y] = isWide ? [cut, 0] : [0, cut];
        const bordered = picture(middle.width + 2 * x, middle.height + 2 * y, (column, row, channel) => {
          const [inX, inY] = [column - x, row - y];
          const isInside = inX >= 0 && inY >= 0 && inX < middle.width && inY < middle.height;
          return isInside ? middle.data[(inY * middle.width + inX) * 3 + channel] : 255;
        });
        expect(resizeImage(bordered, length, length, { crop: true })).toEqual(
          resizeImage(middle, length, length),
        );
      }),
    );
  });

  test("keeps one colour exactly, at any size", () => {
    fc.assert(
      fc.property(
        size,
        size,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        (...sizes) => {
          const [fromHeight, fromWidth, height, width] = sizes;
          const image = picture(fromWidth, fromHeight, (_x, _y, channel) => [255, 128, 3][channel]);
          const resized = resizeImage(image, height, width, { crop: true });
          expect(resized).toEqual(picture(width, height, (_x, _y, channel) => [255, 128, 3][channel]));
        },
      ),
    );
  });

  test("refuses sizes that there are not", () => {
    const image = picture(2, 2, () => 0);
    for (const [height, width] of [
      [0, 1],
      [1, 1.5],
      [Number.NaN, 1],
      [2 ** 25, 1],
    ]) {
      expect(() => resizeImage(image, height, width)).toThrow(InputError);
    }
    expect(() => resizeImage(image, 2 ** 13, 2 ** 13)).toThrow("height * width must be at most 16777216");
    expect(() => resizeImage({ ...image, channels: 1 as 3 }, 1, 1)).toThrow("channels must be 3, got 1");
  });
});

test("toModelPixels has the channels first, from 0 to 1", () => {
  const image = picture(2, 1, (x, _y, channel) => [0, 51, 255, 102, 204, 153][x * 3 + channel]);
  expect([...toModelPixels(image)].map((value) => Math.round(value * 1e6) / 1e6)).toEqual([
    0, 0.4, 0.2, 0.8, 1, 0.6,
  ]);
});

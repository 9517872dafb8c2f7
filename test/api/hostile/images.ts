import * as io from "../../../src/io/index.ts";
import type { HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const picture = (): io.RgbImage => ({
  width: 2,
  height: 1,
  channels: 3,
  data: Uint8Array.of(1, 2, 3, 4, 5, 6),
});
const image = arg.record({
  width: arg.such(
    () => 2,
    (value) => value === 2,
  ),
  height: arg.such(
    () => 1,
    (value) => value === 1,
  ),
  channels: arg.such(
    () => 3,
    (value) => value === 3,
  ),
  data: arg.only(() => picture().data),
});
const length = (valid: number) =>
  arg.such(
    () => valid,
    (value) => typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 2 ** 23,
  );

export const imageTargets = (): HostileTarget[] => [
  {
    name: "decodeImage",
    args: {
      bytes: arg.only(() => io.encodePng(picture())),
      name: arg.text("a.png"),
      limits: arg.options({
        maxPixels: arg.optional(
          arg.such(
            () => 2,
            (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 2,
          ),
        ),
      }),
    },
    call: (bytes: never, name: never, limits: never) => io.decodeImage(bytes, name, limits),
  },
  {
    name: "resizeImage",
    args: {
      image,
      height: length(1),
      width: length(2),
      options: arg.options({ crop: arg.optional(arg.flag()) }),
    },
    call: (image: never, height: never, width: never, options: never) =>
      io.resizeImage(image, height, width, options),
  },
  { name: "toModelPixels", args: { image }, call: (image: never) => io.toModelPixels(image) },
  { name: "encodePng", args: { image }, call: (image: never) => io.encodePng(image) },
  { name: "pngDataUri", args: { image }, call: (image: never) => io.pngDataUri(image) },
];

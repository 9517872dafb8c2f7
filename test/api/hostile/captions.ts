/** Calls of what reads captions and pictures, and of scenes. */
import * as data from "../../../src/data/index.ts";
import { encodePng, writeNpy } from "../../../src/io/index.ts";
import type { HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

const png = () => encodePng({ width: 2, height: 2, channels: 3, data: new Uint8Array(12) });
const captions = () => new TextEncoder().encode('[{"file": "a.png", "caption": "x"}]');
const hooks = { onProgress() {}, onNote() {} };
const files = () => [{ name: "a.png", size: null, read: async () => png() }];
const upTo = (valid: number, most: number) =>
  arg.such(
    () => valid,
    (value) =>
      value === undefined ||
      (Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= most),
  );

export function captionTargets(): HostileTarget[] {
  return [
    {
      name: "parseCaptions",
      args: { bytes: arg.only(captions), name: arg.only(() => "c.json") },
      call: (bytes: never, name: never) => data.parseCaptions(bytes, name),
    },
    {
      name: "parsePictureArrays",
      args: {
        bytes: arg.only(() => writeNpy({ shape: [1, 2], values: Float32Array.of(1, 2) })),
        name: arg.text("a.npy"),
      },
      call: (bytes: never, name: never) => data.parsePictureArrays(bytes, name),
    },
    {
      name: "readCaptionFiles",
      args: { options: arg.options({ skipMissing: arg.optional(arg.flag()) }) },
      call: (options: never) =>
        data.readCaptionFiles(
          data.memorySource([
            { name: "c.json", content: captions() },
            { name: "a.png", content: png() },
          ]),
          options,
          hooks,
        ),
    },
    {
      name: "readPictures",
      args: {
        // No files are no pictures.
        files: arg.such(files, (value) => Array.isArray(value) && value.length === 0),
        side: arg.such(
          () => 2,
          (value) => Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= 1024,
        ),
      },
      call: (files: never, side: never) => data.readPictures(files, side, hooks),
    },
    {
      name: "captionedScenes",
      args: {
        options: arg.options({
          count: upTo(1, 100_000),
          part: arg.optional(arg.word("seen", "heldOut")),
          captions: upTo(2, 5),
          seed: arg.optional(arg.integer(1)),
        }),
      },
      call: (options: never) => data.captionedScenes(options).length,
    },
    {
      name: "judgeSceneCaption",
      args: {
        caption: arg.such(
          () => "x",
          () => true,
        ),
        scene: arg.only(() => data.captionedScenes({ count: 1 })[0].scene),
      },
      call: (caption: never, scene: never) => data.judgeSceneCaption(caption, scene),
    },
  ];
}

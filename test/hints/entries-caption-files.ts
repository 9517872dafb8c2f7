/** Advice about files of captions and of pictures. */
import {
  type MemoryFile,
  memorySource,
  parseCaptions,
  parsePictureArrays,
  readCaptionFiles,
  readPictures,
} from "../../src/data/index.ts";
import { encodePng, type NpyValues, writeNpy, writeNpz, writeSafetensors } from "../../src/io/index.ts";
import type { Entries, Entry } from "./harness.ts";

/** The first call gives the advice, the others are what it says. */
const tried = (hint: string, wrong: () => unknown, ...right: (() => unknown)[]): Entry => ({
  hint,
  async follow(met) {
    await met.code(wrong);
    for (const call of right) await call();
  },
});

type Content = string | Uint8Array | readonly object[];
const hooks = { onProgress() {}, onNote() {} };
const list = (files: Readonly<Record<string, Content>>) =>
  memorySource(
    Object.entries(files).map(
      ([name, content]): MemoryFile => ({
        name,
        content: Array.isArray(content) ? JSON.stringify(content) : (content as string | Uint8Array),
      }),
    ),
  );
const read = (files: Readonly<Record<string, Content>>, skipMissing = false) =>
  readCaptionFiles(list(files), { skipMissing }, hooks);
const parse = (content: unknown, name = "c.json") =>
  parseCaptions(
    new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content)),
    name,
  );

const png = encodePng({ width: 2, height: 2, channels: 3, data: new Uint8Array(12) });
const ONE = [{ file: "a.png", caption: "x" }];
const npy = (
  shape: number[],
  values: NpyValues = new Float32Array(shape.reduce((all, size) => all * size, 1)),
) => writeNpy({ shape, values });
const npz = (features: number[], names?: NpyValues) =>
  writeNpz(
    new Map(
      Object.entries({
        x: { shape: features, values: new Float32Array(features.reduce((all, size) => all * size, 1)) },
        ...(names !== undefined && { names: { shape: [names.length], values: names } }),
      }),
    ),
  );
const tensor = (dtype: "F32" | "I32", metadata?: Record<string, string>) =>
  writeSafetensors(
    { x: { dtype, shape: [1, 2], data: dtype === "F32" ? new Float32Array(2) : new Int32Array(2) } },
    metadata,
  );
const arrays = (bytes: Uint8Array, name: string) => parsePictureArrays(bytes, name);

const BOTH = [
  { file: "a.png", caption: "x" },
  { file: "b.png", caption: "y" },
];
const one = { file: "a.png", caption: "x" };

export const CAPTION_FILES: Entries = {
  "data/caption-files.ts": [
    tried(
      "add a file of captions: captions.json, or a table captions.csv with the columns image and caption",
      () => read({ "a.png": png }),
      () => read({ "a.png": png, "captions.json": ONE }),
      () => read({ "a.png": png, "captions.csv": "image,caption\na.png,x\n" }),
    ),
    tried(
      "name one array, or files of pictures",
      () => read({ "c.json": ONE, "a.png": png, "a.npy": npy([1, 2]) }),
      () => read({ "c.json": ONE, "a.png": png }),
      () => read({ "c.json": ONE, "a.npy": npy([1, 2]) }),
    ),
    tried(
      "name the folder of the pictures too (.png, .jpg), or an array of them or of their features (.npy, .npz, .safetensors)",
      () => read({ "c.json": ONE }),
      () => read({ "c.json": ONE, "a.png": png }),
      () => read({ "c.json": ONE, "a.safetensors": tensor("F32") }),
    ),
    { hint: "* * without a word left out", explains: "what of the captions is not trained on" },
    {
      hint: "* * that the picture has already left out",
      explains: "what of the captions is not trained on",
    },
    tried(
      "put each picture in one split",
      () =>
        read({ "c.json": [{ ...one, split: "val" }], "d.json": [{ ...one, split: "test" }], "a.png": png }),
      () =>
        read({ "c.json": [{ ...one, split: "val" }], "d.json": [{ ...one, split: "val" }], "a.png": png }),
    ),
    tried(
      "write the names of the pictures to *, one on each line, and name that file too",
      () => read({ "c.json": ONE, "a.npy": npy([2, 2]) }),
      () => read({ "c.json": ONE, "a.npy": npy([2, 2]), "names.txt": "a.png\nb.png\n" }),
    ),
    {
      hint: "the pictures in * have no names: they belong to the captions in their order",
      explains: "what was taken where the names are unknown",
    },
    tried(
      "name each picture by its path below the folder of the pictures",
      () => read({ "c.json": [one, { ...one, file: "x/a.png" }], "a.png": png }),
      () => read({ "c.json": [one, { ...one, file: "x/a.png" }], "a.png": png, "x/a.png": png }),
    ),
    tried(
      "write at least one caption that is not empty",
      () => read({ "c.json": [{ ...one, caption: " " }], "a.png": png }),
      () => read({ "c.json": [one], "a.png": png }),
    ),
    { hint: "*; left out", explains: "which captions have no picture, where they are left out by choice" },
    tried(
      "add the pictures, or leave their captions out with --skip-missing",
      () => read({ "c.json": BOTH, "a.png": png }),
      () => read({ "c.json": BOTH, "a.png": png, "b.png": png }),
      () => read({ "c.json": BOTH, "a.png": png }, true),
    ),
  ],
  "data/caption-lists.ts": [
    tried(
      "write each line as those before it, or the file as a table with the columns image and caption",
      () => parse("a#0\tx\nb\ty\n", "captions.txt"),
      () => parse("a#0\tx\nb#0\ty\n", "captions.txt"),
      () => parse("image\tcaption\na\tx\nb\ty\n", "captions.txt"),
    ),
    tried(
      "name the columns image and caption in the first line",
      () => parse("a.png,x\nb.png,y\n", "c.csv"),
      () => parse("image,caption\na.png,x\nb.png,y\n", "c.csv"),
    ),
    tried(
      "correct it; a file with an object on each line is named .jsonl",
      () => parse('{"file":"a","caption":"x"}\n{"file":"b","caption":"y"}\n'),
      () => parse('{"file":"a","caption":"x"}\n{"file":"b","caption":"y"}\n', "c.jsonl"),
    ),
    tried(
      'write [{"file": "a.png", "captions": ["...", "..."]}, ...] (.json), such objects on lines (.jsonl), or a table with the columns image and caption (.csv)',
      () => parse({}),
      () => parse([{ file: "a.png", captions: ["a dog on a beach", "a dog runs"] }]),
      () => parse('{"file": "a.png", "captions": ["a dog"]}', "c.jsonl"),
      () => parse("image,caption\na.png,a dog\n", "c.csv"),
    ),
    tried(
      "list every picture in images, or remove its captions",
      () => parse({ images: [], annotations: [{ image_id: 1, caption: "x" }] }),
      () => parse({ images: [{ id: 1, file_name: "a" }], annotations: [{ image_id: 1, caption: "x" }] }),
      () => parse({ images: [{ id: 1, file_name: "a" }], annotations: [] }),
    ),
    tried(
      "name the file of the picture, or leave the caption out",
      () => parse([one, { file: "", caption: "x" }]),
      () => parse([one, { file: "b.png", caption: "x" }]),
      () => parse([one]),
    ),
    tried(
      "put each picture in one split",
      () =>
        parse([
          { ...one, split: "val" },
          { ...one, caption: "y", split: "test" },
        ]),
      () =>
        parse([
          { ...one, split: "val" },
          { ...one, caption: "y", split: "val" },
        ]),
    ),
    tried(
      "shorten it, or leave it out",
      () => parse([one, { file: "b.png", caption: "x".repeat(10_001) }]),
      () => parse([one, { file: "b.png", caption: "x".repeat(10_000) }]),
      () => parse([one]),
    ),
  ],
  "data/picture-arrays.ts": [
    tried(
      "save pictures as bytes [pictures, height, width, 3], or features as [pictures, features] or [pictures, places, features], and perhaps names",
      () => arrays(npy([4]), "a.npy"),
      () => arrays(npy([1, 2, 2, 3], new Uint8Array(12)), "a.npy"),
      () => arrays(npy([2, 2]), "a.npy"),
      () => arrays(npz([2, 2, 2], ["a", "b"]), "a.npz"),
    ),
    tried(
      "numpy.savez(path, features=features, names=numpy.array(list_of_names))",
      () => arrays(npz([2, 2], Float32Array.of(1, 2)), "a.npz"),
      () => arrays(npz([2, 2], ["a", "b"]), "a.npz"),
    ),
    tried(
      "save the features as an array of float32, and the names as one of their own",
      () => arrays(npy([1, 2], ["a.png", "0.5"]), "a.npy"),
      () => arrays(npz([1, 2], ["a.png"]), "a.npz"),
    ),
    tried(
      "save the features as float32",
      () => arrays(tensor("I32"), "a.safetensors"),
      () => arrays(tensor("F32"), "a.safetensors"),
    ),
    tried(
      'save_file({"features": features}, path, metadata={"names": json.dumps(names)})',
      () => arrays(tensor("F32", { names: "a.png" }), "a.safetensors"),
      () => arrays(tensor("F32", { names: '["a.png"]' }), "a.safetensors"),
    ),
    tried(
      "save the features as float32, without NaN",
      () => arrays(npy([1, 1], Float32Array.of(Number.NaN)), "a.npy"),
      () => arrays(npy([1, 1], Float32Array.of(0)), "a.npy"),
    ),
    tried(
      "give each picture a name of its own",
      () => arrays(npz([2, 1], ["a", "a"]), "a.npz"),
      () => arrays(npz([2, 1], ["a", "b"]), "a.npz"),
    ),
  ],
  "data/picture-names.ts": [
    tried(
      "give each picture a name of its own, or name it by its path below the folder of all pictures",
      () => read({ "c.json": [one], "x/a.png": png, "y/a.png": png }),
      () => read({ "c.json": [one], "x/a.png": png, "y/b.png": png }),
      () => read({ "c.json": [{ ...one, file: "x/a.png" }], "x/a.png": png, "y/a.png": png }),
    ),
  ],
  "data/read-pictures.ts": [
    tried(
      "make the pictures smaller, or give fewer",
      () => readPictures(many(1000), 1024, hooks),
      () => readPictures(many(1000), 2, hooks),
      () => readPictures(many(1), 1024, hooks),
    ),
  ],
};

const many = (count: number) =>
  Array.from({ length: count }, () => ({ name: "a.png", size: null, read: async () => png }));

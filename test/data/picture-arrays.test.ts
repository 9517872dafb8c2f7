/** Features of pictures in files of arrays, their names, and every bad input. */
import { describe, expect, test } from "vitest";
import {
  memorySource,
  type PictureArrays,
  parsePictureArrays,
  readCaptionFiles,
} from "../../src/data/index.ts";
import { type NpyValues, writeNpy, writeNpz, writeSafetensors } from "../../src/io/index.ts";

const count = (shape: readonly number[]) => shape.reduce((all, size) => all * size, 1);
const numbers = (shape: readonly number[], from = 0) =>
  Float32Array.from({ length: count(shape) }, (_, at) => from + at);
const npy = (shape: number[], values: NpyValues = numbers(shape)) => writeNpy({ shape, values });
const npz = (arrays: Readonly<Record<string, readonly [number[], NpyValues]>>) =>
  writeNpz(new Map(Object.entries(arrays).map(([name, [shape, values]]) => [name, { shape, values }])));
const f32 = (shape: number[], from = 0) => ({ dtype: "F32" as const, shape, data: numbers(shape, from) });

const sizes = ({ count, pictures }: PictureArrays) =>
  pictures.kind === "features" ? [count, pictures.places, pictures.features] : [count, pictures.side];

describe("parsePictureArrays reads", () => {
  test.each([
    [
      [2, 3],
      [2, 1, 3],
    ],
    [
      [2, 4, 3],
      [2, 4, 3],
    ],
    [
      [2, 2, 5, 3],
      [2, 10, 3],
    ],
  ])("arrays %j", async (shape, expected) => {
    const files: [string, Uint8Array][] = [
      ["f.npy", npy(shape)],
      ["f.npz", npz({ features: [shape, numbers(shape)] })],
      ["f.safetensors", writeSafetensors({ features: f32(shape) })],
    ];
    for (const [name, bytes] of files) {
      const found = await parsePictureArrays(bytes, name);
      expect(sizes(found)).toEqual(expected);
      expect(found.names).toBeUndefined();
      expect([...found.pictures.values]).toEqual([...numbers(shape)]);
    }
  });

  test("names beside the features", async () => {
    const names = ["a.jpg", "b.jpg"];
    const zipped = npz({ features: [[2, 3], numbers([2, 3])], names: [[2], names] });
    expect((await parsePictureArrays(zipped, "f.npz")).names).toEqual(names);
    const stored = writeSafetensors({ features: f32([2, 3]) }, { names: JSON.stringify(names) });
    expect((await parsePictureArrays(stored, "f.safetensors")).names).toEqual(names);
  });

  test("a tensor for each picture, in the order of their names", async () => {
    const bytes = writeSafetensors({ "b.jpg": f32([2, 3], 6), "a.jpg": f32([2, 3]) });
    const found = await parsePictureArrays(bytes, "f.safetensors");
    expect(found.names).toEqual(["a.jpg", "b.jpg"]);
    expect(sizes(found)).toEqual([2, 2, 3]);
    expect([...found.pictures.values]).toEqual([...numbers([12])]);
  });

  test("bytes as pixels, with the channels first", async () => {
    const bytes = Uint8Array.from({ length: 24 }, (_, at) => at);
    const stored = writeSafetensors({ x: { dtype: "U8", shape: [2, 2, 2, 3], data: bytes } });
    for (const [file, name] of [
      [npy([2, 2, 2, 3], bytes), "f.npy"],
      [stored, "f.safetensors"],
    ] as const) {
      const { count, pictures } = await parsePictureArrays(file, name);
      expect([count, pictures.kind]).toEqual([2, "pixels"]);
      const [first, second] = [[0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11], 12];
      expect([...pictures.values]).toEqual([...first, ...first.map((value) => value + second)]);
    }
  });

  test("integers and half precision as numbers", async () => {
    const bytes = npy([1, 3], Uint8Array.of(1, 2, 255));
    expect([...(await parsePictureArrays(bytes, "f.npy")).pictures.values]).toEqual([1, 2, 255]);
    const half = { dtype: "F16" as const, shape: [1, 2], data: Uint16Array.of(0x3c00, 0xc000) };
    expect([
      ...(await parsePictureArrays(writeSafetensors({ features: half }), "f.safetensors")).pictures.values,
    ]).toEqual([1, -2]);
  });
});

describe("parsePictureArrays refuses", () => {
  test.each<[string, string, Uint8Array, string]>([
    ["one number per picture", "f.npy", npy([4]), "f.npy: has the axes [4]"],
    ["five axes", "f.npy", npy([1, 1, 1, 1, 1]), "has the axes [1, 1, 1, 1, 1]"],
    ["no pictures", "f.npy", npy([0, 3]), "has the axes [0, 3]"],
    ["texts", "f.npy", npy([1, 1], ["a"]), "pictures or features must be numbers, got str"],
    [
      "what is not finite",
      "f.npy",
      npy([2, 2], Float32Array.of(1, 2, 3, Number.NaN)),
      "features must be finite in 32 bits; number 1 of picture 1 is NaN",
    ],
    [
      "what is beyond 32 bits",
      "f.npy",
      npy([1, 1], Float64Array.of(1e300)),
      "number 0 of picture 0 is 1e+300",
    ],
    [
      "a file that is cut off",
      "f.npy",
      npy([2, 2]).subarray(0, 130),
      "f.npy: an array of shape [2, 2] of float32 has 16 bytes",
    ],
    [
      "several arrays",
      "f.npz",
      npz({ x: [[1, 1], numbers([1])], y: [[1, 1], numbers([1])] }),
      "there are 2 arrays besides names, and one is needed: 'x', 'y'",
    ],
    ["names alone", "f.npz", npz({ names: [[1], ["a"]] }), "there are 0 arrays besides names"],
    [
      "pixels that are no squares",
      "f.npy",
      npy([1, 2, 3, 3], new Uint8Array(18)),
      "pictures must be squares of 1 to 1024 pixels in red, green and blue, got [1, 2, 3, 3]",
    ],
    ["pixels of other channels", "f.npy", npy([1, 2, 2, 4], new Uint8Array(16)), "must be squares"],
    [
      "names that are numbers",
      "f.npz",
      npz({ features: [[1, 1], numbers([1])], names: [[1], numbers([1])] }),
      "names must be a list of texts, got float32 [1]",
    ],
    [
      "too few names",
      "f.npz",
      npz({ features: [[2, 1], numbers([2])], names: [[1], ["a"]] }),
      "there are 1 names for 2 pictures",
    ],
    [
      "a name twice",
      "f.npz",
      npz({ features: [[2, 1], numbers([2])], names: [[2], ["a", "a"]] }),
      "two pictures have the name 'a'",
    ],
    [
      "an empty name",
      "f.npz",
      npz({ features: [[2, 1], numbers([2])], names: [[2], ["a", " "]] }),
      "picture 1 has no name",
    ],
    ["no zip file", "f.npz", npy([1, 1]), "this is no zip file"],
    [
      "names that are no list",
      "f.safetensors",
      writeSafetensors({ features: f32([1, 1]) }, { names: "a" }),
      'the metadata names must be a JSON list of texts, got "a"',
    ],
    ["no tensor", "f.safetensors", writeSafetensors({}), "there are 0 tensors"],
    [
      "pictures of other shapes",
      "f.safetensors",
      writeSafetensors({ a: f32([2]), b: f32([3]) }),
      "several tensors are those of single pictures, all of one shape; got [3] after [2]",
    ],
    ["a single number", "f.safetensors", writeSafetensors({ features: f32([]) }), "has the axes []"],
    [
      "integers",
      "f.safetensors",
      writeSafetensors({ features: { dtype: "I32", shape: [1, 1], data: Int32Array.of(1) } }),
      "features must be floating-point numbers, got I32",
    ],
  ])("%s", async (_, name, bytes, message) => {
    await expect(parsePictureArrays(bytes, name)).rejects.toThrow(message);
  });
});

describe("readCaptionFiles, with features", () => {
  const captions = JSON.stringify([
    { file: "b.jpg", captions: ["two dogs"] },
    { file: "a.jpg", captions: ["a dog"] },
  ]);

  async function read(files: Readonly<Record<string, string | Uint8Array>>) {
    const notes: string[] = [];
    const list = Object.entries(files).map(([name, content]) => ({ name, content }));
    const hooks = { onProgress() {}, onNote: (note: string) => notes.push(note) };
    const { pictures, arrays } = await readCaptionFiles(memorySource(list), {}, hooks);
    return { pictures: pictures.map(({ name, captions, row }) => [name, captions[0], row]), arrays, notes };
  }

  test("finds the row of each picture by its name", async () => {
    const zipped = npz({ features: [[2, 3], numbers([2, 3])], names: [[2], ["a.jpg", "b.jpg"]] });
    const expected = [
      ["b.jpg", "two dogs", 1],
      ["a.jpg", "a dog", 0],
    ];
    const inFile = await read({ "captions.json": captions, "f.npz": zipped });
    expect([inFile.pictures, inFile.notes]).toEqual([expected, []]);
    const beside = await read({
      "captions.json": captions,
      "f.npy": npy([2, 3]),
      "names.txt": "a.jpg\nb.jpg\n",
    });
    expect([beside.pictures, beside.notes]).toEqual([expected, []]);
    expect(sizes(beside.arrays!)).toEqual([2, 1, 3]);
  });

  test("takes the order of the captions where there are no names, and says so", async () => {
    const found = await read({ "captions.json": captions, "f.npy": npy([2, 3]) });
    expect(found.pictures).toEqual([
      ["b.jpg", "two dogs", 0],
      ["a.jpg", "a dog", 1],
    ]);
    expect(found.notes).toEqual([
      "the pictures in 'f.npy' have no names: they belong to the captions in their order",
    ]);
    await expect(read({ "captions.json": captions, "f.npy": npy([3, 3]) })).rejects.toThrow(
      "'f.npy' has 3 pictures without names, and there are captions of 2 — write the names of the pictures to names.txt",
    );
  });

  test("refuses names of another number, two files of features, and features beside pictures", async () => {
    await expect(
      read({ "captions.json": captions, "f.npy": npy([2, 3]), "names.txt": "a.jpg\n" }),
    ).rejects.toThrow("names.txt: there are 1 names for 2 pictures");
    await expect(
      read({ "captions.json": captions, "f.npy": npy([2, 3]), "g.npy": npy([2, 3]) }),
    ).rejects.toThrow("pictures are given twice, in 'f.npy' and in 'g.npy'");
    await expect(read({ "captions.json": captions, "f.npy": npy([2, 3]), "a.jpg": "x" })).rejects.toThrow(
      "pictures are given twice, in 'f.npy' and in 'a.jpg'",
    );
    await expect(
      read({ "captions.json": captions, "f.npy": npy([1, 3]), "names.txt": "z.jpg\n" }),
    ).rejects.toThrow(
      "captions.json: entry 0: 2 of 2 pictures with captions are not there: 'b.jpg', 'a.jpg'",
    );
  });
});

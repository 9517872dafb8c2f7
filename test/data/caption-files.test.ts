/** Captions and pictures in files: every form that is read, how they are joined, and every bad input. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UnrolledError } from "../../src/core/errors.ts";
import {
  type CaptionFilesOptions,
  type CaptionList,
  memorySource,
  parseCaptions,
  readCaptionFiles,
  readPictures,
} from "../../src/data/index.ts";
import { encodePng, type RgbImage } from "../../src/io/index.ts";

type Content = string | Uint8Array | object;

const textOf = (content: Content): string | Uint8Array =>
  typeof content === "string" || content instanceof Uint8Array ? content : JSON.stringify(content);

function parse(content: Content, name = "captions.json"): Promise<CaptionList> {
  const text = textOf(content);
  return parseCaptions(typeof text === "string" ? new TextEncoder().encode(text) : text, name);
}

const shortly = ({ pictures }: CaptionList) =>
  pictures.map(({ file, captions, split }) =>
    split === undefined ? [file, captions] : [file, captions, split],
  );

async function read(files: Readonly<Record<string, Content>>, options: CaptionFilesOptions = {}) {
  const notes: string[] = [];
  const list = Object.entries(files).map(([name, content]) => ({ name, content: textOf(content) }));
  const found = await readCaptionFiles(memorySource(list), options, {
    onProgress() {},
    onNote: (note) => notes.push(note),
  });
  return { ...found, notes };
}

const joined = ({ pictures }: Awaited<ReturnType<typeof read>>) =>
  pictures.map(({ name, captions, row }) => [name, captions, row]);

const DOGS = [
  ["a.png", ["a dog", "a brown dog"]],
  ["b.png", ["two dogs"]],
];

describe("parseCaptions reads", () => {
  test.each([
    [
      "a list",
      "c.json",
      [
        { file: "a.png", captions: ["a dog", "a brown dog"] },
        { file: "b.png", captions: ["two dogs"] },
      ],
    ],
    [
      "an object with the list",
      "c.json",
      {
        height: 64,
        images: [
          { file: "a.png", captions: ["a dog", "a brown dog"] },
          { file: "b.png", captions: ["two dogs"] },
        ],
      },
    ],
    [
      "a caption in each record",
      "c.json",
      [
        { image: "a.png", caption: "a dog" },
        { filename: "b.png", caption: "two dogs" },
        { file_name: "a.png", text: "a brown dog" },
      ],
    ],
    [
      "sentences of objects",
      "c.json",
      {
        images: [
          { filename: "a.png", sentences: [{ raw: "a dog", tokens: ["a", "dog"] }, { raw: "a brown dog" }] },
          { filename: "b.png", sentences: [{ raw: "two dogs" }] },
        ],
      },
    ],
    [
      "what COCO has",
      "c.json",
      {
        info: {},
        images: [
          { id: 7, file_name: "a.png" },
          { id: "x", file_name: "b.png" },
        ],
        annotations: [
          { id: 1, image_id: 7, caption: "a dog" },
          { id: 2, image_id: "x", caption: "two dogs" },
          { id: 3, image_id: 7, caption: "a brown dog" },
        ],
      },
    ],
    [
      "JSON lines",
      "c.jsonl",
      '{"file":"a.png","captions":["a dog","a brown dog"]}\n\n{"file":"b.png","caption":"two dogs"}\n',
    ],
    ["a table", "c.csv", 'image,caption\na.png,a dog\nb.png,"two dogs"\na.png,a brown dog\n'],
    [
      "a table with tabs and other columns",
      "c.tsv",
      "n\tCaption\tfile_name\n1\ta dog\ta.png\n2\ttwo dogs\tb.png\n3\ta brown dog\ta.png\n",
    ],
    [
      "lines of Flickr8k",
      "Flickr8k.token.txt",
      "a.png#0\ta dog\na.png#1\ta brown dog\n\nb.png#0\ttwo dogs\n",
    ],
  ])("%s", async (_, name, content) => {
    expect(shortly(await parse(content, name))).toEqual(DOGS);
  });

  test("splits, from records, columns and COCO's pictures", async () => {
    const expected = [["a.png", ["a dog"], "test"]];
    expect(shortly(await parse([{ file: "a.png", caption: "a dog", split: "test" }]))).toEqual(expected);
    expect(shortly(await parse("file,split,caption\na.png,test,a dog\n", "c.csv"))).toEqual(expected);
    const images = [{ id: 1, file_name: "a.png", split: "test" }];
    const coco = { images, annotations: [{ image_id: 1, caption: "a dog" }] };
    expect(shortly(await parse(coco))).toEqual(expected);
  });

  test("quotes, commas and line ends inside a cell of a table", async () => {
    const list = await parse('image,caption\na.png,"a ""good"" dog,\non grass"\n', "c.csv");
    expect(shortly(list)).toEqual([["a.png", ['a "good" dog,\non grass']]]);
  });

  test("each caption once for its picture, without white space around it, and counts what it leaves out", async () => {
    const list = await parse([
      { file: "a.png", captions: [" a dog", "a dog ", "", " \n"] },
      { file: "b.png", captions: ["a dog"] },
      { file: "./c.png", captions: [] },
      { file: "sub\\d.png", captions: ["cafe\u0301"] },
    ]);
    expect(shortly(list)).toEqual([
      ["a.png", ["a dog"]],
      ["b.png", ["a dog"]],
      ["c.png", []],
      ["sub/d.png", ["caf\u00e9"]],
    ]);
    expect([list.empty, list.repeated]).toEqual([2, 1]);
  });
});

describe("parseCaptions refuses", () => {
  test.each<[string, string, Content, string]>([
    ["an empty file", "c.json", "", "c.json: the file is empty"],
    ["what is no JSON", "c.json", "[{", "c.json: the file is not JSON"],
    ["JSON lines with another name", "c.json", '{"file":"a"}\n{"file":"b"}', "is named .jsonl"],
    ["a value alone", "c.json", "7", "there is no list of pictures, and no object with one as images, but 7"],
    [
      "an object without images",
      "c.json",
      { a: "b" },
      "no list of pictures, and no object with one as images, but an object",
    ],
    ["a list of texts", "c.json", ["a"], 'c.json: entry 0: must be an object, got "a"'],
    ["an empty list", "c.json", [], "c.json: the file has no captions"],
    [
      "a picture without a name",
      "c.json",
      [{ captions: ["a"] }],
      "entry 0: file must be the name of a picture; the fields are 'captions'",
    ],
    ["a name that is a number", "c.json", [{ file: 3, captions: ["a"] }], "must be the name of a picture; 3"],
    ["an empty name", "c.json", [{ file: " ", captions: ["a"] }], "the picture has no name: ' '"],
    ["a folder as a name", "c.json", [{ file: "a/", captions: ["a"] }], "the picture has no name: 'a/'"],
    [
      "captions that are numbers",
      "c.json",
      [{ file: "a", captions: ["a", 3] }],
      "entry 0: captions must be texts, got 3",
    ],
    ["no captions field", "c.json", [{ file: "a" }], "captions must be texts, got undefined"],
    [
      "objects without a text",
      "c.json",
      [{ file: "a", sentences: [{ tokens: [] }] }],
      "captions must be texts, got an object",
    ],
    [
      "a split that is no text",
      "c.json",
      [{ file: "a", caption: "b", split: 3 }],
      "split must be a text, got 3",
    ],
    [
      "a picture in two splits",
      "c.json",
      [
        { file: "a", caption: "b", split: "train" },
        { file: "a", caption: "c", split: "test" },
      ],
      "c.json: entry 1: 'a' is in the split 'test', and in 'train' at c.json: entry 0",
    ],
    [
      "a caption of a book",
      "c.json",
      [{ file: "a", caption: "b".repeat(10_001) }],
      "a caption has 10001 characters; at most 10000",
    ],
    [
      "COCO's captions of no picture",
      "c.json",
      { images: [{ id: 1, file_name: "a" }], annotations: [{ image_id: 2, caption: "b" }] },
      "annotations: entry 0: image_id is the id of none of the images: 2",
    ],
    [
      "COCO's pictures without ids",
      "c.json",
      { images: [{ file_name: "a" }], annotations: [] },
      "images: entry 0: id must be a number or a text",
    ],
    [
      "two of COCO's pictures of one id",
      "c.json",
      {
        images: [
          { id: 1, file_name: "a" },
          { id: 1, file_name: "b" },
        ],
        annotations: [],
      },
      "images: entry 1: id must be a number or a text that no other picture has, got 1",
    ],
    [
      "annotations that are no list",
      "c.json",
      { images: [], annotations: {} },
      "annotations must be a list, got an object",
    ],
    [
      "a table without a column of captions",
      "c.csv",
      "image,words\na,b\n",
      "there is no column 'caption'; the columns are 'image', 'words'",
    ],
    ["a table of a header alone", "c.csv", "image,caption\n", "there is a header, but no row"],
    [
      "a line without its number",
      "c.txt",
      "a#0\tx\nb\ty\n",
      "c.txt:2: the line is not a name, #, a number, a tab and a caption",
    ],
    ["what is no UTF-8", "c.csv", Uint8Array.of(0x61, 0xff), "not UTF-8"],
  ])("%s", async (_, name, content, message) => {
    await expect(parse(content, name)).rejects.toThrow(message);
    await expect(parse(content, name)).rejects.toBeInstanceOf(UnrolledError);
  });

  test("nothing but by an error of this package, whatever is in the file", async () => {
    const names = fc.constantFrom("c.json", "c.jsonl", "c.csv", "c.txt", "c");
    const contents = fc.oneof(
      fc.json(),
      fc.string({ unit: "binary" }),
      fc.uint8Array(),
      fc
        .record({ images: fc.jsonValue(), annotations: fc.jsonValue() })
        .map((value) => JSON.stringify(value)),
      fc
        .array(fc.dictionary(fc.constantFrom("file", "captions", "split", "__proto__"), fc.jsonValue()))
        .map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(contents, names, async (content, name) => {
        try {
          await parse(content, name);
        } catch (error) {
          expect(error).toBeInstanceOf(UnrolledError);
        }
      }),
    );
  });
});

const PIXELS = new Uint8Array([0x89, 0x50]);

describe("readCaptionFiles", () => {
  const captions = [
    { file: "b.png", captions: ["two dogs"] },
    { file: "a.png", captions: ["a dog", "a brown dog"] },
  ];

  test("joins captions to files of pictures, in the order of the captions", async () => {
    const found = await read({ "captions.json": captions, "a.png": PIXELS, "b.png": PIXELS });
    expect(joined(found)).toEqual([
      ["b.png", ["two dogs"], 1],
      ["a.png", ["a dog", "a brown dog"], 0],
    ]);
    expect(found.files.map(({ name }) => name)).toEqual(["a.png", "b.png"]);
    expect(found.arrays).toBeUndefined();
    expect(found.notes).toEqual([]);
  });

  test.each([
    ["a path below the folder", "x/a.png", ["x/a.png", "y/a.png"], 0],
    ["the end of a path", "y/a.png", ["pics/x/a.png", "pics/y/a.png"], 1],
    ["a longer path", "data/pics/y/a.png", ["x/a.png", "y/a.png"], 1],
    ["a name alone", "a.png", ["x/b.png", "y/a.png"], 1],
    ["a path of another system", "C:\\pics\\a.png", ["b.png", "x/a.png"], 1],
    ["a name in another normal form", "e\u0301.png", ["b.png", "\u00e9.png"], 1],
  ])("finds a picture by %s", async (_, file, names, row) => {
    const pictures = Object.fromEntries(names.map((name) => [name, PIXELS]));
    const found = await read({ "captions.json": [{ file, caption: "x" }], ...pictures });
    expect(found.pictures.map((picture) => picture.row)).toEqual([row]);
  });

  test("refuses a name that could be two pictures, and two names of one picture", async () => {
    await expect(
      read({ "c.json": [{ file: "a.png", caption: "x" }], "x/a.png": PIXELS, "y/a.png": PIXELS }),
    ).rejects.toThrow("c.json: entry 0: 'a.png' could be the picture 'x/a.png' or 'y/a.png'");
    const two = [
      { file: "train/a.png", caption: "x" },
      { file: "test/a.png", caption: "y" },
    ];
    await expect(read({ "c.json": two, "a.png": PIXELS })).rejects.toThrow(
      "'train/a.png' at c.json: entry 0 and 'test/a.png' at c.json: entry 1 are both the picture 'a.png'",
    );
    await expect(
      read({ "c.json": [{ file: "a.png", caption: "x" }], "a.png": PIXELS, "./a.png": PIXELS }),
    ).rejects.toThrow("could be the picture 'a.png' or 'a.png'");
  });

  test("names the first three pictures that are not there, and how many", async () => {
    const files = ["a", "b", "c", "d", "e"].map((name) => ({ file: `${name}.png`, caption: name }));
    const reading = read({ "captions.json": files, "a.png": PIXELS });
    await expect(reading).rejects.toThrow(
      "captions.json: entry 1: 4 of 5 pictures with captions are not there: 'b.png', 'c.png', 'd.png' and 1 more — add the pictures, or leave their captions out with --skip-missing",
    );
    const found = await read({ "captions.json": files, "a.png": PIXELS }, { skipMissing: true });
    expect(joined(found)).toEqual([["a.png", ["a"], 0]]);
    expect(found.notes).toEqual([
      "captions.json: entry 1: 4 of 5 pictures with captions are not there: 'b.png', 'c.png', 'd.png' and 1 more; left out",
    ]);
    await expect(read({ "captions.json": files, "z.png": PIXELS }, { skipMissing: true })).rejects.toThrow(
      "no picture has a caption",
    );
  });

  test("notes what it leaves out", async () => {
    const found = await read({
      "captions.json": [
        { file: "a.png", captions: ["x", "x", ""] },
        { file: "b.png", captions: [" "] },
      ],
      "a.png": PIXELS,
      "b.png": PIXELS,
      "c.png": PIXELS,
      "README.md": "x",
    });
    expect(joined(found)).toEqual([["a.png", ["x"], 0]]);
    expect(found.notes).toEqual([
      "1 file neither of captions nor of pictures left out: 'README.md'",
      "2 captions without a word left out",
      "1 caption that the picture has already left out",
      "2 pictures without captions left out: 'b.png', 'c.png'",
    ]);
  });

  test("joins several files of captions", async () => {
    const found = await read({
      "train.csv": "image,caption\na.png,one\n",
      "more.jsonl":
        '{"image":"a.png","caption":"two","split":"train"}\n{"image":"b.png","caption":"three","split":"val"}\n',
      "a.png": PIXELS,
      "b.png": PIXELS,
    });
    expect(found.pictures).toEqual([
      { name: "a.png", captions: ["one", "two"], split: "train", row: 0 },
      { name: "b.png", captions: ["three"], split: "val", row: 1 },
    ]);
    await expect(
      read({
        "one.json": [{ file: "a.png", caption: "x", split: "train" }],
        "two.json": [{ file: "a.png", caption: "y", split: "test" }],
        "a.png": PIXELS,
      }),
    ).rejects.toThrow(
      "two.json: entry 0: 'a.png' is in the split 'test', and in 'train' at one.json: entry 0",
    );
  });

  test("refuses captions without pictures, pictures without captions, and no captions at all", async () => {
    await expect(read({ "captions.json": captions })).rejects.toThrow(
      "there are captions in captions.json, but no pictures",
    );
    await expect(read({ "a.png": PIXELS })).rejects.toThrow("there are no captions in a.png");
    await expect(
      read({ "captions.json": [{ file: "a.png", captions: [] }], "a.png": PIXELS }),
    ).rejects.toThrow("no picture has a caption");
  });

  test("refuses options and arguments that are none", async () => {
    await expect(read({ "captions.json": captions }, { skipMissing: 1 as never })).rejects.toThrow(
      "skipMissing",
    );
    await expect(read({ "captions.json": captions }, { skip: true } as never)).rejects.toThrow(
      "unknown option skip",
    );
    await expect(readCaptionFiles({} as never, {}, {} as never)).rejects.toThrow("readCaptionFiles: source");
    await expect(parseCaptions("x" as never, "c.json")).rejects.toThrow("parseCaptions: bytes");
  });
});

describe("readPictures", () => {
  const hooks = { onProgress() {}, onNote() {} };
  const filesOf = (contents: Readonly<Record<string, Uint8Array>>) =>
    memorySource(Object.entries(contents).map(([name, content]) => ({ name, content }))).listFiles(hooks);

  const paint = (
    width: number,
    height: number,
    colour: (x: number, y: number) => readonly number[],
  ): RgbImage => ({
    width,
    height,
    channels: 3,
    data: Uint8Array.from(
      Array.from({ length: width * height }, (_, at) => colour(at % width, Math.floor(at / width))).flat(),
    ),
  });

  test("has the channels first, and cuts pictures to their middle square", async () => {
    const wide = paint(4, 2, (x, y) => (x === 0 || x === 3 ? [9, 9, 9] : [10 * x, 100 + y, 200]));
    const files = await filesOf({
      "a.png": encodePng(wide),
      "b.png": encodePng(paint(4, 4, () => [1, 2, 3])),
    });
    const pixels = await readPictures(files, 2, hooks);
    expect([...pixels]).toEqual(
      [
        [10, 20, 10, 20],
        [100, 100, 101, 101],
        Array(4).fill(200),
        Array(4).fill(1),
        Array(4).fill(2),
        Array(4).fill(3),
      ].flat(),
    );
  });

  test("names the file that is no picture, and refuses sizes that are none", async () => {
    await expect(readPictures(await filesOf({ "a.png": PIXELS }), 2, hooks)).rejects.toThrow("a.png: ");
    await expect(readPictures([], 0, hooks)).rejects.toThrow(
      "readPictures: side must be an integer from 1 to 1024",
    );
    const many = Array.from({ length: 1000 }, () => ({ name: "a.png", size: 0, read: async () => PIXELS }));
    await expect(readPictures(many, 1024, hooks)).rejects.toThrow("need more than 2 GiB");
  });

  test("stops when it is told to", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    const files = await filesOf({ "a.png": encodePng(paint(2, 2, () => [0, 0, 0])) });
    await expect(readPictures(files, 2, { ...hooks, signal })).rejects.toThrow("enough");
  });
});

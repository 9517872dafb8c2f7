/** Advice about the formats of tables, sequences, arrays, recordings, sentences and vectors. */
import { zipSync } from "fflate";
import { type LabelsOf, sequencesFromArrays, sequencesFromTable } from "../../src/data/index.ts";
import {
  encodeWav,
  type NpyArray,
  numericColumn,
  parseConll,
  parseJsonLines,
  parseNpy,
  parseNpz,
  parseTable,
  parseWav,
  parseWordVectors,
  requireColumn,
  textField,
  writeNpy,
  writeNpz,
} from "../../src/io/index.ts";
import type { Entries, Entry } from "./harness.ts";

/** The first call gives the advice, the second one is what it says. */
const tried = (hint: string, wrong: () => unknown, right: () => unknown): Entry => ({
  hint,
  async follow(met) {
    await met.code(wrong);
    await right();
  },
});

const encode = (text: string) => new TextEncoder().encode(text);
const table = (text: string) => parseTable(encode(text), { name: "a.csv" });
const sequences = (text: string, labels: LabelsOf = "sequence", features?: string[]) =>
  sequencesFromTable(table(text), { labels, features });
const lines = (text: string) => parseJsonLines(encode(text), { name: "a.jsonl" });
const conll = (text: string, tagColumn?: number) => parseConll(encode(text), { name: "a.conll", tagColumn });
const vectors = (text: string | Uint8Array) =>
  parseWordVectors(typeof text === "string" ? encode(text) : text, { name: "v.txt", words: new Set(["a"]) });

/** An npy file with this description of its type, and so many bytes of data. */
function npy(descr: string, bytes: number, fill = 0): Uint8Array {
  const header = `{'descr': ${descr}, 'fortran_order': False, 'shape': (1,), }`;
  const data = new Uint8Array(bytes).fill(fill);
  return Uint8Array.of(0x93, ...encode("NUMPY"), 1, 0, header.length, 0, ...encode(header), ...data);
}
const values = Float32Array.of(1, 2);
const arrays = (extra: Record<string, NpyArray> = {}) =>
  new Map<string, NpyArray>([["x", { shape: [1, 2], dtype: "float32", values }], ...Object.entries(extra)]);
const readNpy = (bytes: Uint8Array) => parseNpy(bytes, "a.npy");
const readNpz = (bytes: Uint8Array, maxBytes?: number) => parseNpz(bytes, "a.npz", { maxBytes });

const wav = encodeWav([0.5, 0.25], { sampleRate: 8000, encoding: "float32" });
const readWav = (bytes: Uint8Array) => parseWav(bytes, "a.wav");
/** The recording, with one byte changed, or without its last bytes. */
function changedWav(at: number, value: number, length = wav.length): Uint8Array {
  const bytes = wav.slice(0, length);
  bytes[at] = value;
  return bytes;
}
/** NaN as its first sample. */
const notANumber = changedWav(46, 0xff);
notANumber[47] = 0x7f;

export const FORMATS: Entries = {
  "data/sequence-arrays.ts": [
    tried(
      "numpy.savez(path, x=x, lengths=lengths, y=y)",
      () => sequencesFromArrays(new Map([["data", arrays().get("x")!]]), { name: "a", labels: "sequence" }),
      () => sequencesFromArrays(arrays(), { name: "a", labels: "sequence" }),
    ),
  ],
  "data/sequence-table.ts": [
    tried(
      "give at least one column of numbers",
      () => sequences("label\na\n"),
      () => sequences("label,x\na,1\n"),
    ),
    {
      hint: "give the columns *",
      async follow(met) {
        const hint = await met.code(() => sequences("x,z\n1,2\n", "sequence", ["x", "y"]));
        const names = [...hint.matchAll(/'(\w+)'/g)].map(([, name]) => name);
        sequences(`${names.join()}\n1,2\n`, "sequence", ["x", "y"]);
      },
    },
    tried(
      "name the sequence of each row",
      () => sequences("sequence,x\n,1\n"),
      () => sequences("sequence,x\na,1\n"),
    ),
    {
      hint: "sort the rows by sequence and time, or give each sequence a name of its own",
      async follow(met) {
        await met.code(() => sequences("sequence,x\na,1\nb,2\na,3\n"));
        sequences("sequence,x\na,1\na,3\nb,2\n");
        sequences("sequence,x\na,1\nb,2\nc,3\n");
      },
    },
    tried(
      "scale the column, or give its logarithm",
      () => sequences("x\n1e39\n"),
      () => sequences("x\n39\n"),
    ),
    {
      hint: "fill it in for each sequence, or leave the whole column out",
      async follow(met) {
        await met.code(() => sequences("x,label\n1,\n"));
        sequences("x,label\n1,a\n");
        sequences("x\n1\n");
      },
    },
    {
      hint: "give all rows of a sequence the same; a label for each step is for the task tag",
      async follow(met) {
        const text = "sequence,x,label\na,1,u\na,2,v\n";
        await met.code(() => sequences(text));
        sequences(text.replace("v", "u"));
        sequences(text, "step");
      },
    },
  ],
  "io/conll.ts": [
    {
      hint: "count the columns from 0, or from the end with -1",
      async follow(met) {
        await met.code(() => conll("a X\n", 2));
        conll("a X\n", 1);
        conll("a X\n", -1);
      },
    },
    tried(
      "give each word the same columns, and put an empty line between sentences",
      () => conll("a X\nb\n"),
      () => conll("a X\n\nb Y\n"),
    ),
  ],
  "io/damaged.ts": [
    {
      hint: "the file is cut off or damaged: get it again",
      async follow(met) {
        const file = writeNpy({ shape: [2], values });
        await met.code(() => readNpy(file.subarray(0, file.length - 1)));
        await met.code(() => readNpy(file.subarray(0, 40)));
        readNpy(file);
        await met.code(() => readWav(wav.subarray(0, wav.length - 1)));
        await met.code(() => readWav(changedWav(40, 7)));
        await met.code(() => readWav(wav.subarray(0, 36)));
        readWav(wav);
        await met.code(() => vectors("2 1\na 1\n"));
        vectors("1 1\na 1\n");
      },
    },
  ],
  "io/decode-text.ts": [
    tried(
      "save it as UTF-8",
      () => parseTable(Uint8Array.of(0xff, 0xfe, ...Buffer.from("x\n1\n", "utf16le")), { name: "a" }),
      () => table("x\n1\n"),
    ),
    tried(
      "give a file of text in UTF-8",
      () => table("x\n\0\n"),
      () => table("x\n1\n"),
    ),
    tried(
      "convert the file to UTF-8, such as with: iconv -f latin1 -t utf-8",
      () => parseTable(Buffer.from("caf\u00e9\n1\n", "latin1"), { name: "a" }),
      () => table("caf\u00e9\n1\n"),
    ),
  ],
  "io/json-lines.ts": [
    tried(
      'write one JSON object per line: {"text": "...", "label": "..."}',
      () => lines("text"),
      () => lines('{"text": "...", "label": "..."}'),
    ),
    tried(
      "write each record as an object with names and values",
      () => lines('["a"]'),
      () => lines('{"text": "a"}'),
    ),
    {
      hint: "give each record that field, or name the one that it has",
      async follow(met) {
        await met.code(() => textField(lines('{"review": "a"}'), 0, "text"));
        textField(lines('{"text": "a"}'), 0, "text");
        textField(lines('{"review": "a"}'), 0, "review");
      },
    },
    tried(
      "write the field as a text in quotes",
      () => textField(lines('{"text": ["a"]}'), 0, "text"),
      () => textField(lines('{"text": "a"}'), 0, "text"),
    ),
  ],
  "io/npy-types.ts": [
    tried(
      "save it with a dtype of its own, such as x.astype(np.float32), or texts with x.astype(str)",
      () => readNpy(npy("'|O'", 8)),
      () => [readNpy(npy("'<f4'", 4)), readNpy(npy("'<U1'", 4))],
    ),
    tried(
      "convert it to numbers of at most 64 bits or to text, such as x.astype(np.float32)",
      () => readNpy(npy("'<c8'", 8)),
      () => readNpy(npy("'<f4'", 4)),
    ),
    tried(
      "save smaller integers, or numbers as float64",
      () => readNpy(npy("'<i8'", 8, 127)),
      () => [readNpy(npy("'<i8'", 8, 0)), readNpy(npy("'<f8'", 8, 127))],
    ),
    tried(
      "save texts as str, not as bytes: x.astype(str)",
      () => readNpy(npy("'|S1'", 1, 255)),
      () => readNpy(npy("'<U1'", 4)),
    ),
  ],
  "io/npy.ts": [
    tried(
      "write arrays with numpy.save or numpy.savez",
      () => readNpy(encode("1,2,3\n4,5,6\n")),
      () => readNpy(npy("'<f4'", 4)),
    ),
    tried(
      "save each field as an array of its own",
      () => readNpy(npy("[('a', '<f4'), ('b', '<f4')]", 8)),
      () => readNpy(npy("'<f4'", 4)),
    ),
  ],
  "io/npz.ts": [
    tried(
      "write the file with numpy.savez, and nothing else into it",
      () => readNpz(zipSync({ "readme.txt": encode("a") })),
      () => readNpz(writeNpz(arrays())),
    ),
    tried(
      "save fewer or smaller arrays, such as float32",
      () =>
        readNpz(writeNpz(arrays({ y: { shape: [1000], dtype: "int8", values: new Int8Array(1000) } })), 1000),
      () => readNpz(writeNpz(arrays()), 1000),
    ),
    {
      hint: "write it with numpy.savez, or get it again",
      async follow(met) {
        const file = writeNpz(arrays());
        await met.code(() => readNpz(npy("'<f4'", 4)));
        await met.code(() => readNpz(file.subarray(0, file.length - 10)));
        readNpz(file);
      },
    },
  ],
  "io/table-columns.ts": [
    {
      hint: "name a column of the file, or rename it in its first line",
      async follow(met) {
        await met.code(() => requireColumn(table("x\n1\n"), "y"));
        requireColumn(table("x\n1\n"), "x");
        requireColumn(table("y\n1\n"), "y");
      },
    },
    {
      hint: "fill in a number, or leave the row out",
      async follow(met) {
        await met.code(() => numericColumn(table("x,y\n,2\n3,4\n"), "x"));
        numericColumn(table("x,y\n1,2\n3,4\n"), "x");
        numericColumn(table("x,y\n3,4\n"), "x");
      },
    },
    tried(
      "write decimals with a point: 1.5",
      () => numericColumn(table("x;y\n1,5;2\n"), "x"),
      () => numericColumn(table("x;y\n1.5;2\n"), "x"),
    ),
    {
      hint: "every cell of this column must be a number: correct it, or remove the column",
      async follow(met) {
        await met.code(() => sequences("x,y\n1,one\n"));
        sequences("x,y\n1,1\n");
        sequences("x\n1\n");
      },
    },
  ],
  "io/table.ts": [
    tried(
      'write a quote inside a cell as two, and the cell in quotes: "say ""yes"""',
      () => table('x,y\nsay "yes",1\n'),
      () => table('x,y\n"say ""yes""",1\n'),
    ),
    tried(
      "name every column in the first line; with pandas: to_csv(path, index=False)",
      () => table(",x\n0,1\n"),
      () => table("x\n1\n"),
    ),
    tried(
      "give each column a name of its own",
      () => table("x,x\n0,1\n"),
      () => table("x,y\n0,1\n"),
    ),
    {
      hint: "give each row one cell per column; a cell that contains the delimiter must be in quotes",
      async follow(met) {
        await met.code(() => table("text,label\nwell, yes,a\n"));
        await met.code(() => table("text,label\nwell\n"));
        table('text,label\n"well, yes",a\n');
      },
    },
  ],
  "io/wav.ts": [
    tried(
      "convert it, such as with: ffmpeg -i FILE out.wav",
      () => readWav(encode("OggS, a recording of another kind")),
      () => readWav(wav),
    ),
    tried(
      "convert the file to PCM, such as with: ffmpeg -i FILE -c:a pcm_s16le out.wav",
      () => readWav(changedWav(20, 2)),
      () => readWav(encodeWav([0.5], { sampleRate: 8000 })),
    ),
    tried(
      "leave the file out",
      () => readWav(changedWav(40, 0, 44)),
      () => readWav(wav),
    ),
    tried(
      "record or convert the file again",
      () => readWav(notANumber),
      () => readWav(wav),
    ),
  ],
  "io/word-vectors.ts": [
    tried(
      "write a word and its numbers on each line, as GloVe and word2vec do in their text formats",
      () => vectors("a 1 2\nb 1\n"),
      () => vectors("a 1 2\nb 1 2\n"),
    ),
    tried(
      "remove one of its two lines",
      () => vectors("a 1\na 2\n"),
      () => vectors("a 1\n"),
    ),
    tried(
      "save the vectors in the text format, in UTF-8",
      () => vectors(Uint8Array.of(0xe9, ...encode(" 1\n"))),
      () => vectors("\u00e9 1\n"),
    ),
    tried(
      "separate the word and its numbers by single spaces",
      () => vectors("a\t1\t2\n"),
      () => vectors("a 1 2\n"),
    ),
    {
      hint: "correct the line, or remove it",
      async follow(met) {
        await met.code(() => vectors("a 1 x\nb 1 2\n"));
        vectors("a 1 2\nb 1 2\n");
        vectors("b 1 2\n");
      },
    },
  ],
};

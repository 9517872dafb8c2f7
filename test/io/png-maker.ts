/** Writes PNG files of every kind, right or wrong, by the standard's own words and with no regard to size or speed. */

import { crc32 } from "node:zlib";
import { zlibSync } from "fflate";

export interface PngFacts {
  width: number;
  height: number;
  kind: number;
  depth: number;
  channels: number;
  isInterlaced?: boolean;
  /** `[height, width, channels]` */
  samples: readonly number[];
  /** Chooses the filter of each row; without it, rows have none. */
  seed?: number;
  /** Bytes to be compressed instead of those of the samples. */
  raw?: Uint8Array;
  /** Chunks between header and data. */
  before?: Uint8Array[];
}

export function makeChunk(tag: string, content: Uint8Array): Uint8Array {
  const body = Buffer.concat([new TextEncoder().encode(tag), content]);
  const bytes = new Uint8Array(body.length + 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(body, 4);
  view.setUint32(4 + body.length, crc32(body));
  return bytes;
}

export function makePng(facts: PngFacts): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, facts.width);
  view.setUint32(4, facts.height);
  header.set([facts.depth, facts.kind, 0, 0, facts.isInterlaced === true ? 1 : 0], 8);
  const packed = zlibSync(facts.raw ?? rawOf(facts));
  // In two pieces, since any number of them is one stream.
  const half = packed.length >> 1;
  const chunks = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    makeChunk("IHDR", header),
    ...(facts.before ?? []),
    makeChunk("IDAT", packed.subarray(0, half)),
    makeChunk("IDAT", packed.subarray(half)),
    makeChunk("IEND", new Uint8Array(0)),
  ];
  return Uint8Array.from(Buffer.concat(chunks));
}

/** Makes the first byte of each of some rows a filter that exists. */
export const shuffledRows = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte % 5);

/** The pass of Adam7 that each pixel of an 8 x 8 square belongs to, as the standard draws it. */
const SQUARE = [
  "16462646",
  "77777777",
  "56565656",
  "77777777",
  "36463646",
  "77777777",
  "56565656",
  "77777777",
];

function rawOf({ width, height, isInterlaced, ...facts }: PngFacts): Uint8Array {
  const bytes: number[] = [];
  for (const pass of isInterlaced === true ? "1234567" : "0") {
    let above: number[] | undefined;
    for (let y = 0; y < height; y++) {
      const columns = Array.from({ length: width }, (_, x) => x).filter(
        (x) => pass === "0" || SQUARE[y % 8][x % 8] === pass,
      );
      if (columns.length === 0) continue;
      const row = packRow(
        columns.flatMap((x) => {
          const at = (y * width + x) * facts.channels;
          return facts.samples.slice(at, at + facts.channels);
        }),
        facts.depth,
      );
      const filter = facts.seed === undefined ? 0 : (facts.seed + bytes.length) % 5;
      bytes.push(filter, ...filterRow(row, above ?? row.map(() => 0), filter, facts));
      above = row;
    }
  }
  return Uint8Array.from(bytes);
}

/** Samples one after the other, the highest bit first. */
function packRow(samples: readonly number[], depth: number): number[] {
  const bits = samples.map((sample) => sample.toString(2).padStart(depth, "0")).join("");
  return (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
}

function filterRow(
  row: readonly number[],
  above: readonly number[],
  filter: number,
  { channels, depth }: { channels: number; depth: number },
): number[] {
  const pixel = Math.max(1, (channels * depth) / 8);
  return row.map((byte, at) => {
    const [a, b, c] = [row[at - pixel] ?? 0, above[at], above[at - pixel] ?? 0];
    const nearest = [a, b, c].toSorted((x, y) => Math.abs(a + b - c - x) - Math.abs(a + b - c - y))[0];
    return (byte - [0, a, b, Math.floor((a + b) / 2), nearest][filter]) & 255;
  });
}

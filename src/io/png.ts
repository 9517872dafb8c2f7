/**
 * PNG files (ISO/IEC 15948). Chunks, filters and interlacing are read here, not by a library: fast-png inflates without a
 * limit, fills rows that are missing with zeros, and misreads interlaced pictures of fewer than 8 bits.
 */
import { Unzlib, zlibSync } from "fflate";
import { FormatError } from "../core/index.ts";
import { DAMAGED } from "./damaged.ts";
import { applyOrientation, readOrientation } from "./exif.ts";
import { checkImage, checkSize, type RgbImage } from "./image.ts";
import { joinBytes } from "./join-bytes.ts";
import { type Colours, paintPixels, type Samples } from "./png-colours.ts";
import { crc32 } from "./zip-checksums.ts";

export const PNG_SIGNATURE: readonly number[] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

interface Header extends Samples {
  readonly width: number;
  readonly height: number;
  readonly isInterlaced: boolean;
}

interface Chunks extends Colours {
  readonly header: Header;
  /** The pieces of the compressed pixels, which may be of a few bytes each. */
  readonly data: readonly Uint8Array[];
  readonly orientation: number;
}

/** The depths that each kind of colour may have, and its samples per pixel. */
const KINDS: Readonly<Record<number, { channels: number; depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};

/** The seven passes of Adam7: of which columns and rows they have every so many. */
const ADAM7 = [
  [0, 8, 0, 8],
  [4, 8, 0, 8],
  [0, 4, 4, 8],
  [2, 4, 0, 4],
  [0, 2, 2, 4],
  [1, 2, 0, 2],
  [0, 1, 1, 2],
] as const;

/** Pixels that are stored together: all of them, or one pass of an interlaced picture. */
interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly width: number;
  readonly height: number;
  /** Bytes of one row, without the one of its filter. */
  readonly stride: number;
}

/**
 * Read a PNG file: grey, colour or palette, of 1 to 16 bits, with or without transparency, interlaced or not. Transparent
 * pixels are laid over white; 16 bits are rounded to 8; an orientation is applied; of an animation, the first picture is
 * read. Colour profiles and gamma are passed over.
 * @param where the name of the file, for errors
 * @param maxPixels a larger picture is refused by the size that it claims, before anything is unpacked
 */
export function decodePng(bytes: Uint8Array, where: string, maxPixels: number): RgbImage {
  const chunks = readChunks(bytes, where, maxPixels);
  const { header } = chunks;
  const passes = passesOf(header);
  const size = passes.reduce((sum, { height, stride }) => sum + height * (stride + 1), 0);
  const raw = inflate(joinBytes(chunks.data), size, where);
  const data = new Uint8Array(header.width * header.height * 3);
  let start = 0;
  for (const pass of passes) {
    unfilter(raw, start, pass, Math.max(1, (header.channels * header.depth) / 8), where);
    for (let row = 0; row < pass.height; row++) {
      const from = raw.subarray(start + row * (pass.stride + 1) + 1, start + (row + 1) * (pass.stride + 1));
      const first = (pass.y + row * pass.stepY) * header.width + pass.x;
      const isPainted = paintPixels(from, header, chunks, {
        data,
        first,
        step: pass.stepX,
        count: pass.width,
      });
      if (!isPainted) throw new FormatError(where, "a pixel has a colour that the palette lacks", DAMAGED);
    }
    start += pass.height * (pass.stride + 1);
  }
  const image: RgbImage = { width: header.width, height: header.height, channels: 3, data };
  return applyOrientation(image, chunks.orientation);
}

function readChunks(bytes: Uint8Array, where: string, maxPixels: number): Chunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | undefined;
  const data: Uint8Array[] = [];
  let [palette, transparency]: (Uint8Array | undefined)[] = [];
  let orientation = 1;
  for (let at = PNG_SIGNATURE.length; ; ) {
    if (at + 12 > bytes.length) throw new FormatError(where, "the file ends before its last chunk", DAMAGED);
    const length = view.getUint32(at);
    const tag = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (length > bytes.length - at - 12) {
      throw new FormatError(
        where,
        `a chunk claims ${length} bytes, ${bytes.length - at - 12} are there`,
        DAMAGED,
      );
    }
    const chunk = bytes.subarray(at + 8, at + 8 + length);
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) {
      throw new FormatError(where, `the checksum of the chunk at byte ${at} is wrong`, DAMAGED);
    }
    // A small first letter says that a chunk may be passed over.
    const isNeeded = (bytes[at + 4] & 0x20) === 0;
    at += 12 + length;
    if (header === undefined) {
      header = readHeader(tag, chunk, where, maxPixels);
      continue;
    }
    if (tag === "PLTE") palette = chunk;
    else if (tag === "tRNS") transparency = chunk;
    else if (tag === "eXIf") orientation = readOrientation(chunk);
    else if (tag === "IDAT") data.push(chunk);
    else if (tag === "IEND")
      return { header, data, orientation, ...checkColours(header, palette, transparency, where) };
    else if (isNeeded) throw new FormatError(where, "the file has a chunk that is not known", DAMAGED);
  }
}

function readHeader(tag: string, chunk: Uint8Array, where: string, maxPixels: number): Header {
  if (tag !== "IHDR" || chunk.length !== 13) {
    throw new FormatError(where, "the file does not begin with a header of 13 bytes", DAMAGED);
  }
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, kind, compression, filter, interlace] = chunk.subarray(8);
  checkSize(where, width, height, maxPixels);
  if (!KINDS[kind]?.depths.includes(depth) || compression !== 0 || filter !== 0 || interlace > 1) {
    throw new FormatError(
      where,
      `there is no PNG of colour type ${kind}, ${depth} bits, compression ${compression}, filter ${filter} and interlace ${interlace}`,
      DAMAGED,
    );
  }
  return { width, height, depth, kind, channels: KINDS[kind].channels, isInterlaced: interlace === 1 };
}

function checkColours(
  { kind }: Header,
  palette: Uint8Array | undefined,
  transparency: Uint8Array | undefined,
  where: string,
): Colours {
  const colours = (palette?.length ?? 0) / 3;
  if (kind === 3 && !(Number.isInteger(colours) && colours >= 1 && colours <= 256)) {
    throw new FormatError(where, `the palette has ${colours} colours; it must have 1 to 256`, DAMAGED);
  }
  const fits =
    transparency === undefined ||
    (kind === 3
      ? transparency.length <= colours
      : transparency.length === (KINDS[kind].channels === 1 ? 2 : 6));
  if (!fits || (transparency !== undefined && kind > 3)) {
    throw new FormatError(where, "the transparent colours do not fit the kind of picture", DAMAGED);
  }
  return { palette: kind === 3 ? palette : undefined, transparency };
}

function passesOf({ width, height, channels, depth, isInterlaced }: Header): Pass[] {
  const grids = isInterlaced ? ADAM7 : ([[0, 1, 0, 1]] as const);
  const passes = grids.map(([x, stepX, y, stepY]): Pass => {
    const columns = Math.max(0, Math.ceil((width - x) / stepX));
    const rows = Math.max(0, Math.ceil((height - y) / stepY));
    const stride = Math.ceil((columns * channels * depth) / 8);
    return { x, y, stepX, stepY, width: columns, height: rows, stride };
  });
  // A pass without columns has no bytes of filters either.
  return passes.filter((pass) => pass.width > 0 && pass.height > 0);
}

/** Given to the inflator at a time: makes some 64 MiB at most, after which what is too long is noticed. */
const PIECE = 2 ** 16;

/** Exactly so many bytes: neither more nor less may be in the file. */
function inflate(packed: Uint8Array, size: number, where: string): Uint8Array {
  const raw = new Uint8Array(size);
  let length = 0;
  const inflator = new Unzlib((chunk) => {
    if (length + chunk.length > size)
      throw new FormatError(where, `the pixels have more than ${size} bytes`, DAMAGED);
    raw.set(chunk, length);
    length += chunk.length;
  });
  try {
    for (let at = 0; at < packed.length; at += PIECE) inflator.push(packed.subarray(at, at + PIECE));
    inflator.push(new Uint8Array(0), true);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(where, "the pixels cannot be unpacked", { ...DAMAGED, cause: error });
  }
  if (length !== size) {
    throw new FormatError(where, `the pixels have ${length} bytes; they must have ${size}`, DAMAGED);
  }
  return raw;
}

/** Filters say how a byte differs from those to the left and above (section 9 of the standard). Undone in place. */
function unfilter(
  raw: Uint8Array,
  start: number,
  { height, stride }: Pass,
  pixel: number,
  where: string,
): void {
  for (let row = 0; row < height; row++) {
    const from = start + row * (stride + 1) + 1;
    const filter = raw[from - 1];
    if (filter > 4)
      throw new FormatError(where, `row ${row} has the filter ${filter}; there are 0 to 4`, DAMAGED);
    if (filter === 0) continue;
    for (let at = 0; at < stride; at++) {
      const left = at >= pixel ? raw[from + at - pixel] : 0;
      const above = row > 0 ? raw[from + at - stride - 1] : 0;
      const corner = row > 0 && at >= pixel ? raw[from + at - stride - 1 - pixel] : 0;
      raw[from + at] += predict(filter, left, above, corner);
    }
  }
}

function predict(filter: number, left: number, above: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  // The neighbour that is nearest to left + above - corner.
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

const PAETH = 4;

/** The bytes of a PNG file of a picture: 8 bits per colour, not interlaced. */
export function encodePng(image: RgbImage): Uint8Array {
  checkImage("encodePng: image", image);
  const { width, height, data } = image;
  const stride = width * 3;
  const rows = new Uint8Array(height * (stride + 1));
  for (let row = 0; row < height; row++) {
    const to = row * (stride + 1);
    rows[to] = PAETH;
    for (let at = 0; at < stride; at++) {
      const from = row * stride + at;
      const left = at >= 3 ? data[from - 3] : 0;
      const above = row > 0 ? data[from - stride] : 0;
      const corner = row > 0 && at >= 3 ? data[from - stride - 3] : 0;
      rows[to + 1 + at] = data[from] - predict(PAETH, left, above, corner);
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 2], 8);
  const chunks = [
    chunkOf("IHDR", header),
    chunkOf("IDAT", zlibSync(rows)),
    chunkOf("IEND", new Uint8Array(0)),
  ];
  return joinBytes([Uint8Array.from(PNG_SIGNATURE), ...chunks]);
}

function chunkOf(tag: string, content: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(12 + content.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, content.length);
  chunk.set(new TextEncoder().encode(tag), 4);
  chunk.set(content, 8);
  view.setUint32(8 + content.length, crc32(chunk.subarray(4, 8 + content.length)));
  return chunk;
}

/** Bytes of base64 at a time: divisible by 3, and few enough to be arguments of one call. */
const BASE64_PIECE = 3 * 2 ** 12;

/** A picture as an address that holds it: `data:image/png;base64,...`, for SVG and HTML. */
export function pngDataUri(image: RgbImage): string {
  checkImage("pngDataUri: image", image);
  const bytes = encodePng(image);
  let text = "data:image/png;base64,";
  for (let at = 0; at < bytes.length; at += BASE64_PIECE) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + BASE64_PIECE)));
  }
  return text;
}

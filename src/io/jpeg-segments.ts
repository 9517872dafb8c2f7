/** The segments of a JPEG file (ITU-T T.81, annex B), checked, and brought to those that its pixels need. */
import { FormatError } from "../core/index.ts";
import { DAMAGED } from "./damaged.ts";
import { readOrientation } from "./exif.ts";
import { checkSize } from "./image.ts";
import { joinBytes } from "./join-bytes.ts";

export interface JpegSegments {
  /** A JPEG file of the same pixels, without metadata, profiles and thumbnails. */
  readonly file: Uint8Array;
  /** Three colours that are red, green and blue, and not YCbCr. */
  readonly isRgb: boolean;
  /** Of Exif, 1 to 8. */
  readonly orientation: number;
}

interface Frame {
  readonly isProgressive: boolean;
  /** The names of the colours, in order. */
  readonly components: readonly number[];
}

const Marker = {
  startOfImage: 0xd8,
  endOfImage: 0xd9,
  startOfScan: 0xda,
  quantization: 0xdb,
  lines: 0xdc,
  restartInterval: 0xdd,
  huffman: 0xc4,
  jfif: 0xe0,
  exif: 0xe1,
  adobe: 0xee,
  comment: 0xfe,
} as const;

/** Baseline, extended and progressive; what the others are. */
const FRAMES = [0xc0, 0xc1, 0xc2];
const OTHER_FRAMES: Readonly<Record<number, string>> = {
  195: "lossless",
  197: "hierarchical",
  198: "hierarchical",
  199: "hierarchical",
  201: "arithmetically coded",
  202: "arithmetically coded",
  203: "arithmetically coded",
  204: "arithmetically coded",
  205: "hierarchical",
  206: "hierarchical",
  207: "hierarchical",
};

/** Encoders make some ten of a progressive file. Each takes time for all blocks, of however few bytes it is. */
const MAX_SCANS = 50;

const CONVERT = { hint: "convert it, such as with: magick FILE -colorspace sRGB out.png" };

/** @throws FormatError for what is cut off, damaged or of a kind that is not read, and more pixels than `maxPixels` */
export function readSegments(bytes: Uint8Array, where: string, maxPixels: number): JpegSegments {
  return new SegmentReader(bytes, where, maxPixels).read();
}

class SegmentReader {
  private readonly bytes: Uint8Array;
  private readonly where: string;
  private readonly maxPixels: number;
  private readonly kept: Uint8Array[] = [Uint8Array.of(0xff, Marker.startOfImage)];
  private frame: Frame | undefined;
  private adobeTransform: number | undefined;
  private hasJfif = false;
  private orientation = 1;
  private scans = 0;
  /** The colours of which there are pixels. */
  private readonly seen = new Set<number>();

  constructor(bytes: Uint8Array, where: string, maxPixels: number) {
    this.bytes = bytes;
    this.where = where;
    this.maxPixels = maxPixels;
  }

  read(): JpegSegments {
    for (let at = 2; ; ) {
      const { bytes } = this;
      if (bytes[at] !== 0xff) throw this.damaged(at < bytes.length ? `no marker at byte ${at}` : END);
      while (bytes[at] === 0xff) at++;
      const marker = bytes[at++];
      if (marker === Marker.endOfImage) return this.finish();
      if (marker === undefined || at + 2 > bytes.length) throw this.damaged(END);
      const length = bytes[at] * 256 + bytes[at + 1];
      if (length < 2 || length > bytes.length - at) {
        throw this.damaged(`a segment claims ${length} bytes, ${bytes.length - at} are there`);
      }
      const content = bytes.subarray(at + 2, at + length);
      this.add(marker, content, bytes.subarray(at, at + length));
      at += length;
      if (marker === Marker.startOfScan) at = this.addPixels(at);
    }
  }

  private add(marker: number, content: Uint8Array, segment: Uint8Array): void {
    const keep = () => this.kept.push(Uint8Array.of(0xff, marker), segment);
    if (FRAMES.includes(marker)) {
      this.frame = this.readFrame(marker, content);
      keep();
    } else if (marker === Marker.startOfScan) {
      this.checkScan(content);
      keep();
    } else if (marker === Marker.huffman) {
      this.checkHuffman(content);
      keep();
    } else if (marker === Marker.quantization || marker === Marker.restartInterval) {
      if (marker === Marker.restartInterval && content.length !== 2) {
        throw this.damaged("the restart interval must have 2 bytes");
      }
      keep();
    } else if (marker === Marker.jfif) {
      this.hasJfif ||= startsWith(content, "JFIF\0");
    } else if (marker === Marker.exif) {
      if (this.orientation === 1 && startsWith(content, "Exif\0\0")) {
        this.orientation = readOrientation(content.subarray(6));
      }
    } else if (marker === Marker.adobe) {
      if (content.length >= 12 && startsWith(content, "Adobe")) {
        this.adobeTransform = content[11];
        keep();
      }
    } else if (OTHER_FRAMES[marker] !== undefined) {
      throw new FormatError(this.where, `a JPEG file that is ${OTHER_FRAMES[marker]} is not read`, CONVERT);
    } else if (marker !== Marker.comment && marker !== Marker.lines && (marker < 0xe0 || marker > 0xef)) {
      throw this.damaged(`a segment of the kind ${marker.toString(16)} is not known`);
    }
  }

  private readFrame(marker: number, content: Uint8Array): Frame {
    if (this.frame !== undefined) throw this.damaged("the file has two frames");
    const [precision, ...sizes] = content;
    const count = content[5];
    if (content.length < 6 || content.length !== 6 + 3 * count) {
      throw this.damaged(`a frame of ${count} colours has ${content.length} bytes`);
    }
    const [height, width] = [sizes[0] * 256 + sizes[1], sizes[2] * 256 + sizes[3]];
    checkSize(this.where, width, height, this.maxPixels);
    if (precision !== 8 || ![1, 3, 4].includes(count)) {
      throw new FormatError(
        this.where,
        `a JPEG file of ${count} colours with ${precision} bits is not read; it must have 1, 3 or 4 with 8 bits`,
        CONVERT,
      );
    }
    const components = Array.from({ length: count }, (_, at) => content[6 + 3 * at]);
    const isSampled = (sampling: number) => sampling >= 1 && sampling <= 4;
    for (let at = 0; at < count; at++) {
      const sampling = content[7 + 3 * at];
      if (!isSampled(sampling >> 4) || !isSampled(sampling & 15)) {
        throw this.damaged(`colour ${at + 1} has the sampling ${sampling >> 4} x ${sampling & 15}`);
      }
    }
    if (new Set(components).size !== count) throw this.damaged("two colours have one name");
    return { isProgressive: marker === 0xc2, components };
  }

  private checkScan(content: Uint8Array): void {
    const { frame } = this;
    const count = content[0];
    if (frame === undefined || content.length !== 4 + 2 * count || count < 1 || count > 4) {
      throw this.damaged("a scan does not follow a frame, or has a wrong length");
    }
    if (++this.scans > MAX_SCANS)
      throw new FormatError(this.where, `the file has more than ${MAX_SCANS} scans`, CONVERT);
    const names = Array.from({ length: count }, (_, at) => content[1 + 2 * at]);
    if (new Set(names).size !== count || names.some((name) => !frame.components.includes(name))) {
      throw this.damaged("a scan has a colour that the frame lacks, or one twice");
    }
    const [first, last, approximation] = content.subarray(1 + 2 * count);
    const isDc = first === 0 && last === 0;
    const isAc = first >= 1 && first <= last && last <= 63 && count === 1;
    if (frame.isProgressive && ((!isDc && !isAc) || (approximation & 15) > 13)) {
      throw this.damaged(`a scan of the coefficients ${first} to ${last}`);
    }
    if (!frame.isProgressive || isDc) for (const name of names) this.seen.add(name);
  }

  /** Each table: its kind, the number of codes of 1 to 16 bits, and what they stand for. */
  private checkHuffman(content: Uint8Array): void {
    let at = 0;
    while (at < content.length) {
      const codes = content.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0);
      at += 17 + codes;
      if (codes > 256 || at > content.length)
        throw this.damaged("a Huffman table is longer than its segment");
    }
  }

  /** What follows the header of a scan, up to the next marker: 0xff is followed by 0, or by the number of a restart. */
  private addPixels(start: number): number {
    const { bytes } = this;
    let at = start;
    while (at < bytes.length) {
      if (bytes[at] === 0xff && bytes[at + 1] !== 0 && (bytes[at + 1] & 0xf8) !== 0xd0) break;
      at++;
    }
    this.kept.push(bytes.subarray(start, at));
    return at;
  }

  private finish(): JpegSegments {
    const { frame, orientation, adobeTransform } = this;
    if (frame === undefined || frame.components.some((name) => !this.seen.has(name))) {
      throw this.damaged("the file has not the pixels of all colours");
    }
    const count = frame.components.length;
    if (count === 4 && adobeTransform === undefined) {
      throw new FormatError(
        this.where,
        "four colours without Adobe's mark, which says what they are",
        CONVERT,
      );
    }
    // As libjpeg decides: without a word on it, colours by the names R, G and B are these.
    const isNamedRgb = String.fromCharCode(...frame.components) === "RGB";
    const isRgb =
      count === 3 &&
      (adobeTransform === undefined ? isNamedRgb && !this.hasJfif : adobeTransform === 0 && !this.hasJfif);
    this.kept.push(Uint8Array.of(0xff, Marker.endOfImage));
    return { file: joinBytes(this.kept), isRgb, orientation };
  }

  private damaged(problem: string): FormatError {
    return new FormatError(this.where, problem, DAMAGED);
  }
}

const END = "the file ends before its end marker";

function startsWith(content: Uint8Array, text: string): boolean {
  return text.length <= content.length && Array.from(text).every((c, at) => c.charCodeAt(0) === content[at]);
}

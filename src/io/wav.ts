/**
 * WAV files: RIFF with PCM or floating-point samples, as in "Multiple channel audio data and WAVE files" (Microsoft, 2007).
 */
import { escapeControl, FormatError, InputError } from "../core/index.ts";
import {
  BYTES,
  checkValue,
  FINITE,
  listOfAny,
  oneOf,
  optional,
  type Ranges,
  SIZE,
  settle,
  TEXT,
} from "../core/options.ts";
import { DAMAGED } from "./damaged.ts";

/** A recording, brought to one channel. */
export interface WavFile {
  /** Samples per second. */
  readonly sampleRate: number;
  /** Channels in the file, of which `samples` is the mean. */
  readonly channels: number;
  /** `[samples]`, in [-1, 1]. */
  readonly samples: Float32Array;
}

interface Format {
  readonly isFloat: boolean;
  readonly channels: number;
  readonly sampleRate: number;
  /** Bits of a sample: 8, 16, 24 or 32, or 32 or 64 for floats. */
  readonly bits: number;
}

const PCM = 1;
const IEEE_FLOAT = 3;
const EXTENSIBLE = 0xfffe;
const MAX_CHANNELS = 1024;
/** From the lowest to beyond the highest of any recorder. */
const RATES = { lowest: 100, highest: 10_000_000 };

/**
 * Parse a WAV file: PCM of 8, 16, 24 or 32 bits, or floats of 32 or 64, of any rate and any number of channels.
 * @param bytes the whole file
 * @param name of the file, for errors
 * @throws FormatError for what is no WAV file, one that is compressed, cut off or without samples, and samples that are
 * not finite
 */
export function parseWav(bytes: Uint8Array, name: string): WavFile {
  checkValue("parseWav: bytes", BYTES, bytes);
  checkValue("parseWav: name", TEXT, name);
  const where = escapeControl(name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || tagAt(view, 0) !== "RIFF" || tagAt(view, 8) !== "WAVE") {
    throw new FormatError(where, "this is no WAV file: it does not begin with RIFF and WAVE", {
      hint: "convert it, such as with: ffmpeg -i FILE out.wav",
    });
  }
  const { format, data } = findChunks(view, where);
  const samples = readSamples(format, data, where);
  return { sampleRate: format.sampleRate, channels: format.channels, samples };
}

function tagAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((k) => view.getUint8(at + k)));
}

/** The two chunks that matter, among others in any order; each begins at an even byte. */
function findChunks(view: DataView, where: string): { format: Format; data: DataView } {
  let format: Format | undefined;
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const tag = tagAt(view, at);
    const size = view.getUint32(at + 4, true);
    const left = view.byteLength - (at + 8);
    // A program that writes to a pipe does not know the size beforehand, and leaves the largest number there.
    const isUnknown = tag === "data" && size === 0xffffffff;
    if (size > left && !isUnknown) {
      throw new FormatError(
        where,
        `the chunk ${JSON.stringify(escapeControl(tag))} claims ${size} bytes, ${left} are there`,
        DAMAGED,
      );
    }
    const chunk = new DataView(view.buffer, view.byteOffset + at + 8, isUnknown ? left : size);
    if (tag === "fmt ") format = readFormat(chunk, where);
    if (tag === "data") {
      if (format === undefined) throw new FormatError(where, "the samples stand before their format");
      return { format, data: chunk };
    }
    at += 8 + size + (size % 2);
  }
  throw new FormatError(where, `the file has no ${format === undefined ? "format" : "samples"}`, DAMAGED);
}

function readFormat(chunk: DataView, where: string): Format {
  if (chunk.byteLength < 16) {
    throw new FormatError(where, `the format has ${chunk.byteLength} bytes; it must have at least 16`);
  }
  let code = chunk.getUint16(0, true);
  const channels = chunk.getUint16(2, true);
  const sampleRate = chunk.getUint32(4, true);
  const frameBytes = chunk.getUint16(12, true);
  const bits = chunk.getUint16(14, true);
  // The first two bytes of the identifier of the format are its code.
  if (code === EXTENSIBLE && chunk.byteLength >= 40) code = chunk.getUint16(24, true);
  const isFloat = code === IEEE_FLOAT;
  const known = isFloat ? [32, 64] : code === PCM ? [8, 16, 24, 32] : [];
  if (!known.includes(bits)) {
    throw new FormatError(where, `samples of format ${code} with ${bits} bits are not read`, {
      hint: "convert the file to PCM, such as with: ffmpeg -i FILE -c:a pcm_s16le out.wav",
    });
  }
  if (channels < 1 || channels > MAX_CHANNELS || frameBytes !== (channels * bits) / 8) {
    throw new FormatError(where, `${channels} channels of ${bits} bits do not make ${frameBytes} bytes`);
  }
  if (sampleRate < RATES.lowest || sampleRate > RATES.highest) {
    throw new FormatError(where, `a rate of ${sampleRate} samples per second is out of range`);
  }
  return { isFloat, channels, sampleRate, bits };
}

/** The mean of the channels. */
function readSamples({ isFloat, channels, bits }: Format, data: DataView, where: string): Float32Array {
  const bytes = bits / 8;
  if (data.byteLength % (channels * bytes) !== 0) {
    throw new FormatError(
      where,
      `${data.byteLength} bytes of samples are no whole number of frames`,
      DAMAGED,
    );
  }
  const count = data.byteLength / (channels * bytes);
  if (count === 0)
    throw new FormatError(where, "the recording has no samples", { hint: "leave the file out" });
  const read = isFloat ? floatAt(data, bits) : integerAt(data, bits);
  const samples = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += read((index * channels + channel) * bytes);
    const mean = sum / channels;
    if (!Number.isFinite(mean)) {
      throw new FormatError(where, `sample ${index} is ${mean}`, {
        hint: "record or convert the file again",
      });
    }
    // Floating-point files may go beyond full scale.
    samples[index] = Math.max(-1, Math.min(1, mean));
  }
  return samples;
}

function floatAt(data: DataView, bits: number): (at: number) => number {
  return bits === 32 ? (at) => data.getFloat32(at, true) : (at) => data.getFloat64(at, true);
}

/** Samples of 8 bits have no sign; the others do. */
function integerAt(data: DataView, bits: number): (at: number) => number {
  switch (bits) {
    case 8:
      return (at) => (data.getUint8(at) - 128) / 2 ** 7;
    case 16:
      return (at) => data.getInt16(at, true) / 2 ** 15;
    case 24:
      return (at) => ((data.getInt8(at + 2) << 16) | data.getUint16(at, true)) / 2 ** 23;
    default:
      return (at) => data.getInt32(at, true) / 2 ** 31;
  }
}

/** How samples are written. */
export type WavEncoding = "pcm8" | "pcm16" | "pcm24" | "pcm32" | "float32";

export interface EncodeWavOptions {
  /** Samples per second. */
  sampleRate: number;
  /** Default "pcm16". */
  encoding?: WavEncoding;
}

const RANGES: Ranges<EncodeWavOptions> = {
  sampleRate: {
    text: `an integer from ${RATES.lowest} to ${RATES.highest}`,
    fits: (value) =>
      SIZE.fits(value) && (value as number) >= RATES.lowest && (value as number) <= RATES.highest,
  },
  encoding: optional(oneOf("pcm8", "pcm16", "pcm24", "pcm32", "float32")),
};

const SAMPLES = listOfAny(FINITE, "a list of finite numbers");

/** A file has a size of 32 bits. */
const MAX_DATA = 2 ** 32 - 64;

/**
 * The bytes of a WAV file of one channel.
 * @param samples `[samples]`; what is beyond [-1, 1] is cut to it
 * @throws InputError for no samples, samples that are not finite, and more than the 4 GiB of a file
 */
export function encodeWav(samples: ArrayLike<number>, options: EncodeWavOptions): Uint8Array {
  checkValue("encodeWav: samples", SAMPLES, samples);
  const { sampleRate, encoding = "pcm16" } = settle<EncodeWavOptions>("encodeWav", RANGES, {}, options);
  const bits = encoding === "float32" ? 32 : Number(encoding.slice("pcm".length));
  const size = samples.length * (bits / 8);
  if (size === 0 || size > MAX_DATA)
    throw new InputError(`encodeWav: samples must be at least one and fit in 4 GiB, got ${samples.length}`);
  const bytes = new Uint8Array(44 + size + (size % 2));
  const view = new DataView(bytes.buffer);
  const tag = (at: number, text: string) => bytes.set(new TextEncoder().encode(text), at);
  tag(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  tag(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, encoding === "float32" ? IEEE_FLOAT : PCM, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * (bits / 8), true);
  view.setUint16(32, bits / 8, true);
  view.setUint16(34, bits, true);
  tag(36, "data");
  view.setUint32(40, size, true);
  for (let index = 0; index < samples.length; index++) {
    const sample = Math.max(-1, Math.min(1, samples[index]));
    const at = 44 + index * (bits / 8);
    if (encoding === "float32") view.setFloat32(at, sample, true);
    else setInteger(view, at, bits, sample);
  }
  return bytes;
}

function setInteger(view: DataView, at: number, bits: number, sample: number): void {
  const scale = 2 ** (bits - 1);
  const level = Math.min(scale - 1, Math.round(sample * scale));
  if (bits === 8) view.setUint8(at, level + 128);
  else if (bits === 16) view.setInt16(at, level, true);
  else if (bits === 32) view.setInt32(at, level, true);
  else {
    view.setUint16(at, level & 0xffff, true);
    view.setInt8(at + 2, level >> 16);
  }
}

/** Samples of a PNG file as colours of 8 bits over white. */

/** How the samples of a row lie. */
export interface Samples {
  /** Bits per sample. */
  readonly depth: number;
  /** 0 grey, 2 colour, 3 palette, 4 grey with alpha, 6 colour with alpha. */
  readonly kind: number;
  /** Samples per pixel. */
  readonly channels: number;
}

export interface Colours {
  /** `[colours, 3]`, for the kind 3. */
  readonly palette: Uint8Array | undefined;
  /** Of a palette, the alpha of its first colours; otherwise the samples of the one colour that is transparent, of 16 bits. */
  readonly transparency: Uint8Array | undefined;
}

/** Pixels of a picture: `count` from pixel `first` on, each `step` further. */
export interface Target {
  readonly data: Uint8Array;
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/**
 * Paints one row.
 * @param row its bytes, without a filter
 * @returns false if a pixel has a colour that the palette lacks
 */
export function paintPixels(row: Uint8Array, samples: Samples, colours: Colours, target: Target): boolean {
  const { channels, kind, depth } = samples;
  const { data, first, step, count } = target;
  const most = 2 ** depth - 1;
  const key = kind === 3 ? undefined : keyOf(colours.transparency);
  const pixel = [0, 0, 0, 0];
  for (let index = 0; index < count; index++) {
    for (let channel = 0; channel < channels; channel++) {
      pixel[channel] = sampleAt(row, index * channels + channel, depth);
    }
    const at = (first + index * step) * 3;
    if (kind === 3) {
      if (!paintIndexed(data, at, pixel[0], colours)) return false;
      continue;
    }
    let alpha = 1;
    if (kind >= 4) alpha = pixel[channels - 1] / most;
    else if (key?.every((value, channel) => value === pixel[channel])) alpha = 0;
    const isGrey = kind === 0 || kind === 4;
    for (let channel = 0; channel < 3; channel++) {
      data[at + channel] = overWhite(pixel[isGrey ? 0 : channel] / most, alpha);
    }
  }
  return true;
}

/** @param index of a sample of its row */
function sampleAt(row: Uint8Array, index: number, depth: number): number {
  if (depth === 8) return row[index];
  if (depth === 16) return row[2 * index] * 256 + row[2 * index + 1];
  const bit = index * depth;
  return (row[bit >> 3] >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}

function keyOf(transparency: Uint8Array | undefined): number[] | undefined {
  if (transparency === undefined) return undefined;
  return Array.from(
    { length: transparency.length / 2 },
    (_, at) => transparency[2 * at] * 256 + transparency[2 * at + 1],
  );
}

function paintIndexed(
  data: Uint8Array,
  at: number,
  index: number,
  { palette, transparency }: Colours,
): boolean {
  if (palette === undefined || 3 * index >= palette.length) return false;
  const alpha = (transparency?.[index] ?? 255) / 255;
  for (let channel = 0; channel < 3; channel++) {
    data[at + channel] = overWhite(palette[3 * index + channel] / 255, alpha);
  }
  return true;
}

/** @param level from 0 to 1 */
function overWhite(level: number, alpha: number): number {
  return Math.round(255 * (1 - alpha + alpha * level));
}

import { InputError, Rng } from "../core/index.ts";
import { type Range, type Ranges, SIZE, settle } from "../core/options.ts";
import { sharedFloats } from "./shared-arrays.ts";
import type { StepSequences } from "./step-sequences.ts";

export interface MovingShapesOptions {
  /** Videos, 1 to 100,000. Default 400. */
  readonly videos?: number;
  /** Frames of a video, 2 to 10,000. Default 40. */
  readonly frames?: number;
  /** Height and width of a frame in pixels, 8 to 64. Default 16. */
  readonly size?: number;
  /** Standard deviation of the noise on each pixel, where a shape is 1 and the ground 0. Default 0.1. */
  readonly noise?: number;
  /** Chooses everything, an integer. Default 0. */
  readonly seed?: number;
}

/** Small films with a label for each frame. */
export interface MovingShapes {
  /** What the shape does, by the numbers in `labels`. */
  readonly actions: readonly string[];
  /** `[videos][frames * size * size]`, row by row. */
  readonly pixels: readonly Float32Array[];
  /** `[videos][frames]`: how the shape came from the frame before to this one; -1 for the first frame. */
  readonly labels: readonly Int32Array[];
  readonly size: number;
}

const RANGES: Ranges<MovingShapesOptions> = {
  videos: {
    text: "an integer from 1 to 100000",
    fits: (value) => SIZE.fits(value) && (value as number) <= 100_000,
  } satisfies Range,
  frames: {
    text: "an integer from 2 to 10000",
    fits: (value) => SIZE.fits(value) && (value as number) >= 2 && (value as number) <= 10_000,
  } satisfies Range,
  size: {
    text: "an integer from 8 to 64",
    fits: (value) => SIZE.fits(value) && (value as number) >= 8 && (value as number) <= 64,
  } satisfies Range,
  noise: {
    text: "a number from 0 to 10",
    fits: (value) => typeof value === "number" && value >= 0 && value <= 10,
  } satisfies Range,
  seed: { text: "an integer", fits: Number.isSafeInteger },
};

const MOST_PIXELS = 2 ** 29;

const DEFAULTS = { videos: 400, frames: 40, size: 16, noise: 0.1, seed: 0 };

/** Rows and columns that a shape moves by in a frame. */
const ACTIONS: readonly { readonly name: string; readonly down: number; readonly right: number }[] = [
  { name: "rest", down: 0, right: 0 },
  { name: "left", down: 0, right: -2 },
  { name: "right", down: 0, right: 2 },
  { name: "up", down: -2, right: 0 },
  { name: "down", down: 2, right: 0 },
];

/** The longest and the shortest stretch of an action, in frames. */
const STRETCH = { least: 5, most: 12 };

/** Symmetric in both directions, so that no single frame tells where the shape goes. */
const SHAPES: readonly (readonly string[])[] = [
  ["####", "####", "####", "####"],
  [".##.", "####", "####", ".##."],
  ["####", "#..#", "#..#", "####"],
  ["#..#", ".##.", ".##.", "#..#"],
];

/**
 * Films of one bright shape, which rests or moves in one of four directions for some frames, then does something else. A
 * shape that leaves the frame comes in again at the other side, and starts anywhere, so that a single frame says nothing
 * about the action: it can only be told from the motion between two.
 */
export function movingShapes(options: MovingShapesOptions = {}): MovingShapes {
  const settings = settle<Required<MovingShapesOptions>>("movingShapes", RANGES, DEFAULTS, options);
  const { videos, frames, size, seed } = settings;
  if (videos * frames * size * size > MOST_PIXELS) {
    throw new InputError(
      `movingShapes: at most ${MOST_PIXELS} pixels in all, got ${videos} videos of ${frames} frames`,
    );
  }
  const made = Array.from({ length: videos }, (_, index) => makeVideo(settings, new Rng(seed).fork(index)));
  return {
    actions: ACTIONS.map(({ name }) => name),
    pixels: made.map(({ pixels }) => pixels),
    labels: made.map(({ labels }) => labels),
    size,
  };
}

function makeVideo(
  { frames, size, noise }: Required<MovingShapesOptions>,
  rng: Rng,
): { pixels: Float32Array; labels: Int32Array } {
  const shape = SHAPES[rng.integer(SHAPES.length)];
  let [row, column] = [rng.integer(size), rng.integer(size)];
  const pixels = new Float32Array(frames * size * size);
  const labels = new Int32Array(frames);
  let [action, left] = [0, 0];
  for (let t = 0; t < frames; t++) {
    if (left === 0) {
      action = (action + 1 + rng.integer(ACTIONS.length - 1)) % ACTIONS.length;
      left = STRETCH.least + rng.integer(STRETCH.most - STRETCH.least + 1);
    }
    left--;
    if (t > 0) {
      row = (row + ACTIONS[action].down + size) % size;
      column = (column + ACTIONS[action].right + size) % size;
    }
    labels[t] = t === 0 ? -1 : action;
    drawFrame(pixels.subarray(t * size * size, (t + 1) * size * size), size, { shape, row, column });
  }
  for (let at = 0; at < pixels.length; at++) pixels[at] += noise * rng.normal();
  return { pixels, labels };
}

function drawFrame(
  frame: Float32Array,
  size: number,
  { shape, row, column }: { shape: readonly string[]; row: number; column: number },
): void {
  for (const [down, line] of shape.entries()) {
    for (const [right, mark] of Array.from(line).entries()) {
      if (mark === "#") frame[((row + down) % size) * size + ((column + right) % size)] = 1;
    }
  }
}

/** The same as sequences of images. */
export function movingShapeSteps(options: MovingShapesOptions = {}): StepSequences {
  const { actions, pixels, labels, size } = movingShapes(options);
  const values = sharedFloats(pixels.reduce((sum, { length }) => sum + length, 0));
  for (const [index, video] of pixels.entries()) values.set(video, index * video.length);
  return {
    steps: { kind: "frames", values, features: [], image: [1, size, size] },
    lengths: Int32Array.from(labels, ({ length }) => length),
    names: labels.map((_, index) => `video ${index + 1}`),
    labels: labels.flatMap((list) => Array.from(list, (label) => actions[label] ?? "")),
    groups: undefined,
  };
}

import type { Rng } from "../../src/core/rng.ts";
import { type NpyArray, type NpyValues, writeNpz } from "../../src/io/index.ts";

/** Joints of a Kinect's skeleton, by their places in a frame. */
const JOINTS = 20;
const [HIP, NECK, LEFT_HIP, RIGHT_HIP] = [0, 2, 12, 16];
/** Left and right joints, which a mirror swaps. */
const PAIRS = [4, 5, 6, 7, 12, 13, 14, 15].map((left, at) => [left, [8, 9, 10, 11, 16, 17, 18, 19][at]]);

/** Frames between a position and the one that its velocity is measured from. */
const VELOCITY_FRAMES = 2;

/** Skeleton videos: the numbers of each frame, and the action of each. */
export interface Skeletons {
  /** `[length][60]` metres for each video. */
  readonly videos: readonly (readonly Float64Array[])[];
  readonly labels: readonly (readonly string[])[];
  /** Of each video. */
  readonly subjects: readonly string[];
}

export function skeletonsOf(arrays: ReadonlyMap<string, NpyArray>): Skeletons {
  const values = (name: string) => arrays.get(name)!.values;
  const [x, y] = [values("x") as Float32Array, values("y") as string[]];
  const videos: Float64Array[][] = [];
  const labels: string[][] = [];
  let at = 0;
  for (const length of values("lengths") as Int32Array) {
    const frames = Array.from({ length }, (_, t) => at + t);
    videos.push(
      frames.map((frame) => Float64Array.from(x.subarray(3 * JOINTS * frame, 3 * JOINTS * (frame + 1)))),
    );
    labels.push(frames.map((frame) => y[frame]));
    at += length;
  }
  return { videos, labels, subjects: values("groups") as string[] };
}

/**
 * What the models read of each frame: the joints relative to the hip, turned about the vertical axis so that the hips
 * lie along x, by the length of the back; their velocities; and the velocity of the hip.
 * @returns `[length][features]`
 */
export function featuresOf(video: readonly Float64Array[]): Float32Array[] {
  const scale = median(video.map((frame) => Math.hypot(...minus(frame, NECK, HIP)))) || 1;
  const angle = (frame: Float64Array) => {
    const [x, , z] = minus(frame, RIGHT_HIP, LEFT_HIP);
    return Math.atan2(z, x);
  };
  const placed = video.map((frame) => turn(frame, angle(frame), scale));
  return video.map((frame, t) => {
    const before = Math.max(0, t - VELOCITY_FRAMES);
    const moved = placed[t].map((value, at) => (value - placed[before][at]) / VELOCITY_FRAMES);
    const hip = [0, 1, 2].map((axis) => (frame[axis] - video[before][axis]) / scale / VELOCITY_FRAMES);
    return Float32Array.from([...placed[t], ...moved, ...hip]);
  });
}

/** The video in a mirror: left joints become right ones. */
export function mirror(video: readonly Float64Array[]): Float64Array[] {
  return video.map((frame) => {
    const mirrored = frame.map((value, at) => (at % 3 === 0 ? -value : value));
    for (const [left, right] of PAIRS) {
      for (let axis = 0; axis < 3; axis++) {
        const [a, b] = [3 * left + axis, 3 * right + axis];
        [mirrored[a], mirrored[b]] = [mirrored[b], mirrored[a]];
      }
    }
    return mirrored;
  });
}

function minus(frame: Float64Array, joint: number, other: number): number[] {
  return [0, 1, 2].map((axis) => frame[3 * joint + axis] - frame[3 * other + axis]);
}

function turn(frame: Float64Array, angle: number, scale: number): number[] {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return Array.from({ length: JOINTS }, (_, joint) => {
    const [x, y, z] = minus(frame, joint, HIP);
    return [(cos * x + sin * z) / scale, y / scale, (cos * z - sin * x) / scale];
  }).flat();
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** Copies of a video for training: mirrored or not, at another speed, with joints a little elsewhere. */
export interface Augmentation {
  readonly copies: number;
  readonly rng: Rng;
}

/** Videos for training: each as it is and mirrored, and so many changed copies, every second one mirrored. */
export function augment({ videos, labels }: Skeletons, { copies, rng }: Augmentation): LabelledFeatures[] {
  return videos.flatMap((video, index) => {
    const own = labels[index];
    const changed = Array.from({ length: copies }, (_, copy) =>
      change(copy % 2 === 0 ? mirror(video) : video, own, rng),
    );
    const whole = [video, mirror(video)].map((frames) => ({ frames, labels: own }));
    return [...whole, ...changed].map((one) => ({ features: featuresOf(one.frames), labels: one.labels }));
  });
}

/** A video as the models read it. */
export interface LabelledFeatures {
  readonly features: readonly Float32Array[];
  readonly labels: readonly string[];
}

/** In metres: how far a joint is moved in the whole video, and in a single frame. */
const JITTER = { joint: 0.02, frame: 0.004 };
/** The logarithm of the speed is between plus and minus this. */
const SPEED = 0.3;

function change(
  video: readonly Float64Array[],
  labels: readonly string[],
  rng: Rng,
): { frames: Float64Array[]; labels: string[] } {
  const speed = Math.exp(SPEED * (2 * rng.uniform() - 1));
  const moved = Float64Array.from({ length: 3 * JOINTS }, () => JITTER.joint * rng.normal());
  const places = Array.from({ length: Math.floor((video.length - 1) / speed) }, (_, t) => t * speed);
  const frames = places.map((place) => {
    const [first, share] = [Math.floor(place), place % 1];
    return video[first].map(
      (value, at) =>
        (1 - share) * value + share * video[first + 1][at] + moved[at] + JITTER.frame * rng.normal(),
    );
  });
  return { frames, labels: places.map((place) => labels[Math.round(place)]) };
}

/** Videos as an npz file that the task `tag` reads. */
export function encodeVideos(videos: readonly LabelledFeatures[]): Uint8Array {
  const width = videos[0].features[0].length;
  const total = videos.reduce((sum, { labels }) => sum + labels.length, 0);
  const x = new Float32Array(total * width);
  let at = 0;
  for (const { features } of videos) {
    for (const frame of features) {
      x.set(frame, at);
      at += width;
    }
  }
  const arrays: [string, { shape: number[]; values: NpyValues }][] = [
    ["x", { shape: [total, width], values: x }],
    ["lengths", { shape: [videos.length], values: Int32Array.from(videos, ({ labels }) => labels.length) }],
    ["y", { shape: [total], values: videos.flatMap(({ labels }) => [...labels]) }],
  ];
  return writeNpz(new Map(arrays));
}

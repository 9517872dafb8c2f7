import type { NpyArray } from "../../src/io/index.ts";

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

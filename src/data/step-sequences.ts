/** Sequences whose steps have labels, as they come from files: words, frames of numbers, or images. */
import { FormatError, InputError } from "../core/index.ts";
import type { ConllFile } from "../io/conll.ts";
import type { NpyArray } from "../io/npy.ts";
import { Items } from "./items.ts";
import { hashOf } from "./labelled-numbers.ts";
import { sequencesFromArrays } from "./sequence-arrays.ts";
import type { LabelledSequences } from "./sequence-table.ts";
import { Sha256 } from "./sha256.ts";
import { sharedFloats } from "./shared-arrays.ts";

export interface WordSteps {
  readonly kind: "words";
  /** Of all sequences, one after the other. */
  readonly words: readonly string[];
}

export interface FrameSteps {
  readonly kind: "frames";
  /** The numbers of all steps, `[steps, features]`; of images channel after channel, row after row. */
  readonly values: Float32Array;
  /** The names of the numbers of a step; of images there are none. */
  readonly features: readonly string[];
  readonly image: readonly [channels: number, height: number, width: number] | null;
}

/** Sequences one after the other. */
export interface StepSequences {
  readonly steps: WordSteps | FrameSteps;
  /** Steps of each sequence. */
  readonly lengths: Int32Array;
  /** Of each sequence. */
  readonly names: readonly string[];
  /** The label of each step of all sequences; an empty one is none. Undefined if there are no labels. */
  readonly labels: readonly string[] | undefined;
  /** The group of each sequence, such as a person. Undefined if there are none. */
  readonly groups: readonly string[] | undefined;
}

/** Numbers of a step. */
export function stepWidth(steps: FrameSteps): number {
  return steps.image === null ? steps.features.length : steps.image.reduce((all, size) => all * size, 1);
}

/** Where each sequence starts among all steps. */
export function startsOf(lengths: Int32Array): Int32Array {
  const starts = new Int32Array(lengths.length);
  for (let index = 1; index < lengths.length; index++) starts[index] = starts[index - 1] + lengths[index - 1];
  return starts;
}

/** Frames as items. */
export function itemsOfFrames(
  steps: FrameSteps,
  lengths: Int32Array,
  values = steps.values,
): Items<Float32Array> {
  return new Items({ values, starts: startsOf(lengths), lengths, features: stepWidth(steps) });
}

/** Sequences of a table, with a label for each step. */
export function fromTable({ features, items, names, labels, groups }: LabelledSequences): StepSequences {
  const { values, lengths } = items.store;
  return { steps: { kind: "frames", values, features, image: null }, lengths, names, labels, groups };
}

/** Sentences, with the tag of each word as its label. In a file of one column the words are no tags. */
export function fromConll({ sentences }: ConllFile): StepSequences {
  const words = sentences.flatMap((sentence) => sentence.words.map((word) => word.normalize("NFC")));
  const tags = sentences.flatMap((sentence) => [...sentence.tags]);
  const isUntagged = sentences.every((one) => one.tags.every((tag, at) => tag === one.words[at]));
  return {
    steps: { kind: "words", words },
    lengths: Int32Array.from(sentences, (sentence) => sentence.words.length),
    names: sentences.map(({ line }) => `line ${line}`),
    labels: isUntagged ? undefined : tags,
    groups: undefined,
  };
}

/**
 * Sequences of several files as one list. A name that two of them have gets that of its file.
 * @param parts at least one
 * @param files their names
 * @throws InputError for files of which one has words and another numbers, or other numbers, or labels where others have
 * none
 */
export function joinSequences(parts: readonly StepSequences[], files: readonly string[]): StepSequences {
  const [first, ...others] = parts;
  if (others.length === 0) return first;
  for (const [index, other] of others.entries()) {
    const reason = difference(first, other);
    if (reason === undefined) continue;
    throw new InputError(`${files[index + 1]} does not go with ${files[0]}: ${reason}`, {
      hint: "give files of one kind, with the same columns",
    });
  }
  const flat = <Value>(of: (part: StepSequences) => readonly Value[] | undefined) =>
    of(first) === undefined ? undefined : parts.flatMap((part) => [...of(part)!]);
  const names = parts.flatMap((part, index) => part.names.map((name) => `${files[index]} ${name}`));
  return {
    steps: joinSteps(parts),
    lengths: Int32Array.from(parts.flatMap(({ lengths }) => [...lengths])),
    names,
    labels: flat(({ labels }) => labels),
    groups: flat(({ groups }) => groups),
  };
}

function difference(one: StepSequences, other: StepSequences): string | undefined {
  if (one.steps.kind !== other.steps.kind) return "one has words, the other numbers";
  if ((one.labels === undefined) !== (other.labels === undefined)) return "only one of them has labels";
  if ((one.groups === undefined) !== (other.groups === undefined)) return "only one of them has groups";
  if (one.steps.kind === "words" || other.steps.kind === "words") return undefined;
  const shape = ({ image, features }: FrameSteps) => JSON.stringify([image, features]);
  return shape(one.steps) === shape(other.steps) ? undefined : "their steps have other numbers";
}

function joinSteps(parts: readonly StepSequences[]): StepSequences["steps"] {
  const [{ steps }] = parts;
  if (steps.kind === "words") {
    return { kind: "words", words: parts.flatMap((part) => (part.steps as WordSteps).words) };
  }
  const all = parts.map((part) => (part.steps as FrameSteps).values);
  const values = sharedFloats(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const own of all) {
    values.set(own, at);
    at += own.length;
  }
  return { ...steps, values };
}

/** The group of each sequence: the one that the data names, or else one for all sequences with the same steps. */
export function groupsOfSteps({ steps, lengths, groups }: StepSequences): readonly string[] {
  if (groups !== undefined) return groups;
  const starts = startsOf(lengths);
  const width = steps.kind === "words" ? 1 : stepWidth(steps);
  return Array.from(lengths, (length, index) => {
    const [from, to] = [starts[index] * width, (starts[index] + length) * width];
    return steps.kind === "words"
      ? JSON.stringify(steps.words.slice(from, to))
      : hashOf(steps.values.subarray(from, to));
  });
}

/** SHA-256 of all that a training depends on, 64 hexadecimal digits. */
export function fingerprintOf({ steps, lengths, labels, groups }: StepSequences): string {
  const hash = new Sha256();
  const encoder = new TextEncoder();
  const add = (value: unknown) => hash.update(encoder.encode(`${JSON.stringify(value)}\n`));
  add([steps.kind, [...lengths]]);
  if (steps.kind === "words") add(steps.words);
  else {
    const { values, features, image } = steps;
    add([features, image]);
    hash.update(new Uint8Array(values.slice().buffer));
  }
  add(labels ?? null);
  add(groups ?? null);
  return hash.digest("hex");
}

/** Axes of a frame that is an image: height and width, perhaps channels. */
const IMAGE_AXES = [2, 3];

/**
 * Sequences from the arrays of an npz file: as `sequencesFromArrays` reads them with a label for each step, or with images
 * in place of features, `x` [N, T, H, W] or [total, H, W], and with a last axis of channels.
 * @param name of the file, for errors
 * @param features that a model knows
 * @throws FormatError naming the array that does not fit
 */
export function fromArrays(
  arrays: ReadonlyMap<string, NpyArray>,
  name: string,
  features?: readonly string[],
): StepSequences {
  const x = arrays.get("x");
  const axes = x === undefined ? 0 : axesOfSteps(x, arrays.get("lengths"));
  const frame = x?.shape.slice(axes) ?? [];
  if (x === undefined || !IMAGE_AXES.includes(frame.length)) {
    return fromTable(sequencesFromArrays(arrays, { name, labels: "step", features }));
  }
  const [height, width, channels = 1] = frame;
  if (height < 2 || width < 2) {
    throw new FormatError(name, `images must have 2 x 2 pixels or more, got ${height} x ${width}`);
  }
  const flat = {
    ...x,
    shape: [...x.shape.slice(0, axes), height * width * channels],
    values: channelsFirst(x, channels),
  };
  const read = sequencesFromArrays(new Map([...arrays, ["x", flat]]), { name, labels: "step" });
  const sequences = fromTable(read);
  const steps: FrameSteps = {
    ...(sequences.steps as FrameSteps),
    features: [],
    image: [channels, height, width],
  };
  return { ...sequences, steps };
}

/** Axes of x before those of a step: 2 for [N, T, ...], 1 for [total, ...], whose lengths add up to the first axis. */
function axesOfSteps({ shape }: NpyArray, lengths: NpyArray | undefined): 1 | 2 {
  if (lengths === undefined) return shape.length === 2 ? 1 : 2;
  const total = Array.from(lengths.values, Number).reduce((sum, length) => sum + length, 0);
  return shape.length === 2 || total === shape[0] ? 1 : 2;
}

/** Channels come last in a file, and first in a model. */
function channelsFirst({ shape, values }: NpyArray, channels: number): NpyArray["values"] {
  if (channels === 1 || Array.isArray(values)) return values;
  const area = shape.at(-3)! * shape.at(-2)!;
  const numbers = values as ArrayLike<number>;
  return Float64Array.from({ length: numbers.length }, (_, at) => {
    const [image, place] = [Math.floor(at / (area * channels)), at % (area * channels)];
    const [channel, pixel] = [Math.floor(place / area), place % area];
    return numbers[image * area * channels + pixel * channels + channel];
  });
}

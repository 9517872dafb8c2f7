/** Sequences whose steps have labels, as they come from files: words, frames of numbers, or images. */
import { FormatError, InputError } from "../core/index.ts";
import type { ConllFile } from "../io/conll.ts";
import { Items } from "./items.ts";
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

/** An array of a NumPy file. */
interface NumberArray {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number> | ArrayLike<string>;
}

/**
 * Sequences from the arrays of an npz file: `x` [N, T, F] or [total, F], images [N, T, H, W] or [total, H, W] and with a
 * last axis of channels; `lengths` [N], needed with [total, ...]; `y` [N, T] or [total], integers (negative: no label) or
 * texts (empty: no label); `classes`, the names of the integers; `features` [F], `groups` [N] and `names` [N].
 * @param name of the file, for errors
 * @throws FormatError naming the array that does not fit
 */
export function fromArrays(arrays: ReadonlyMap<string, NumberArray>, name: string): StepSequences {
  const x = arrays.get("x");
  if (x === undefined) {
    const names = [...arrays.keys()].slice(0, 12).join(", ");
    throw new FormatError(name, `there is no array x; the arrays are ${names || "none"}`, {
      hint: "save the sequences as x: numpy.savez(path, x=x, lengths=lengths, y=y)",
    });
  }
  const layout = layOut(x, arrays.get("lengths"), name);
  const { lengths } = layout;
  const list = (key: string) => {
    const array = arrays.get(key);
    if (array === undefined) return undefined;
    if (array.shape.length === 1 && array.values.length === lengths.length)
      return Array.from(array.values, String);
    throw new FormatError(name, `${key} must have one value for each of the ${lengths.length} sequences`);
  };
  return {
    steps: framesOf(x, layout, arrays.get("features"), name),
    lengths,
    names: list("names") ?? Array.from(lengths, (_, index) => String(index)),
    labels: labelsOf(arrays, x, layout, name),
    groups: list("groups"),
  };
}

interface Layout {
  readonly lengths: Int32Array;
  /** For each step of all sequences its place among the steps of x. */
  readonly places: Int32Array;
  /** Axes of x that stand before those of a step: 2 for [N, T, ...], 1 for [total, ...]. */
  readonly axes: 1 | 2;
}

function layOut({ shape }: NumberArray, given: NumberArray | undefined, name: string): Layout {
  const show = `[${shape.join(", ")}]`;
  if (shape.length < 2 || shape.includes(0)) {
    throw new FormatError(
      name,
      `x must be [sequences, steps, features] or, with lengths, [steps, features], got ${show}`,
    );
  }
  if (given === undefined) {
    if (shape.length < 3) {
      throw new FormatError(
        name,
        `x of shape ${show} needs an array lengths, with the steps of each sequence`,
        {
          hint: "save lengths as well, or give x as [sequences, steps, features]",
        },
      );
    }
    const [count, steps] = shape;
    return {
      lengths: new Int32Array(count).fill(steps),
      places: Int32Array.from({ length: count * steps }, (_, at) => at),
      axes: 2,
    };
  }
  const lengths = Int32Array.from(given.values as ArrayLike<number>);
  const isWrong = (length: number, at: number) => length !== Number(given.values[at]) || length < 1;
  if (given.shape.length !== 1 || lengths.length === 0 || lengths.some(isWrong)) {
    throw new FormatError(name, "lengths must be a list of integers of at least 1", {
      hint: "leave out sequences without a step",
    });
  }
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total === shape[0])
    return { lengths, places: Int32Array.from({ length: total }, (_, at) => at), axes: 1 };
  if (shape.length < 3 || lengths.length !== shape[0] || lengths.some((length) => length > shape[1])) {
    throw new FormatError(name, `lengths of ${total} steps in all do not fit x of shape ${show}`, {
      hint: "the lengths must add up to the first axis of x, or be one for each of its padded sequences",
    });
  }
  const places = new Int32Array(total);
  let at = 0;
  for (const [row, length] of lengths.entries()) {
    for (let t = 0; t < length; t++) places[at++] = row * shape[1] + t;
  }
  return { lengths, places, axes: 2 };
}

/** The names of the numbers of a step. */
function namesOf(features: NumberArray | undefined, size: number, name: string): string[] {
  if (features === undefined) return Array.from({ length: size }, (_, index) => `x${index}`);
  const names = Array.from(features.values, String);
  if (names.length === size && new Set(names).size === size) return names;
  throw new FormatError(name, `features must be ${size} different names, one for each number of a step`);
}

function framesOf(
  { shape, values }: NumberArray,
  { places, axes }: Layout,
  features: NumberArray | undefined,
  name: string,
): FrameSteps {
  const step = shape.slice(axes);
  if (step.length > 3 || step.length === 0) {
    throw new FormatError(name, `a step of x must have 1 to 3 axes, got ${step.length}`, {
      hint: "features, or an image of height, width and channels",
    });
  }
  const isImage = step.length > 1;
  const [height, width, channels = 1] = step;
  const size = step.reduce((all, one) => all * one, 1);
  const frames = sharedFloats(places.length * size);
  for (const [at, place] of places.entries()) {
    for (let i = 0; i < size; i++) {
      const value = values[place * size + i];
      if (typeof value !== "number" || !Number.isFinite(Math.fround(value))) {
        throw new FormatError(name, `x must hold finite numbers of 32 bits, got ${value} at step ${place}`);
      }
      // Channels come last in the file, and first in a model.
      const to = isImage ? (i % channels) * height * width + Math.floor(i / channels) : i;
      frames[at * size + to] = value;
    }
  }
  if (!isImage) {
    return { kind: "frames", values: frames, features: namesOf(features, size, name), image: null };
  }
  if (height < 2 || width < 2)
    throw new FormatError(name, `images of ${height} x ${width} pixels are too small`);
  return { kind: "frames", values: frames, features: [], image: [channels, height, width] };
}

function labelsOf(
  arrays: ReadonlyMap<string, NumberArray>,
  { shape }: NumberArray,
  { places, axes }: Layout,
  name: string,
): string[] | undefined {
  const y = arrays.get("y");
  if (y === undefined) return undefined;
  const steps = shape.slice(0, axes);
  if (y.shape.length !== axes || y.shape.some((size, axis) => size !== steps[axis])) {
    throw new FormatError(
      name,
      `y must be [${steps.join(", ")}], one label for each step, got [${y.shape.join(", ")}]`,
    );
  }
  const classes = arrays.get("classes")?.values;
  return Array.from(places, (place) => {
    const label = y.values[place];
    if (typeof label === "string") return label;
    if (!Number.isInteger(label)) throw new FormatError(name, `y must hold integers or texts, got ${label}`);
    if (label < 0) return "";
    if (classes === undefined) return String(label);
    if (label < classes.length) return String(classes[label]);
    throw new FormatError(name, `y has the label ${label}, and classes only ${classes.length} names`);
  });
}

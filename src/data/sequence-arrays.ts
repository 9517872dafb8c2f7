import { escapeControl, FormatError } from "../core/index.ts";
import {
  checkValue,
  listOfAny,
  oneOf,
  optional,
  type Range,
  type Ranges,
  settle,
  TEXT,
} from "../core/options.ts";
import type { NpyArray } from "../io/npy.ts";
import { listNames, quote } from "../io/table-columns.ts";
import { frameItems } from "./items.ts";
import { byCodePoint } from "./labelled-lines.ts";
import type { LabelledSequences, LabelsOf } from "./sequence-table.ts";

export interface SequenceArraysOptions {
  /** The file's name, for errors. */
  name: string;
  /** Whether `y` has one label per sequence, or one per step. */
  labels: LabelsOf;
  /** The features that a model knows. Default: those of the file. */
  features?: readonly string[];
}

const RANGES: Ranges<SequenceArraysOptions> = {
  name: TEXT,
  labels: oneOf("sequence", "step"),
  features: optional(listOfAny(TEXT, "a list of names of features")),
};

const ARRAYS: Range = {
  text: "a map of arrays, as parseNpz makes it",
  fits: (value) => value instanceof Map && [...value.values()].every(isArray),
};

function isArray(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { shape, values } = value as Partial<NpyArray>;
  if (!Array.isArray(shape) || !(Array.isArray(values) || ArrayBuffer.isView(values))) return false;
  return shape.reduce((all, size) => all * size, 1) === (values as ArrayLike<unknown>).length;
}

const KNOWN = ["x", "lengths", "y", "classes", "groups", "names", "features"];

/**
 * Read sequences from the arrays of an npz file:
 * - `x`: `[N, T, F]`, or `[total, F]`, the steps of all sequences in turn with their `lengths`. Without lengths each row
 *   of `[N, F]` is a sequence of one step.
 * - `lengths`: `[N]`, steps of each sequence. With `[N, T, F]` they may be left out; what is behind them is padding.
 * - `y`: integers or texts, `[N]`; for labels of steps `[total]`, or `[N, T]`, where a negative number or an empty text
 *   is a step without a label. To predict from, it may be left out.
 * - `classes`: names as text for the integers of `y`; `groups`: `[N]`, integers or texts; `names`: `[N]`, of the sequences;
 *   `features`: `[F]`, names as text. Each may be left out.
 * @throws FormatError naming the array, and the sequence and step, for sizes that do not fit each other, and numbers
 * that are not finite
 */
export function sequencesFromArrays(
  arrays: ReadonlyMap<string, NpyArray>,
  options: SequenceArraysOptions,
): LabelledSequences {
  checkValue("sequencesFromArrays: arrays", ARRAYS, arrays);
  const settings = settle<SequenceArraysOptions>("sequencesFromArrays", RANGES, {}, options);
  const file = new SequenceFile(arrays, escapeControl(settings.name));
  return file.read(settings);
}

class SequenceFile {
  private readonly arrays: ReadonlyMap<string, NpyArray>;
  private readonly name: string;
  /** The first row of each sequence in `x`, and its steps. */
  private readonly starts: number[] = [];
  private readonly lengths: number[];
  private readonly x: NpyArray;

  constructor(arrays: ReadonlyMap<string, NpyArray>, name: string) {
    this.arrays = arrays;
    this.name = name;
    const unknown = [...arrays.keys()].filter((key) => !KNOWN.includes(key));
    const x = arrays.get("x");
    if (unknown.length > 0 || x === undefined) {
      throw new FormatError(
        name,
        `the arrays must be ${KNOWN.join(", ")}, of which x is needed; got ${listNames([...arrays.keys()])}`,
        { hint: "numpy.savez(path, x=x, lengths=lengths, y=y)" },
      );
    }
    this.x = x;
    this.lengths = this.readLengths();
  }

  read({ labels, features }: SequenceArraysOptions): LabelledSequences {
    const names = this.featureNames(features);
    return {
      features: names,
      items: frameItems(this.frames(), names.length),
      names: this.perSequence("names") ?? this.lengths.map((_, index) => `${index}`),
      labels: this.nameClasses(labels === "sequence" ? this.perSequence("y") : this.perStep()),
      groups: this.perSequence("groups"),
      placeOf: (index) => `${this.name}: sequence ${index}`,
    };
  }

  /** The steps of each sequence. Fills in where they begin. */
  private readLengths(): number[] {
    const { shape } = this.x;
    const isPadded = shape.length === 3;
    if ((shape.length !== 2 && !isPadded) || shape.includes(0) || Array.isArray(this.x.values)) {
      throw this.error(
        "x",
        `must be numbers [sequences, steps, features] or [steps, features], got ${show(this.x)}`,
      );
    }
    const given = this.arrays.get("lengths");
    const count = isPadded || given === undefined ? shape[0] : given.values.length;
    const steps = isPadded ? shape[1] : given === undefined ? 1 : shape[0];
    const lengths =
      given === undefined ? new Array<number>(count).fill(steps) : Array.from(given.values, Number);
    if (lengths.length !== count || (given !== undefined && given.shape.length !== 1)) {
      throw this.error("lengths", `must be one number per sequence, [${count}], got ${show(given)}`);
    }
    let total = 0;
    for (const [index, length] of lengths.entries()) {
      if (!Number.isInteger(length) || length < 1 || length > steps) {
        throw this.error("lengths", `sequence ${index} must have 1 to ${steps} steps, got ${length}`);
      }
      this.starts.push(isPadded ? index * steps : total);
      total += length;
    }
    if (!isPadded && total !== shape[0]) {
      throw this.error("lengths", `add up to ${total}, but x has ${shape[0]} steps`);
    }
    return lengths;
  }

  private *frames(): Generator<Float32Array> {
    const features = this.x.shape.at(-1)!;
    const values = this.x.values as ArrayLike<number>;
    for (const [index, start] of this.starts.entries()) {
      const frames = new Float32Array(this.lengths[index] * features);
      for (let at = 0; at < frames.length; at++) {
        frames[at] = values[start * features + at];
        if (Number.isFinite(frames[at])) continue;
        const [step, feature] = [Math.floor(at / features), at % features];
        throw this.error(
          "x",
          `sequence ${index}, step ${step}, feature ${feature} must be finite in 32 bits, got ${values[start * features + at]}`,
        );
      }
      yield frames;
    }
  }

  private featureNames(known: readonly string[] | undefined): readonly string[] {
    const width = this.x.shape.at(-1)!;
    const own = this.arrays.get("features");
    if (own !== undefined && (!Array.isArray(own.values) || own.values.length !== width)) {
      throw this.error("features", `must be the names of ${width} features, got ${show(own)}`);
    }
    const names = own === undefined ? undefined : (own.values as readonly string[]);
    if (known === undefined) return names ?? Array.from({ length: width }, (_, at) => `${at}`);
    if (known.length !== width) {
      throw this.error("x", `must have the ${known.length} features of the model, got ${width}`);
    }
    if (names?.some((name, at) => name !== known[at]) === true) {
      throw this.error(
        "features",
        `must be those of the model, ${listNames(known)}, got ${listNames(names)}`,
      );
    }
    return known;
  }

  private perSequence(array: "y" | "groups" | "names"): string[] | undefined {
    const given = this.arrays.get(array);
    if (given === undefined) return undefined;
    if (given.shape.length !== 1 || given.values.length !== this.lengths.length) {
      throw this.error(
        array,
        `must have one value per sequence, [${this.lengths.length}], got ${show(given)}`,
      );
    }
    const texts = this.texts(array, given);
    const empty = texts.indexOf("");
    if (empty >= 0) throw this.error(array, `sequence ${empty} has no value`);
    return texts;
  }

  private perStep(): string[] | undefined {
    const y = this.arrays.get("y");
    if (y === undefined) return undefined;
    const wanted = this.x.shape.slice(0, -1);
    if (y.shape.length !== wanted.length || y.shape.some((size, axis) => size !== wanted[axis])) {
      throw this.error("y", `must have one label per step, [${wanted.join(", ")}], got ${show(y)}`);
    }
    const texts = this.texts("y", y);
    return this.starts.flatMap((start, index) => texts.slice(start, start + this.lengths[index]));
  }

  /** The names of the integers in `y`, where the file has them. */
  private nameClasses(labels: string[] | undefined): string[] | undefined {
    const classes = this.arrays.get("classes");
    if (classes === undefined || labels === undefined) return labels;
    if (!Array.isArray(classes.values) || classes.shape.length !== 1 || classes.values.includes("")) {
      throw this.error("classes", `must be a list of names, got ${show(classes)}`);
    }
    const names: readonly string[] = classes.values;
    if (Array.isArray(this.arrays.get("y")!.values)) {
      const unknown = labels.find((label) => label !== "" && !names.includes(label));
      if (unknown === undefined) return labels;
      throw this.error("y", `must be one of the classes, got ${quote(unknown)}`);
    }
    return labels.map((label) => {
      const name = label === "" ? "" : names[Number(label)];
      if (name !== undefined) return name;
      throw this.error("y", `must be integers below ${names.length}, the number of classes, got ${label}`);
    });
  }

  /** Integers as text, and negative ones, which are no label, as an empty text. */
  private texts(array: string, { values }: NpyArray): string[] {
    return Array.from(values as ArrayLike<string | number>, (value, at) => {
      if (typeof value === "string") return value;
      if (Number.isSafeInteger(value)) return value < 0 ? "" : `${value}`;
      throw this.error(array, `must be integers or texts, got ${value} at position ${at}`);
    });
  }

  private error(array: string, problem: string): FormatError {
    return new FormatError(`${this.name}: ${array}`, problem);
  }
}

const show = (array: NpyArray | undefined) => `${array?.dtype} [${array?.shape.join(", ")}]`;

const TEXTS = listOfAny(TEXT, "a list of texts");

/**
 * The different labels in order: by their numbers where all are integers, else by code point. Empty ones are left out.
 */
export function sortLabels(labels: readonly string[]): string[] {
  checkValue("sortLabels: labels", TEXTS, labels);
  const names = [...new Set(Array.from(labels))].filter((label) => label !== "");
  const isNumeric = names.every((name) => /^(?:0|[1-9]\d{0,14})$/.test(name));
  return names.sort(isNumeric ? (a, b) => Number(a) - Number(b) : byCodePoint);
}

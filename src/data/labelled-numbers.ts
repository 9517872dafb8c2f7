/** Labelled sequences of numbers, from whatever they were read. */
import { escapeControl, InputError } from "../core/index.ts";
import { frameItems, type Items } from "./items.ts";
import { byCodePoint, requireLabels } from "./labelled-lines.ts";
import type { LogMelOptions } from "./log-mel.ts";
import type { LabelledSequences } from "./sequence-table.ts";
import { Sha256 } from "./sha256.ts";
import { sharedInts } from "./shared-arrays.ts";

/** What the numbers of a step are, which a model keeps. */
export interface NumberFormat {
  /** Their names, in their order. */
  readonly features: readonly string[];
  /** How a recording becomes frames: all options of `logMelFrames`. Undefined for data that is no sound. */
  readonly audio?: AudioFormat;
}

export type AudioFormat = Required<LogMelOptions>;

export interface LabelledNumbers {
  readonly kind: "numbers";
  /** The numbers of each item, [length, features]. */
  readonly items: Items<Float32Array>;
  /** The label of each item: a place in {@link labelNames}. */
  readonly labels: Int32Array;
  /** In the order of their code points. */
  readonly labelNames: readonly string[];
  /** Items of one group are all trained on or all validated on; equal items are one where no groups are given. */
  readonly groups: Int32Array;
  readonly format: NumberFormat;
  /** SHA-256 of the names, labels and numbers: 64 hexadecimal digits. */
  readonly fingerprint: string;
}

/**
 * Sequences of several files as one list.
 * @param parts each with labels
 * @throws InputError for files of other features than the first, and for fewer labels than asked for
 */
export function joinSequences(
  parts: readonly LabelledSequences[],
  { leastLabels, format }: { readonly leastLabels: number; readonly format?: NumberFormat },
): LabelledNumbers {
  const [first] = parts;
  const { features } = first;
  for (const part of parts) {
    if (part.features.length === features.length && part.features.every((name, at) => name === features[at]))
      continue;
    const list = (names: readonly string[]) => names.slice(0, 12).map(escapeControl).join(", ");
    throw new InputError(
      `${part.placeOf(0)} has the features ${list(part.features)}, but ${first.placeOf(0)} has ${list(features)}`,
      { hint: "give files with the same columns in the same order" },
    );
  }
  const items = parts.length === 1 ? first.items : frameItems(framesOf(parts), features.length);
  const texts = parts.flatMap(({ labels = [] }) => labels);
  const labelNames = [...new Set(texts)].sort(byCodePoint);
  requireLabels(labelNames, leastLabels);
  const places = new Map(labelNames.map((name, place) => [name, place]));
  const labels = sharedInts(texts.length);
  labels.set(texts.map((name) => places.get(name)!));
  return {
    kind: "numbers",
    items,
    labels,
    labelNames,
    groups: groupsOf(items, parts),
    format: { ...format, features },
    fingerprint: fingerprintOf(items, texts, features),
  };
}

function* framesOf(parts: readonly LabelledSequences[]): Generator<Float32Array> {
  for (const { items } of parts) for (let index = 0; index < items.count; index++) yield items.item(index);
}

/** The groups that the data names, or else one for each sequence that is different. */
function groupsOf(items: Items<Float32Array>, parts: readonly LabelledSequences[]): Int32Array {
  const named = parts.every(({ groups }) => groups !== undefined);
  const keys = named
    ? parts.flatMap(({ groups = [] }) => groups)
    : Array.from({ length: items.count }, (_, index) => hashOf(items.item(index)));
  const numbers = new Map<string, number>();
  return Int32Array.from(keys, (key) => {
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, numbers.size);
    return numbers.size - 1;
  });
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength).slice();

/** SHA-256 of the numbers of an item. */
export function hashOf(frames: Float32Array): string {
  const hasher = new Sha256();
  hasher.update(bytesOf(frames));
  return hasher.digest("hex");
}

function fingerprintOf(
  items: Items<Float32Array>,
  labels: readonly string[],
  features: readonly string[],
): string {
  const hasher = new Sha256();
  const encoder = new TextEncoder();
  hasher.update(encoder.encode(`${JSON.stringify(features)}\n`));
  for (const [index, label] of labels.entries()) {
    hasher.update(encoder.encode(`${JSON.stringify(label)} ${items.length(index)}\n`));
    hasher.update(bytesOf(items.item(index)));
  }
  return hasher.digest("hex");
}

/** Scores of labelled sequences by their segments: runs of steps with one label. */
import { InputError } from "../core/index.ts";
import { checkValue, FROM_0_TO_1, INTEGER, listOfAny, type Range, TEXT } from "../core/options.ts";
import { showValue } from "../core/show-value.ts";

/** A run of steps with the same label. */
export interface Segment {
  readonly label: number;
  /** The first step. */
  readonly start: number;
  /** The step after the last one. */
  readonly end: number;
}

const LABELS = listOfAny(INTEGER, "a list of labels, which are integers");
const SEGMENTS: Range = {
  text: "a list of segments, each { label, start, end }",
  fits: (value) => Array.isArray(value) && Array.from(value).every(isSegment),
};

function isSegment(value: unknown): boolean {
  const { label, start, end } = Object(value) as Partial<Segment>;
  return [label, start, end].every(INTEGER.fits) && (start as number) < (end as number);
}

/** The segments of a sequence of labels. Steps with a negative label belong to none, and end the one before them. */
export function segmentsOf(labels: ArrayLike<number>): Segment[] {
  checkValue("segmentsOf: labels", LABELS, labels);
  const segments: Segment[] = [];
  let start = 0;
  for (let t = 1; t <= labels.length; t++) {
    if (t < labels.length && labels[t] === labels[start]) continue;
    if (labels[start] >= 0) segments.push({ label: labels[start], start, end: t });
    start = t;
  }
  return segments;
}

/**
 * The segmental edit score of Lea et al. 2017 ("Temporal convolutional networks for action segmentation and detection"),
 * from 0 to 1: 1 - d / n, where d is the Levenshtein distance of the two lists of labels and n the length of the longer
 * one. It punishes wrong order and over-segmentation, and says nothing about the time. Two empty lists have 1.
 */
export function editScore(truth: readonly Segment[], predicted: readonly Segment[]): number {
  checkValue("editScore: truth", SEGMENTS, truth);
  checkValue("editScore: predicted", SEGMENTS, predicted);
  const longest = Math.max(truth.length, predicted.length);
  if (longest === 0) return 1;
  return 1 - editDistance(truth, predicted) / longest;
}

/**
 * The Levenshtein distance of two lists of labels, 32 places of the first at a time (Hyyrö 2003, "A bit-vector algorithm for
 * computing Levenshtein and Damerau edit distances"): sequences of 100,000 steps have as many segments.
 */
function editDistance(one: readonly Segment[], other: readonly Segment[]): number {
  const numbers = new Map<number, number>();
  const numberOf = ({ label }: Segment) => {
    if (!numbers.has(label)) numbers.set(label, numbers.size);
    return numbers.get(label)!;
  };
  const [rows, columns] = [Int32Array.from(one, numberOf), Int32Array.from(other, numberOf)];
  // How each number of a row of the table differs from the one before it: 1, 0 or -1.
  const differences = new Int8Array(columns.length).fill(1);
  const places = new Int32Array(numbers.size);
  let distance = columns.length;
  for (let from = 0; from < rows.length; from += 32) {
    const block = rows.subarray(from, from + 32);
    places.fill(0);
    for (const [at, label] of block.entries()) places[label] |= 1 << at;
    distance = from + block.length + addRows(places, block.length, columns, differences);
  }
  return distance;
}

/**
 * The next rows of the table.
 * @param places of each label among these rows, a bit each
 * @param rows 1 to 32
 * @param columns the label of each column
 * @param differences in the row before, which become those in the last of these rows
 * @returns how much the last row rises from its start to its end
 */
function addRows(places: Int32Array, rows: number, columns: Int32Array, differences: Int8Array): number {
  // Where a number is larger, and where it is smaller, than the one above it.
  let [plus, minus] = [-1, 0];
  let rise = 0;
  for (let j = 0; j < columns.length; j++) {
    const above = differences[j];
    const equal = places[columns[j]];
    const vertical = equal | minus;
    const carried = above < 0 ? equal | 1 : equal;
    const diagonal = (((carried & plus) + plus) ^ plus) | carried;
    const up = minus | ~(diagonal | plus);
    const down = plus & diagonal;
    const own = ((up >>> (rows - 1)) & 1) - ((down >>> (rows - 1)) & 1);
    differences[j] = own;
    rise += own;
    const raised = (up << 1) | (above > 0 ? 1 : 0);
    const lowered = (down << 1) | (above < 0 ? 1 : 0);
    plus = lowered | ~(vertical | raised);
    minus = raised & vertical;
  }
  return rise;
}

/** Counts from which F1 = 2 found / (2 found + spurious + missed) follows; counts of several sequences add up. */
export interface SegmentMatches {
  /** Predicted segments that are right. */
  readonly found: number;
  /** Predicted segments that are not. */
  readonly spurious: number;
  /** Segments of the truth that no prediction has found. */
  readonly missed: number;
}

/**
 * The segmental F1 of Lea et al. 2017, in counts. A predicted segment is right if the segment of its label that it
 * overlaps most has an intersection over union of at least `overlap`, and no earlier prediction has found that one.
 * @param overlap from 0 to 1; .5 is usual
 */
export function matchSegments(
  truth: readonly Segment[],
  predicted: readonly Segment[],
  overlap = 0.5,
): SegmentMatches {
  checkValue("matchSegments: truth", SEGMENTS, truth);
  checkValue("matchSegments: predicted", SEGMENTS, predicted);
  checkValue("matchSegments: overlap", FROM_0_TO_1, overlap);
  const isFound = new Uint8Array(truth.length);
  const byLabel = new Map<number, SegmentsOfLabel>();
  for (const [index, { label }] of truth.entries()) {
    const own = byLabel.get(label) ?? new SegmentsOfLabel(truth);
    byLabel.set(label, own);
    own.add(index);
  }
  let found = 0;
  for (const segment of predicted) {
    const best = byLabel.get(segment.label)?.bestOf(segment);
    if (best === undefined || best.share < overlap || isFound[best.index] === 1) continue;
    isFound[best.index] = 1;
    found++;
  }
  return { found, spurious: predicted.length - found, missed: truth.length - found };
}

/** The segments of one label, of which those that a prediction overlaps are found without a look at all others. */
class SegmentsOfLabel {
  private readonly all: readonly Segment[];
  private readonly indices: number[] = [];
  /** Whether each begins where the one before has ended, or later, as those of `segmentsOf` do. */
  private areApart = true;

  constructor(all: readonly Segment[]) {
    this.all = all;
  }

  add(index: number): void {
    const before = this.indices.at(-1);
    this.areApart &&= before === undefined || this.all[before].end <= this.all[index].start;
    this.indices.push(index);
  }

  /** The first of those with the largest intersection over union; undefined where none overlaps. */
  bestOf({ start, end }: Segment): { readonly index: number; readonly share: number } | undefined {
    let best: { readonly index: number; readonly share: number } | undefined;
    for (let at = this.areApart ? this.firstAfter(start) : 0; at < this.indices.length; at++) {
      const index = this.indices[at];
      const other = this.all[index];
      if (this.areApart && other.start >= end) break;
      const shared = Math.min(end, other.end) - Math.max(start, other.start);
      const share = shared / (Math.max(end, other.end) - Math.min(start, other.start));
      if (shared > 0 && share > (best?.share ?? 0)) best = { index, share };
    }
    return best;
  }

  /** The first place of a segment that ends after a step. */
  private firstAfter(step: number): number {
    let [from, to] = [0, this.indices.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.all[this.indices[middle]].end > step) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}

/** The parts of a tag of the schemes IOB1, IOB2 and IOBES: `B-PER` is B and PER; O has no type. */
interface EntityTag {
  readonly prefix: string;
  readonly type: string;
}

const OUTSIDE = "O";
const ENTITY_TAG = /^([BIES])-(.+)$/su;

/** Whether labels are entity tags: O, and B-, I-, E- or S- before a type, of which B- or I- occurs. */
export function areEntityTags(labels: readonly string[]): boolean {
  const inside = labels.filter((label) => label !== OUTSIDE);
  return inside.every((label) => ENTITY_TAG.test(label)) && inside.some((label) => /^[BI]-/.test(label));
}

function parseTag(label: string): EntityTag {
  if (label === OUTSIDE) return { prefix: OUTSIDE, type: "" };
  const [, prefix, type] = ENTITY_TAG.exec(label) ?? [];
  if (prefix !== undefined) return { prefix, type };
  throw new InputError(
    `entitiesOf: names must be O, or B-, I-, E- or S- before a type, got ${showValue(label)}`,
  );
}

/** Whether an entity begins with `tag`, as conlleval has it. */
function begins(before: EntityTag, tag: EntityTag): boolean {
  if (tag.prefix === OUTSIDE) return false;
  if (tag.prefix === "B" || tag.prefix === "S") return true;
  return ["E", "S", OUTSIDE].includes(before.prefix) || before.type !== tag.type;
}

/** Whether an entity that `before` belongs to has ended before `tag`, as conlleval has it. */
function hasEnded(before: EntityTag, tag: EntityTag): boolean {
  if (before.prefix === OUTSIDE) return false;
  if (before.prefix === "E" || before.prefix === "S") return true;
  return ["B", "S", OUTSIDE].includes(tag.prefix) || before.type !== tag.type;
}

const NAMES = listOfAny(TEXT, "a list of the names of labels");

/**
 * The entities that a sequence of tags means, by the rules of conlleval (the scorer of CoNLL-2000): I- after O or another
 * type begins one as B- does. The label of an entity is its type's place in the order of their first tags in `names`.
 * @param labels places in `names`; a negative one is outside of all entities
 * @param names of the labels, as `B-PER`
 */
export function entitiesOf(labels: ArrayLike<number>, names: readonly string[]): Segment[] {
  checkValue("entitiesOf: labels", LABELS, labels);
  checkValue("entitiesOf: names", NAMES, names);
  const tags = names.map(parseTag);
  const types = [...new Set(tags.map(({ type }) => type))];
  const outside: EntityTag = { prefix: OUTSIDE, type: "" };
  const entities: Segment[] = [];
  let before = outside;
  let start = -1;
  for (let t = 0; t <= labels.length; t++) {
    const label = t < labels.length ? labels[t] : -1;
    if (label >= names.length) throw new InputError(`entitiesOf: there is no label ${label}`);
    const tag = label < 0 ? outside : tags[label];
    if (start >= 0 && hasEnded(before, tag)) {
      entities.push({ label: types.indexOf(before.type), start, end: t });
      start = -1;
    }
    if (begins(before, tag)) start = t;
    before = tag;
  }
  return entities;
}

/** How many entities stand at the same place with the same type in both lists. */
export function countEqual(truth: readonly Segment[], predicted: readonly Segment[]): number {
  const keyOf = ({ label, start, end }: Segment) => `${label} ${start} ${end}`;
  const keys = new Set(truth.map(keyOf));
  return predicted.filter((segment) => keys.has(keyOf(segment))).length;
}

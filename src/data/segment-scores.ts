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
  let row = Array.from({ length: predicted.length + 1 }, (_, j) => j);
  for (let i = 1; i <= truth.length; i++) {
    const next = [i];
    for (let j = 1; j <= predicted.length; j++) {
      const replaced = row[j - 1] + (truth[i - 1].label === predicted[j - 1].label ? 0 : 1);
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, replaced));
    }
    row = next;
  }
  return 1 - row[predicted.length] / longest;
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
  let found = 0;
  for (const { label, start, end } of predicted) {
    let [best, place] = [0, -1];
    for (const [index, other] of truth.entries()) {
      if (other.label !== label) continue;
      const shared = Math.min(end, other.end) - Math.max(start, other.start);
      const share = shared / (Math.max(end, other.end) - Math.min(start, other.start));
      if (shared > 0 && share > best) [best, place] = [share, index];
    }
    if (place < 0 || best < overlap || isFound[place] === 1) continue;
    isFound[place] = 1;
    found++;
  }
  return { found, spurious: predicted.length - found, missed: truth.length - found };
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

/** Whether captions are more likely under their own pictures than under others. */
import { concat } from "../../src/autograd/ops/concat.ts";
import { sum } from "../../src/autograd/ops/reduce.ts";
import { scope } from "../../src/backend/scope.ts";
import { ids, tensor } from "../../src/backend/tensor.ts";
import { Rng } from "../../src/core/rng.ts";
import { Items } from "../../src/data/items.ts";
import { padItems } from "../../src/data/padded-items.ts";
import type { CaptionData } from "../../src/tasks/caption/data.ts";
import { takePictures } from "../../src/tasks/caption/pictures.ts";
import type { CaptionedPictures } from "../../src/tasks/caption/read-data.ts";
import type { OpenedCaptioner } from "./_caption.ts";

/** Captions that are scored at once under all pictures, which are encoded once for them. */
const TOGETHER = 16;

/** log p of each caption under each picture, teacher-forced: [captions][pictures]. */
export async function logProbabilities(
  { model, backend }: Pick<OpenedCaptioner, "model" | "backend">,
  { validation }: CaptionData,
  most = Number.POSITIVE_INFINITY,
): Promise<Float64Array[]> {
  const captions = new Items(validation.captions);
  const pictures = takePictures(validation.pictures, validation.rows);
  const count = validation.rows.length;
  const chosen = firstOfEach(validation.pictureOf, most);
  const scores: Float64Array[] = [];
  for (let from = 0; from < chosen.length; from += TOGETHER) {
    const some = chosen.slice(from, from + TOGETHER);
    const found = await scope(() => {
      const input = model.encode(tensor(pictures, [count, pictures.length / count]));
      const all = some.map((caption) => {
        const { values, rows, time, lengths } = padItems(captions, new Array<number>(count).fill(caption));
        const options = { lengths, reduction: "none" } as const;
        return sum(model.sequenceDecoder.loss(input, ids(values, [rows, time]), options).loss, 1);
      });
      return concat(all, 0).read();
    }, backend);
    for (const at of some.keys()) {
      scores.push(Float64Array.from(found.subarray(at * count, (at + 1) * count), (loss) => -loss));
    }
  }
  return scores;
}

/** At most so many captions of each picture, by their indices. */
function firstOfEach(pictureOf: Int32Array, most: number): number[] {
  return Array.from(pictureOf.keys()).filter((at) => at < most || pictureOf[at - most] !== pictureOf[at]);
}

export interface RankingFigures {
  /** Of the pairs of a caption's own picture and another one, those where the caption is more likely under its own. */
  readonly share: number;
  readonly shareP: number;
  /** The median rank of its own picture among all, 1 being the first. */
  readonly median: number;
  readonly medianP: number;
}

const PERMUTATIONS = 10_000;

/**
 * @param scores of the captions of the first picture, then of those of the second, ...: [captions][pictures]
 * @param captions of each picture
 */
export function judgeScores(
  scores: readonly Float64Array[],
  captions: readonly (readonly string[])[],
): RankingFigures {
  const owners = captions.flatMap((own, picture) => own.map(() => picture));
  const pictures = captions.length;
  // How many other pictures each picture is better and worse than for a caption: ties count a half.
  const above = scores.map((row) =>
    Float64Array.from(row, (score) =>
      row.reduce((sum, x) => sum + (score > x ? 1 : score === x ? 0.5 : 0), -0.5),
    ),
  );
  const measure = (pictureOf: ArrayLike<number>) => {
    const won = owners.map((owner, caption) => above[caption][pictureOf[owner]]);
    const share = won.reduce((total, one) => total + one, 0) / (won.length * (pictures - 1));
    return { share, median: medianOf(won.map((one) => pictures - one)) };
  };
  const own = measure(Int32Array.from({ length: pictures }, (_, picture) => picture));
  let [shares, medians] = [1, 1];
  for (let k = 0; k < PERMUTATIONS; k++) {
    const other = measure(shuffledOrder(pictures, 1000 + k));
    if (other.share >= own.share) shares++;
    if (other.median <= own.median) medians++;
  }
  return {
    share: own.share,
    shareP: shares / (PERMUTATIONS + 1),
    median: own.median,
    medianP: medians / (PERMUTATIONS + 1),
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1 + (sorted.length % 2)]) / 2;
}

/** A permutation of the numbers from 0 to count. */
export function shuffledOrder(count: number, seed: number): number[] {
  const rng = new Rng(seed);
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = rng.integer(last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

/** Levels of each channel that a histogram tells apart. */
const LEVELS = 4;

const wordsOf = (caption: string): string[] => caption.toLowerCase().match(/\p{L}+/gu) ?? [];

/**
 * The ranking of somebody who sees colours alone: words are as likely as in the captions of the pictures to train on whose
 * histograms of colours are the nearest, mixed with how likely they are everywhere. How many, and the mixture, are chosen on
 * the validation pictures.
 * @returns [captions of `test`][pictures of `test`]
 */
export function colourScores(
  train: CaptionedPictures,
  held: CaptionedPictures,
  test: CaptionedPictures,
): Float64Array[] {
  const bags = train.captions.map((own) => own.flatMap(wordsOf));
  const everywhere = countsOf(bags.flat());
  const histograms = histogramsOf(train);
  let best = { share: -1, neighbours: 0, mixture: 0 };
  for (const neighbours of [10, 25, 50, 100, 200]) {
    for (const mixture of [0.1, 0.3, 0.5, 0.7]) {
      const scores = score(held, neighbours, mixture);
      const share = shareOf(scores, held.captions);
      if (share > best.share) best = { share, neighbours, mixture };
    }
  }
  console.log(`colour histograms: ${best.neighbours} neighbours, mixed by ${best.mixture}`);
  return score(test, best.neighbours, best.mixture);

  function score(set: CaptionedPictures, neighbours: number, mixture: number): Float64Array[] {
    const models = histogramsOf(set).map((own) => {
      const distances = histograms.map((other) =>
        other.reduce((sum, x, at) => sum + Math.abs(x - own[at]), 0),
      );
      const nearest = Array.from(distances.keys()).sort((a, b) => distances[a] - distances[b]);
      return countsOf(nearest.slice(0, neighbours).flatMap((index) => bags[index]));
    });
    const total = everywhere.total + everywhere.counts.size;
    return set.captions.flat().map((caption) => {
      const words = wordsOf(caption);
      return Float64Array.from(models, (model) =>
        words.reduce((sum, word) => {
          const near = (model.counts.get(word) ?? 0) / model.total;
          const far = ((everywhere.counts.get(word) ?? 0) + 1) / total;
          return sum + Math.log(mixture * near + (1 - mixture) * far);
        }, 0),
      );
    });
  }
}

/** The share of {@link judgeScores} alone. */
export function shareOf(scores: readonly Float64Array[], captions: readonly (readonly string[])[]): number {
  const owners = captions.flatMap((own, picture) => own.map(() => picture));
  let won = 0;
  for (const [caption, row] of scores.entries()) {
    const own = row[owners[caption]];
    for (const [picture, other] of row.entries()) {
      if (picture !== owners[caption]) won += own > other ? 1 : own === other ? 0.5 : 0;
    }
  }
  return won / (scores.length * (captions.length - 1));
}

function countsOf(words: readonly string[]) {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return { counts, total: Math.max(1, words.length) };
}

function histogramsOf({ pictures, names, rows }: CaptionedPictures): Float64Array[] {
  if (pictures.kind !== "pixels") throw new Error("pictures are needed");
  const plane = pictures.side ** 2;
  const levelOf = (value: number) => Math.floor((value * LEVELS) / 256);
  return names.map((_, index) => {
    const from = (rows?.[index] ?? index) * 3 * plane;
    const histogram = new Float64Array(LEVELS ** 3);
    for (let at = 0; at < plane; at++) {
      const [red, green, blue] = [0, 1, 2].map((channel) =>
        levelOf(pictures.values[from + channel * plane + at]),
      );
      histogram[(red * LEVELS + green) * LEVELS + blue] += 1 / plane;
    }
    return histogram;
  });
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { BleuScorer } from "../../src/data/bleu.ts";
import { parseTable } from "../../src/io/table.ts";
import type { CaptionedPictures } from "../../src/tasks/caption/read-data.ts";
import {
  type CaptionTraining,
  dataOf,
  type OpenedCaptioner,
  openCaptioner,
  testCaptions,
  trainCaptions,
  withCaptionsOf,
} from "./_caption.ts";
import { printTable, readArguments, withFolder } from "./_classify.ts";
import { colourScores, judgeScores, logProbabilities, shareOf, shuffledOrder } from "./_picture-ranking.ts";

const SIDE = 64;
const PLANE = SIDE * SIDE;

const SHARED = {
  attention: "additive",
  cell: "gru",
  hidden: 192,
  embedding: 128,
  filters: 16,
  minCount: 5,
  dropout: 0.4,
} as const satisfies Omit<CaptionTraining, "out">;

const WORDS_ALONE = { epochs: 3, lr: 2e-3 } as const;
const PICTURES = { epochs: 12, lr: 1e-3 } as const;

/**
 * 1,000 pictures of Flickr8k in 64 x 64 pixels, 800 to train on, 100 to choose the checkpoint by, 100 to test. The
 * decoder is first trained on all captions of Flickr8k except those of the 200, with one grey picture for all; then it goes
 * on with the 800 pictures and their mirror images. Reported are whether a caption is more likely under its own picture
 * than under another one, for all pairs of test pictures, the median rank of its own picture among the 100, both with the
 * p-value of 10,000 permutations of the pictures, and BLEU beside the best caption for all pictures:
 *
 *     npm run reproduce flickr8k -- path/to/flickr8k-1000 [--quick] [--seeds 1] [--only model|shuffled]
 */
export async function reproduce(given: string[]): Promise<void> {
  const { paths, quick, seeds, only } = readArguments(given, [1]);
  const [root] = paths;
  if (root === undefined)
    throw new Error("name the folder: npm run reproduce flickr8k -- path/to/flickr8k-1000");
  const set = readPictures(root);
  const [train, held, test] = ["train", "val", "test"].map((split) =>
    pick(set, (at) => set.splits[at] === split),
  );
  const others = readCaptions(root, new Set([...held.names, ...test.names]));
  console.log(
    `${others.names.length} pictures whose captions train the words, ${train.names.length} pictures to train on`,
  );
  const rows = [["model", "own picture", "p", "median rank", "p", "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4"]];
  const report = (name: string, scores: readonly Float64Array[], bleu: readonly number[] = []) => {
    const { share, shareP, median, medianP } = judgeScores(scores, test.captions);
    const texts = [`${(100 * share).toFixed(1)} %`, shareP.toFixed(4), median.toFixed(1), medianP.toFixed(4)];
    const row = [name, ...texts, ...Array.from({ length: 4 }, (_, n) => bleu[n]?.toFixed(1) ?? "")];
    console.log(row.join("  "));
    rows.push(row);
  };
  report("colour histograms", colourScores(train, held, test));
  for (const [order, { text, bleu }] of bestConstants(train, test, quick ? 400 : 4)) {
    const name = `one caption for all, best BLEU-${order}`;
    rows.push([name, "50.0 %", "", "", "", ...bleu.map((one) => one.toFixed(1))]);
    console.log(`${name}: ${bleu.map((one) => one.toFixed(1)).join(", ")}: ${text}`);
  }
  await withFolder(async (folder) => {
    for (const seed of seeds) {
      const limits = quick ? { epochs: undefined, steps: 3, hidden: 8, embedding: 8 } : {};
      const words = join(folder, `words-${seed}`);
      const blank = { all: others, held: withGreyPicture(held) };
      const options = { ...SHARED, ...WORDS_ALONE, seed, out: words, ...limits };
      await trainCaptions(blank, options, `words alone, seed ${seed}`, "loss");
      const pictures = {
        true: train,
        shuffled: withCaptionsOf(train, shuffledOrder(train.names.length, seed)),
      };
      for (const [kind, own] of Object.entries(pictures)) {
        if (only !== undefined && (only === "shuffled") !== (kind === "shuffled")) continue;
        const name =
          kind === "true" ? `captioner, seed ${seed}` : `trained on shuffled pictures, seed ${seed}`;
        const out = join(folder, `${kind}-${seed}`);
        const { hidden: _, embedding: __, ...more } = limits as CaptionTraining;
        await trainCaptions(
          { all: withMirrored(own), held },
          { ...PICTURES, dropout: SHARED.dropout, from: words, seed, ...more, out } as CaptionTraining,
          name,
          // The loss rises from the first pass on, since the words of 800 pictures are soon learned by heart.
          async (own, data) => 1 - shareOf(await logProbabilities(own, data, JUDGED), firstCaptions(held)),
        );
        const opened = await openCaptioner(out);
        report(name, await scoresOf(opened, test), await bleuOf(opened, test));
      }
    }
  });
  printTable(rows);
}

async function bleuOf(opened: OpenedCaptioner, test: CaptionedPictures): Promise<readonly number[]> {
  const { details } = await testCaptions(opened, test, { beam: 5 });
  return (details as { scores: { bleu: { cumulative: number[] } } }).scores.bleu.cumulative;
}

/** log p of each caption under each picture: [captions][pictures]. */
async function scoresOf(opened: OpenedCaptioner, test: CaptionedPictures): Promise<Float64Array[]> {
  return logProbabilities(opened, await dataOf(test, opened.facts));
}

interface SplitPictures extends CaptionedPictures {
  readonly splits: readonly string[];
}

export function readPictures(root: string): SplitPictures {
  const { images } = JSON.parse(readFileSync(join(root, "captions.json"), "utf8")) as {
    images: { file: string; captions: string[]; split: string }[];
  };
  const bytes = gunzipSync(readFileSync(join(root, "images-64x64x3.u8.gz")));
  const values = new Uint8Array(bytes.length);
  // Red, green and blue of each pixel become three planes.
  for (let at = 0; at < bytes.length; at++) {
    const [picture, inside] = [Math.floor(at / (3 * PLANE)), at % (3 * PLANE)];
    values[(picture * 3 + (inside % 3)) * PLANE + Math.floor(inside / 3)] = bytes[at];
  }
  return {
    names: images.map(({ file }) => file),
    captions: images.map(({ captions }) => captions),
    splits: images.map(({ split }) => split),
    pictures: { kind: "pixels", side: SIDE, values },
  };
}

export function pick(set: SplitPictures, use: (index: number) => boolean): CaptionedPictures {
  const chosen = Array.from(set.names.keys()).filter(use);
  return {
    names: chosen.map((index) => set.names[index]),
    captions: chosen.map((index) => set.captions[index]),
    pictures: set.pictures,
    rows: Int32Array.from(chosen),
  };
}

/** Captions of each validation picture that choose the checkpoint. */
const JUDGED = 2;

const firstCaptions = ({ captions }: CaptionedPictures) => captions.map((own) => own.slice(0, JUDGED));

const GREY = { kind: "pixels", side: SIDE, values: new Uint8Array(3 * PLANE).fill(128) } as const;

export const withGreyPicture = (set: CaptionedPictures): CaptionedPictures => ({
  ...set,
  pictures: GREY,
  rows: new Int32Array(set.names.length),
});

/**
 * The captions of pictures to train on that do best as the caption of every test picture, which is more than anybody can
 * know: the first by BLEU-1 and by BLEU-4.
 * @param step every so many captions are tried
 */
function bestConstants(train: CaptionedPictures, test: CaptionedPictures, step: number) {
  const scorer = new BleuScorer({ lowercase: true });
  const scored = train.captions
    .flat()
    .filter((_, index) => index % step === 0)
    .map((text) => {
      const sums = new Float64Array(scorer.width);
      for (const references of test.captions) scorer.add(sums, text, references);
      return { text, bleu: scorer.score(sums).cumulative };
    });
  return [1, 4].map((order) => {
    const [best] = scored.toSorted((a, b) => b.bleu[order - 1] - a.bleu[order - 1]);
    return [order, best] as const;
  });
}

/** The captions of all pictures of Flickr8k but some. */
export function readCaptions(root: string, without: ReadonlySet<string>): CaptionedPictures {
  const bytes = gunzipSync(readFileSync(join(root, "flickr8k-all-captions.csv.gz")));
  const table = parseTable(bytes, { name: "flickr8k-all-captions.csv" });
  const [image, text] = ["image", "caption"].map((column) => table.columns.indexOf(column));
  const all = Map.groupBy(table.rows, (row) => row[image]);
  const kept = [...all].filter(([name]) => !without.has(name));
  return withGreyPicture({
    names: kept.map(([name]) => name),
    captions: kept.map(([, own]) => own.map((row) => row[text])),
    pictures: GREY,
  });
}

/** Each picture once as it is and once mirrored, with the same captions. */
export function withMirrored(set: CaptionedPictures): CaptionedPictures {
  const { pictures, names, captions } = set;
  if (pictures.kind !== "pixels") throw new Error("pictures are needed");
  const size = 3 * PLANE;
  const values = new Uint8Array(2 * names.length * size);
  for (let index = 0; index < names.length; index++) {
    const from = (set.rows?.[index] ?? index) * size;
    for (let at = 0; at < size; at++) {
      const turned = at - (at % SIDE) + SIDE - 1 - (at % SIDE);
      values[index * size + at] = pictures.values[from + at];
      values[(names.length + index) * size + at] = pictures.values[from + turned];
    }
  }
  return {
    names: [...names, ...names.map((name) => `${name}, mirrored`)],
    captions: [...captions, ...captions],
    pictures: { kind: "pixels", side: SIDE, values },
  };
}

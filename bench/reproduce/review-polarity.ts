import { join } from "node:path";
import {
  type ClassifyOptions,
  meanAndSpread,
  meanOf,
  measureBaselines,
  printTable,
  readArguments,
  testClassifier,
  trainClassifier,
  withFolder,
} from "./_classify.ts";
import { readReviews, trainLanguageModel, writeItems, writeWords } from "./_movie-texts.ts";

const FOLDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

const SHARED: ClassifyOptions = {
  tokens: "word",
  batchSize: 16,
  lr: 1e-3,
  dropout: 0.5,
  wordDropout: 0.1,
  maxLength: 1000,
};

const SCRATCH: ClassifyOptions = {
  ...SHARED,
  cell: "gru",
  hidden: 64,
  embedding: 64,
  bidirectional: true,
  pooling: "mean",
  epochs: 10,
};

/** Its words and their vectors: whole reviews are told better by their mean than by layers that read them in order. */
const FROM_LANGUAGE: ClassifyOptions = { ...SHARED, cell: "none", epochs: 12 };
const LANGUAGE = { hidden: 128, vocabSize: 8000, lrDecay: 0.5 };
const EPOCHS_OF_LANGUAGE = 2;

/**
 * review-polarity: 2000 reviews of films in ten folds. The model of a fold learns from the nine others, a tenth of which
 * chooses the checkpoint; its language model reads the same reviews and no other text:
 *
 *     npm run reproduce review-polarity -- path/to/data [--quick] [--seeds 1] [--folds 1,2] [--only scratch|language]
 *
 * The seed is one; the spread is that of the folds.
 */
export async function reproduce(given: string[]): Promise<void> {
  const { paths, quick, seeds, only, folds: chosen } = readArguments(given, [1]);
  const [root] = paths;
  if (root === undefined) throw new Error("name the folder that holds review-polarity: ... -- path/to/data");
  const reviews = readReviews(join(root, "review-polarity", "reviews.jsonl.gz"));
  const folds = quick ? [1] : (chosen ?? FOLDS);
  const [seed] = seeds;
  const figures = new Map<string, { readonly accuracies: number[]; readonly seconds: number[] }>();
  const note = (name: string, fold: number, accuracy: number, seconds?: number) => {
    if (!figures.has(name)) figures.set(name, { accuracies: [], seconds: [] });
    figures.get(name)!.accuracies.push(accuracy);
    if (seconds !== undefined) figures.get(name)!.seconds.push(seconds);
    console.log(
      `fold ${fold}, ${name}: ${(100 * accuracy).toFixed(2)} %${seconds === undefined ? "" : `, ${seconds.toFixed(0)} s`}`,
    );
  };
  await withFolder(async (folder) => {
    for (const fold of folds) {
      const own = (part: typeof reviews) => (quick ? part.filter((_, index) => index % 30 === 0) : part);
      const learned = own(reviews.filter((review) => review.fold !== fold));
      const data = [writeItems(join(folder, `train-${fold}.jsonl`), learned)];
      const test = [
        writeItems(join(folder, `test-${fold}.jsonl`), own(reviews.filter((review) => review.fold === fold))),
      ];
      const measure = async (name: string, options: ClassifyOptions) => {
        const out = join(folder, `${name.replaceAll(/\W/g, "-")}-${fold}`);
        const limits = quick ? { epochs: undefined, steps: 2 } : {};
        const run = await trainClassifier({ data, valSplit: 0.1, seed, out, ...options, ...limits });
        note(name, fold, (await testClassifier(out, test)).accuracy, run.seconds);
      };
      for (const { name, accuracy } of await measureBaselines(data, test, {
        tokens: "word",
        maxLength: 10_000,
      })) {
        note(name, fold, accuracy);
      }
      if (only !== "language") {
        await measure("mean embeddings (cell none)", { ...SHARED, cell: "none", epochs: 20 });
        await measure("from scratch", SCRATCH);
      }
      if (only !== "scratch") {
        const text = writeWords(
          join(folder, `language-${fold}.txt`),
          learned.flatMap((review) => review.text.split("\n")),
        );
        const limits = quick ? { hidden: 8, steps: 2 } : { epochs: EPOCHS_OF_LANGUAGE };
        const out = join(folder, `language-${fold}`);
        const language = await trainLanguageModel(text, { out, seed, ...LANGUAGE, ...limits });
        console.log(
          `fold ${fold}, language model: ${language.validation.toFixed(3)} nats per word, ${language.seconds.toFixed(0)} s`,
        );
        await measure("from a language model", { ...FROM_LANGUAGE, from: language.run });
      }
    }
  });
  const rows = [["model", `accuracy in %, mean of ${folds.length} folds`, "s a fold"]];
  for (const [name, { accuracies, seconds }] of figures) {
    rows.push([name, meanAndSpread(accuracies), seconds.length === 0 ? "" : meanOf(seconds).toFixed(0)]);
  }
  printTable(rows);
}

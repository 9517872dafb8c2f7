import { join } from "node:path";
import type { LabelledText } from "../../src/data/index.ts";
import {
  type ClassifyOptions,
  meanAndSpread,
  meanOf,
  measureBaselines,
  printTable,
  readArguments,
  reportRun,
  testClassifier,
  trainClassifier,
  withFolder,
} from "./_classify.ts";
import {
  readFile,
  readReviews,
  readSnippets,
  trainLanguageModel,
  withoutOverlap,
  writeItems,
  writeWords,
} from "./_movie-texts.ts";
import { dropContained, type GroupedPhrase, groupPhrases, readPhrases } from "./_phrases.ts";

const SCRATCH: ClassifyOptions = {
  tokens: "word",
  batchSize: 50,
  lr: 1e-3,
  dropout: 0.5,
  wordDropout: 0.1,
  epochs: 5,
};

const MODELS: Readonly<Record<string, ClassifyOptions>> = {
  "mean embeddings (cell none)": { cell: "none" },
  "LSTM in both directions, max": { cell: "lstm", bidirectional: true, pooling: "max" },
};

const LANGUAGE = { hidden: 200, vocabSize: 10_000 };
const EPOCHS_OF_LANGUAGE = 4;

const FROM_LANGUAGE: ClassifyOptions = {
  tokens: "word",
  // The words of the language model and no others: two of its symbols are the end of a line and the unknown word.
  vocabSize: LANGUAGE.vocabSize - 2,
  pooling: "max",
  batchSize: 50,
  lr: 1e-3,
  dropout: 0.5,
  wordDropout: 0.1,
  epochs: 4,
};

/**
 * SST-2: 872 sentences to test on. The phrases of train and dev are joined; what lies in a test sentence is dropped; a tenth
 * of the sentences is held out with all their phrases, to choose the checkpoint. From scratch, and from a language model of
 * film reviews (rt-polarity, review-polarity and the training sentences) without any line that shares seven words in a row
 * with a test sentence:
 *
 *     npm run reproduce sst2 -- path/to/data [--quick] [--seeds 1,2,3] [--only scratch|language]
 */
export async function reproduce(given: string[]): Promise<void> {
  const { paths, quick, seeds, only } = readArguments(given, [1, 2, 3, 4, 5]);
  const [root] = paths;
  if (root === undefined)
    throw new Error("name the folder that holds sst2: npm run reproduce sst2 -- path/to/data");
  const read = (name: string) =>
    readPhrases(readFile(join(root, "sst2", `${name}.tsv.gz`)), ["negative", "positive"]);
  const sentences = read("test");
  const all = [...read("train"), ...read("dev")];
  const phrases = groupPhrases(dropContained(all, sentences));
  console.log(
    `${all.length} phrases, ${phrases.length} of them in no test sentence, of ` +
      `${new Set(phrases.map(({ group }) => group)).size} sentences; ${sentences.length} sentences to test`,
  );
  const rows = [["model", "accuracy in %", "s a run"]];
  await withFolder(async (folder) => {
    const data = [writeItems(join(folder, "train.jsonl"), quick ? phrases.slice(0, 2000) : phrases)];
    const test = [writeItems(join(folder, "test.jsonl"), sentences)];
    const measure = async (name: string, options: ClassifyOptions) => {
      const [accuracies, seconds]: [number[], number[]] = [[], []];
      for (const seed of seeds) {
        const out = join(folder, `run-${rows.length}-${seed}`);
        const limits = quick ? { epochs: undefined, steps: 10 } : {};
        const run = await trainClassifier({ data, valSplit: 0.1, seed, out, ...options, ...limits });
        const tested = await testClassifier(out, test);
        reportRun(`${name}, seed ${seed}`, tested, run);
        accuracies.push(tested.accuracy);
        seconds.push(run.seconds);
      }
      rows.push([name, meanAndSpread(accuracies), meanOf(seconds).toFixed(0)]);
    };
    if (only !== "language") {
      for (const [name, options] of Object.entries(MODELS)) await measure(name, { ...SCRATCH, ...options });
    }
    if (only !== "scratch") {
      const text = writeLanguage(join(folder, "language.txt"), root, phrases, sentences, quick);
      const limits = quick ? { hidden: 8, steps: 2 } : { epochs: EPOCHS_OF_LANGUAGE };
      const language = await trainLanguageModel(text, {
        out: join(folder, "language"),
        ...LANGUAGE,
        ...limits,
      });
      console.log(
        `language model: ${language.validation.toFixed(3)} nats per word, ${language.seconds.toFixed(0)} s`,
      );
      await measure("from a language model", { ...FROM_LANGUAGE, from: language.run });
    }
    for (const { name, accuracy } of await measureBaselines(data, test, { tokens: "word" })) {
      rows.push([name, (100 * accuracy).toFixed(2), ""]);
    }
  });
  printTable(rows);
}

/** What the language model reads: nothing of the test sentences. */
function writeLanguage(
  path: string,
  root: string,
  phrases: readonly GroupedPhrase[],
  tested: readonly LabelledText[],
  quick: boolean,
): string {
  const sentences = [...new Set(phrases.map(({ group }) => group))];
  const snippets = readSnippets(join(root, "rt-polarity"));
  const reviews = readReviews(join(root, "review-polarity", "reviews.jsonl.gz"));
  const lines = [...sentences, ...snippets, ...reviews.flatMap(({ text }) => text.split("\n"))];
  const kept = withoutOverlap(
    lines,
    tested.map(({ text }) => text),
  );
  console.log(
    `language model: ${kept.length} of ${lines.length} lines share no seven words with a test sentence`,
  );
  return writeWords(path, quick ? kept.slice(0, 2000) : kept);
}

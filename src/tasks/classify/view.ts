/** What people are shown of a classifier. */
import { classificationMetrics } from "../../data/classification-metrics.ts";
import { findSet, LABELLED_SETS } from "../../data/labelled-sets.ts";
import type { SequenceClassifierConfig } from "../../models/sequence-classifier-config.ts";
import { count, nats, percent } from "../../render/numbers.ts";
import { terminalClassScores } from "../../render/terminal-class-scores.ts";
import { terminalConfusion } from "../../render/terminal-confusion.ts";
import type { Baseline, Task } from "../task.ts";
import type { Row, ShownTraining, Standing, TaskView } from "../view.ts";
import type { ClassifyData } from "./data.ts";
import type { ClassifySettings } from "./defaults.ts";
import type { ClassifyFacts } from "./facts.ts";
import { BASELINES, confusionOf } from "./metrics.ts";

type Shown = ShownTraining<ClassifySettings, ClassifyData, SequenceClassifierConfig, ClassifyFacts>;

export const HELP: Task["help"] = {
  data:
    "texts or numbers with labels (default: a set that is made, see --set):\n" +
    "a folder with one text file for each label, an item on each line\n" +
    "a folder for each label, with a file for each item: .txt, .wav, .npy\n" +
    "a table (.csv, .tsv) with the columns text and label, or of numbers\n" +
    'JSON lines (.jsonl): {"text": "...", "label": "..."}\n' +
    "arrays (.npz): x, y, lengths",
  notes:
    "In a table of numbers each row is an item, and every column beside label a\n" +
    "feature; with a column sequence each row is a step of one.\n\n" +
    "Equal items are all trained on or all validated on. --dropout acts between\n" +
    "layers, before the output layer and on an --embedding. --pooling says what of\n" +
    "all steps the label is read from. --cell none has no state: layers of ReLU\n" +
    "behind the pooling. --cell conv has convolutions over time. --short-first lets\n" +
    "longer items in pass by pass: a network learns to count on short ones.\n\n" +
    "Sets without DATA (--set):\n" +
    LABELLED_SETS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join("\n"),
  examples: [
    "npx unrolled train classify               names in six invented languages",
    "npx unrolled train classify names/ --cell gru --bidirectional",
    "npx unrolled train classify reviews.csv --tokens word --pooling mean",
    "npx unrolled train classify flowers.csv --cell none",
    "npx unrolled train classify names/ --val other-names/ --max-seconds 120",
  ].join("\n"),
};

/** What an item is, where it is more than a line of characters. */
function describeInput({ facts: { input, vocabulary = [] }, unknownShare, vectors }: ClassifyData): Row[] {
  if (input.kind === "text") {
    if (input.tokens === "char") return [];
    const others = `all others, ${percent(unknownShare)} of the texts, are one`;
    const rows: Row[] = [["words", `${count(vocabulary.length)} known; ${others}`]];
    if (vectors !== undefined)
      rows.push(["", `${count(vectors.ids.length)} start from the vectors of a file`]);
    return rows;
  }
  const { features } = input.format;
  return [["features", `${features.length}${input.isOneStep ? "" : " a step"}: ${listLabels(features)}`]];
}

/** Labels that are named; of more their number says enough. */
const NAMED = 8;

function listLabels(labels: readonly string[]): string {
  const named = labels.slice(0, NAMED).join(", ");
  return labels.length > NAMED ? `${named} and ${labels.length - NAMED} more` : named;
}

const accuracyOf = (metrics: Readonly<Record<string, number>> | undefined): number => metrics?.accuracy ?? 0;

/** What a baseline is, in words. */
const ABOUT: Readonly<Record<string, string>> = {
  [BASELINES.char]: "naive Bayes over pieces of up to 3 characters",
  [BASELINES.word]: "naive Bayes over words and pairs of words",
  [BASELINES.linear]: "a linear softmax on the mean of each item",
};

/** "naive Bayes" of "naive Bayes, trigrams" */
const shortNameOf = (name: string): string => (name.startsWith("naive Bayes") ? "naive Bayes" : name);

function compare(
  metrics: Readonly<Record<string, number>>,
  [best]: readonly Baseline[],
): Omit<Standing, "text"> {
  const [own, other] = [accuracyOf(metrics), accuracyOf(best?.metrics)];
  const points = (100 * (own - other)).toFixed(1);
  const isBetter = own > other;
  const name = shortNameOf(best?.name ?? BASELINES.char);
  return { comparison: `${isBetter ? "+" : ""}${points} points against ${name}`, isBetter };
}

const READ_FROM = {
  last: "the last step",
  mean: "the mean",
  max: "the maximum",
  attention: "attention",
} as const;

const FOLDED = "accuracy: share of the items whose label is right";

export const VIEW: TaskView<ClassifySettings, ClassifyData, SequenceClassifierConfig, ClassifyFacts> = {
  data({ data, paths, settings }: Shown) {
    const { train, validation, facts } = data;
    const named = paths.length === 0 ? `${findSet(settings.set).summary} (built in)` : paths.join(" ");
    const [trained, validated] = [train.labels.length, validation.labels.length].map(count);
    return [
      ["data", named],
      ["", `${trained} items to train on, ${validated} to validate on`],
      ...describeInput(data),
      ["labels", `${count(facts.labels.length)}: ${listLabels(facts.labels)}`],
    ];
  },
  model({ cell, layers, hidden, bidirectional, embedding, pooling, widths, features }, cellName) {
    const read = READ_FROM[pooling];
    const vectors = embedding === 0 ? "" : `, on vectors of ${embedding}`;
    const number = (what: string) => `${layers} ${what}${layers === 1 ? "" : "s"} of ${hidden}`;
    if (cell === "none") {
      const what = features > 0 ? "inputs" : `vectors of ${embedding}`;
      return `feed-forward, ${number("layer")} on ${read} of the ${what}`;
    }
    if (cell === "conv") {
      return `convolutions, ${number("layer")} filters over ${widths.join(", ")} steps each${vectors}, read from ${read}`;
    }
    const both = bidirectional ? " in both directions" : "";
    return `${cellName ?? cell.toUpperCase()}, ${number("layer")}${both}${vectors}, read from ${read}`;
  },
  toBeat({ baselines }) {
    const [best] = baselines;
    const majority = baselines.find(({ name }) => name === BASELINES.majority);
    const name = best?.name ?? BASELINES.char;
    return [
      ["to beat", `accuracy ${percent(accuracyOf(best?.metrics))}: ${ABOUT[name] ?? name}`],
      ["", `(the commonest label alone has ${percent(accuracyOf(majority?.metrics))})`],
    ];
  },
  validation({ loss, metrics }, { baselines }) {
    const accuracy = percent(accuracyOf(metrics));
    return { text: `${nats(loss)}, accuracy ${accuracy}`, ...compare(metrics, baselines) };
  },
  result({ metrics }, { baselines }) {
    const text = `accuracy ${percent(accuracyOf(metrics))}, macro F1 ${(metrics.macroF1 ?? 0).toFixed(3)}`;
    return { text, ...compare(metrics, baselines) };
  },
  next({ data }, folder) {
    const { input } = data.facts;
    const isText = input.kind === "text";
    const example = isText ? '--text "..."' : input.isOneStep ? "FILE.csv" : "FILE";
    return [`npx unrolled eval ${folder}`, `npx unrolled predict ${folder} ${example}`];
  },
  chartBaselines: (baselines) =>
    baselines.flatMap(({ name, loss }) => (loss === null ? [] : [{ name: `${name} ${nats(loss)}`, loss }])),
  figures(best, { baselines }) {
    const measured = { accuracy: accuracyOf(best?.metrics), macroF1: best?.metrics?.macroF1 ?? 0 };
    const [toBeat] = baselines;
    const name = shortNameOf(toBeat?.name ?? BASELINES.char);
    const figures = [{ name, value: percent(accuracyOf(toBeat?.metrics)), about: "its accuracy: to beat" }];
    if (best === undefined) return figures;
    return [
      { name: "accuracy", value: percent(measured.accuracy), about: FOLDED },
      { name: "macro F1", value: measured.macroF1.toFixed(3), about: "the mean over all labels" },
      ...figures,
    ];
  },
  terms: [
    {
      term: "accuracy",
      meaning:
        "The share of the items whose label is right. Where one label is common, guessing it is often right.",
    },
    {
      term: "macro F1",
      meaning:
        "For each label, the harmonic mean of two shares: of what was predicted so, how much is right, and of what is so, how much was found. The mean over all labels counts a rare one as much as a common one.",
    },
    {
      term: "naive Bayes",
      meaning:
        "What there is to beat on texts: counts of all pieces of up to three characters, or of words and pairs of words, under each label, as if they were independent of each other (McCallum and Nigam 1998).",
    },
    {
      term: "linear, on the mean",
      meaning:
        "What there is to beat on numbers: a softmax on a weighted sum of the features, each the mean over all steps of an item. What only the order of the steps tells is beyond it.",
    },
  ],
  scoreTable({ loss, metrics, items }, _, baselines) {
    const rows: [string, string, string][] = [
      ["accuracy", percent(metrics.accuracy), "share of the items whose label is right"],
      ["macro F1", metrics.macroF1.toFixed(3), "mean over the labels, each counting the same"],
      ["nats per item", nats(loss), "mean of -ln p of the right label; lower is better"],
      ["items", count(items), ""],
    ];
    for (const { name, metrics: measured } of baselines) {
      const f1 = (measured?.macroF1 ?? 0).toFixed(3);
      rows.push([name, percent(accuracyOf(measured)), `its accuracy; macro F1 ${f1}`]);
    }
    return rows;
  },
  drawing(sums, { facts: { labels } }, options) {
    const counts = confusionOf(sums, labels.length);
    const confusion = terminalConfusion({ labels, counts }, options);
    const scores = terminalClassScores(labels, classificationMetrics(counts, labels.length).classes, options);
    return [...confusion, ...(confusion.length > 0 && scores.length > 0 ? [""] : []), ...scores];
  },
};

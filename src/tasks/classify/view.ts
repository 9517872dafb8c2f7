/** What people are shown of a classifier. */
import { findSet, LABELLED_SETS } from "../../data/labelled-sets.ts";
import type { SequenceClassifierConfig } from "../../models/sequence-classifier-config.ts";
import { count, nats, percent } from "../../render/numbers.ts";
import { terminalConfusion } from "../../render/terminal-confusion.ts";
import type { Baseline, Task } from "../task.ts";
import type { ShownTraining, Standing, TaskView } from "../view.ts";
import type { ClassifyData, ClassifyFacts } from "./data.ts";
import type { ClassifySettings } from "./defaults.ts";
import { confusionOf } from "./metrics.ts";

type Shown = ShownTraining<ClassifySettings, ClassifyData, SequenceClassifierConfig, ClassifyFacts>;

export const HELP: Task["help"] = {
  data:
    "a folder with one UTF-8 text file for each label: English.txt holds lines\n" +
    "with the label English (default: names in invented languages)",
  notes:
    "Equal lines are all trained on or all validated on. --dropout acts between\n" +
    "layers, before the output layer and on an --embedding. --pooling says what of\n" +
    "all steps the label is read from. --short-first lets longer items in pass by\n" +
    "pass: a network learns to count on short ones.\n\nSets without DATA (--set):\n" +
    LABELLED_SETS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join("\n"),
  examples: [
    "unrolled train classify               names in six invented languages",
    "unrolled train classify names/ --cell gru --bidirectional",
    "unrolled train classify names/ --val other-names/ --max-seconds 120",
  ].join("\n"),
};

/** Labels that are named; of more their number says enough. */
const NAMED = 8;

function listLabels(labels: readonly string[]): string {
  const named = labels.slice(0, NAMED).join(", ");
  return labels.length > NAMED ? `${named} and ${labels.length - NAMED} more` : named;
}

const accuracyOf = (metrics: Readonly<Record<string, number>> | undefined): number => metrics?.accuracy ?? 0;

function compare(
  metrics: Readonly<Record<string, number>>,
  [bayes]: readonly Baseline[],
): Omit<Standing, "text"> {
  const [own, other] = [accuracyOf(metrics), accuracyOf(bayes?.metrics)];
  const points = (100 * (own - other)).toFixed(1);
  const isBetter = own > other;
  return { comparison: `${isBetter ? "+" : ""}${points} points against naive Bayes`, isBetter };
}

const FOLDED = "accuracy: share of the items whose label is right";

export const VIEW: TaskView<ClassifySettings, ClassifyData, SequenceClassifierConfig, ClassifyFacts> = {
  data({ data, paths, settings }: Shown) {
    const { train, validation, facts } = data;
    const named = paths.length === 0 ? `${findSet(settings.set).summary} (built in)` : paths.join(" ");
    const [trained, validated] = [train.labels.length, validation.labels.length].map(count);
    return [
      ["data", named],
      ["", `${trained} items to train on, ${validated} to validate on`],
      ["labels", `${count(facts.labels.length)}: ${listLabels(facts.labels)}`],
    ];
  },
  model({ cell, layers, hidden, bidirectional, embedding, pooling }, cellName) {
    const both = bidirectional ? " in both directions" : "";
    const size = `${layers} layer${layers === 1 ? "" : "s"} of ${hidden}${both}`;
    const vectors = embedding === 0 ? "" : `, on vectors of ${embedding}`;
    const read = { last: "the last step", mean: "the mean", max: "the maximum", attention: "attention" }[
      pooling
    ];
    return `${cellName ?? cell.toUpperCase()}, ${size}${vectors}, read from ${read}`;
  },
  toBeat({ baselines }) {
    const [bayes, majority] = baselines;
    return [
      [
        "to beat",
        `accuracy ${percent(accuracyOf(bayes?.metrics))}: naive Bayes over pieces of up to 3 characters`,
      ],
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
  next: (_, folder) => [`npx unrolled eval ${folder}`, `npx unrolled predict ${folder} --text "..."`],
  chartBaselines: (baselines) =>
    baselines.flatMap(({ name, loss }) => (loss === null ? [] : [{ name: `${name} ${nats(loss)}`, loss }])),
  figures(best, { baselines }) {
    const measured = { accuracy: accuracyOf(best?.metrics), macroF1: best?.metrics?.macroF1 ?? 0 };
    const [bayes] = baselines;
    const figures = [
      { name: "naive Bayes", value: percent(accuracyOf(bayes?.metrics)), about: "its accuracy: to beat" },
    ];
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
        "What there is to beat: counts of all pieces of up to three characters under each label, as if they were independent of each other (McCallum and Nigam 1998).",
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
  drawing: (sums, { facts }, options) =>
    terminalConfusion({ labels: facts.labels, counts: confusionOf(sums, facts.labels.length) }, options),
};

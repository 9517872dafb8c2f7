/** What people are shown of a tagger. */

import { labelledSteps } from "../../data/step-guesses.ts";
import type { StepInput } from "../../data/step-inputs.ts";
import type { SequenceTaggerConfig } from "../../models/sequence-tagger-config.ts";
import { count, nats, percent } from "../../render/numbers.ts";
import { terminalTimeline } from "../../render/terminal-timeline.ts";
import type { Baseline, Task } from "../task.ts";
import type { ShownTraining, Standing, TaskView } from "../view.ts";
import type { TagData } from "./data.ts";
import type { BuiltInSet, TagSettings } from "./defaults.ts";
import type { TagFacts } from "./facts.ts";
import { timelineOf } from "./metrics.ts";

type Shown = ShownTraining<TagSettings, TagData, SequenceTaggerConfig, TagFacts>;
type Metrics = Readonly<Record<string, number>>;

export const HELP: Task["help"] = {
  data:
    "tables (.csv, .tsv) with one row per step: the columns sequence, label and\n" +
    "perhaps group, all others numbers; or arrays (.npz): x [sequences, steps,\n" +
    "features] or [steps, features] with lengths, y one label per step, perhaps\n" +
    "groups; images have the axes height, width and channels in place of features;\n" +
    "or files of any other name in a CoNLL format: a word and its tags on each line\n" +
    "(default: a built-in --set)",
  notes:
    "Sequences of a group, such as those of one person, are all trained on or all\n" +
    "validated on. A model in one direction labels a step from what came before;\n" +
    "with --delay N it knows N later steps, with --bidirectional all. --dropout acts\n" +
    "between layers, before the output layer and on vectors of words and images.",
  examples: [
    "npx unrolled train tag                    the symbol three steps later",
    "npx unrolled train tag --delay 0          the same for a network that cannot look ahead",
    "npx unrolled train tag --set video        what a shape does in a video",
    "npx unrolled train tag frames.csv --bidirectional --class-weights balanced",
  ].join("\n"),
};

const SET_NAMES: Readonly<Record<BuiltInSet, string>> = {
  lookahead: "the symbol three steps later (built in)",
  video: "videos of a moving shape (built in)",
};

/** Labels that are named; of more their number says enough. */
const NAMED = 12;

function listLabels(labels: readonly string[]): string {
  const named = labels.slice(0, NAMED).join(", ");
  return labels.length > NAMED ? `${named} and ${labels.length - NAMED} more` : named;
}

function describeInput(input: StepInput): string {
  if (input.kind === "words") return `${count(input.vocabulary.length)} known words`;
  if (input.kind === "frames") return `${count(input.features.length)} numbers in each step`;
  const [channels, height, width] = input.image;
  return `images of ${height} x ${width}${channels === 1 ? "" : ` with ${channels} channels`}`;
}

/** The metric that the field looks at first, and its name. */
function mainOf(metrics: Metrics | undefined): { readonly name: string; readonly value: number } {
  const { entityF1, macroF1 = 0 } = metrics ?? {};
  return entityF1 === undefined
    ? { name: "macro F1", value: macroF1 }
    : { name: "entity F1", value: entityF1 };
}

function compare(metrics: Metrics, [step]: readonly Baseline[]): Omit<Standing, "text"> {
  const [own, other] = [mainOf(metrics).value, mainOf(step?.metrics).value];
  const points = (100 * (own - other)).toFixed(1);
  const isBetter = own > other;
  return { comparison: `${isBetter ? "+" : ""}${points} points against the ${nameOf(step)}`, isBetter };
}

const nameOf = (baseline: Baseline | undefined): string =>
  (baseline?.name ?? "baseline").replace(/^the /, "");

function showMain(metrics: Metrics): string {
  const { name, value } = mainOf(metrics);
  return `${name} ${value.toFixed(3)}`;
}

export const VIEW: TaskView<TagSettings, TagData, SequenceTaggerConfig, TagFacts> = {
  data({ data, paths }: Shown) {
    const { train, validation, facts, set } = data;
    const named = set === null ? paths.join(" ") : SET_NAMES[set];
    const [trained, validated] = [train, validation].map(({ items }) => count(items.lengths.length));
    const [steps, held] = [train, validation].map((part) => count(labelledSteps(part)));
    return [
      ["data", named],
      [
        "",
        `${trained} sequences to train on (${steps} labelled steps), ${validated} to validate on (${held})`,
      ],
      ["", describeInput(facts.input)],
      ["labels", `${count(facts.labels.length)}: ${listLabels(facts.labels)}`],
    ];
  },
  model({ cell, layers, hidden, bidirectional, delay, embedding, image }, cellName) {
    const size = `${layers} layer${layers === 1 ? "" : "s"} of ${hidden}`;
    const reads = bidirectional
      ? " in both directions"
      : delay > 0
        ? `, ${delay} steps later`
        : ", as it reads";
    const before =
      image !== null ? " on convolved images" : embedding > 0 ? `, on vectors of ${embedding}` : "";
    return `${cellName ?? cell.toUpperCase()}, ${size}${before}, a label for each step${reads}`;
  },
  toBeat({ baselines }) {
    const [step, majority] = baselines;
    if (step === undefined) return [];
    const accuracy = (baseline: Baseline) => percent(baseline.metrics?.accuracy ?? 0);
    return [
      ["to beat", `${showMain(step.metrics ?? {})}, accuracy ${accuracy(step)}: ${step.name}`],
      ["", `(${majority.name} alone has accuracy ${accuracy(majority)})`],
    ];
  },
  validation({ loss, metrics }, { baselines }) {
    const text = `${nats(loss)}, accuracy ${percent(metrics.accuracy ?? 0)}, ${showMain(metrics)}`;
    return { text, ...compare(metrics, baselines) };
  },
  result({ metrics }, { baselines }) {
    const text = `accuracy ${percent(metrics.accuracy ?? 0)}, ${showMain(metrics)}`;
    return { text, ...compare(metrics, baselines) };
  },
  async ending({ settings, data }) {
    if (data.set !== "lookahead" || settings.bidirectional || settings.delay > 0) return [];
    return [
      [
        "",
        "no label follows from what was read before it: a network that does not look ahead can only guess",
      ],
    ];
  },
  next: ({ facts }, folder) => [
    `npx unrolled eval ${folder} --picture timeline.svg`,
    facts.facts.input.kind === "words"
      ? `npx unrolled predict ${folder} --text "..."`
      : `npx unrolled predict ${folder} FILE.csv`,
  ],
  chartBaselines: (baselines) =>
    baselines.flatMap(({ name, loss }) => (loss === null ? [] : [{ name: `${name} ${nats(loss)}`, loss }])),
  figures(best, { baselines }) {
    const [step] = baselines;
    const figures = baselines.length === 0 ? [] : [figureOf(step, "to beat")];
    if (best === undefined) return figures;
    const metrics = best.metrics ?? {};
    const { name, value } = mainOf(metrics);
    return [
      { name, value: value.toFixed(3), about: "at the best validation" },
      { name: "accuracy", value: percent(metrics.accuracy ?? 0), about: "share of the labelled steps" },
      ...figures,
    ];
  },
  terms: [
    {
      term: "accuracy",
      meaning:
        "The share of the labelled steps whose label is right. Where most steps have one label, guessing it is often right.",
    },
    {
      term: "macro F1",
      meaning:
        "For each label, the harmonic mean of two shares: of the steps predicted so, how many are right, and of the steps that are so, how many were found. The mean over all labels counts a rare one as much as a common one.",
    },
    {
      term: "edit score",
      meaning:
        "How well the order of the segments is met, whatever their time: 1 minus the Levenshtein distance of the two lists of labels by the length of the longer one (Lea et al. 2017). It falls with every segment too many.",
    },
    {
      term: "segment F1",
      meaning:
        "F1 over whole segments, of which a predicted one is right if it overlaps one of its label by at least half of both together (Lea et al. 2017).",
    },
  ],
  scoreTable({ loss, metrics, items }, unit, baselines) {
    const { accuracy, macroF1, edit, segmentF1, entityF1 } = metrics;
    const rows: [string, string, string][] = [
      ["accuracy", percent(accuracy), "share of the labelled steps whose label is right"],
      ["macro F1", macroF1.toFixed(3), "mean over the labels, each counting the same"],
      ["edit score", edit.toFixed(3), "order of the segments, 0 to 1"],
      ["segment F1", segmentF1.toFixed(3), "segments that overlap by at least half"],
      ...(entityF1 === undefined
        ? []
        : [
            ["entity F1", entityF1.toFixed(3), "whole entities, as conlleval counts them"] as [
              string,
              string,
              string,
            ],
          ]),
      [`nats per ${unit}`, nats(loss), "mean of -ln p of the right label; lower is better"],
      [`${unit}s`, count(items), "with a label"],
    ];
    for (const { name, metrics: measured = {} } of baselines) {
      const others = [
        `accuracy ${percent(measured.accuracy ?? 0)}`,
        ...(entityF1 === undefined ? [] : [`macro F1 ${(measured.macroF1 ?? 0).toFixed(3)}`]),
        `edit ${(measured.edit ?? 0).toFixed(3)}`,
        `segment F1 ${(measured.segmentF1 ?? 0).toFixed(3)}`,
      ];
      rows.push([
        name,
        mainOf(measured).value.toFixed(3),
        `its ${mainOf(measured).name}; ${others.join(", ")}`,
      ]);
    }
    return rows;
  },
  drawsEnding: true,
  drawing: (sums, data, options) => terminalTimeline(timelineOf(sums, data), options),
};

function figureOf({ name, metrics = {} }: Baseline, about: string) {
  const main = mainOf(metrics);
  return { name, value: main.value.toFixed(3), about: `its ${main.name}: ${about}` };
}

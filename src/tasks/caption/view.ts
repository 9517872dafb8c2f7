/** What people are shown of a captioner. */
import { type CaptionerConfig, mapOf, placesOf } from "../../models/captioner-config.ts";
import { count, nats, percent } from "../../render/numbers.ts";
import type { Baseline, Task } from "../task.ts";
import type { ShownTraining, Standing, TaskView } from "../view.ts";
import type { CaptionData } from "./data.ts";
import type { CaptionSettings } from "./defaults.ts";
import { type CaptionFacts, tokensOf } from "./facts.ts";
import { drawTable } from "./picture.ts";

type Shown = ShownTraining<CaptionSettings, CaptionData, CaptionerConfig, CaptionFacts>;
type Metrics = Readonly<Record<string, number>>;

export const HELP: Task["help"] = {
  data:
    "captions (.json, .jsonl, .csv) and the pictures that they name: files or\n" +
    "folders of PNG and JPEG, or arrays (.npz) of pictures or of features\n" +
    "(default: built-in scenes of two shapes)",
  notes:
    "A picture may have several captions: it is trained on or validated on with all of\n" +
    "them. Pictures are cropped to a square. --attention none reads a picture once,\n" +
    "before the first word. --dropout acts on what the convolutions make of a picture,\n" +
    "on vectors of words, between layers and before the output. Pictures of one colour\n" +
    "say nothing: captions of such train the words alone, and --from goes on from there.",
  examples: [
    "npx unrolled train caption                    scenes of two shapes",
    "npx unrolled train caption --attention none   the same from one look",
    "npx unrolled train caption captions.json pictures/",
    "npx unrolled train caption captions.csv pictures/ --from runs/words",
  ].join("\n"),
};

const nameOf = (baseline: Baseline | undefined): string => baseline?.name ?? "the baseline";

/** The metric that the field looks at first. */
function mainOf({ right, bleu = 0 }: Metrics) {
  return right === undefined
    ? { name: "BLEU", value: bleu, text: `BLEU ${bleu.toFixed(1)}` }
    : { name: "complete and true", value: 100 * right, text: `${percent(right)} complete and true` };
}

/** Of the baselines that write something, the best. */
function bestOf(baselines: readonly Baseline[]): Baseline | undefined {
  const written = baselines.filter(({ metrics }) => metrics !== undefined);
  return written.sort((a, b) => mainOf(b.metrics!).value - mainOf(a.metrics!).value)[0];
}

function compare(metrics: Metrics, baselines: readonly Baseline[]): Omit<Standing, "text"> {
  const best = bestOf(baselines);
  const difference = mainOf(metrics).value - mainOf(best?.metrics ?? {}).value;
  const isBetter = difference > 0;
  return {
    comparison: `${isBetter ? "+" : ""}${difference.toFixed(1)} points against ${nameOf(best)}`,
    isBetter,
  };
}

/** `98% complete and true`, `BLEU 14.2, chrF 38.0`. */
function showScores(metrics: Metrics): string {
  const { right, bleu = 0, bleu1 = 0, chrf = 0 } = metrics;
  return right === undefined
    ? `BLEU ${bleu.toFixed(1)} (BLEU-1 ${bleu1.toFixed(1)}), chrF ${chrf.toFixed(1)}`
    : `${percent(right)} complete and true, BLEU ${bleu.toFixed(1)}`;
}

export const VIEW: TaskView<CaptionSettings, CaptionData, CaptionerConfig, CaptionFacts> = {
  data({ data, paths }: Shown) {
    const { train, validation, facts, set, unknown } = data;
    const tokens = tokensOf(facts);
    const { input } = facts;
    const seen =
      input.kind === "pixels"
        ? `pictures of ${input.side} x ${input.side} pixels`
        : `${input.places === 1 ? "" : `${input.places} places of `}${input.features} given features`;
    const part = ({ rows, captions }: CaptionData["train"]) =>
      `${count(rows.length)} pictures with ${count(captions.lengths.length)} captions`;
    return [
      ["data", set === null ? paths.join(" ") : "scenes of two shapes (built in)"],
      ["", `${part(train)} to train on, ${part(validation)} to validate on`],
      ["", seen],
      [
        "words",
        `${count(tokens.size)}${unknown > 0 ? `, ${percent(unknown)} of those to train on unknown` : ""}`,
      ],
      ["rule", tokens.rule],
    ];
  },
  model(config) {
    const { cell, layers, hidden, attention, embedding, image, filters } = config;
    const size = `${layers} layer${layers === 1 ? "" : "s"} of ${hidden}`;
    const reads =
      attention === "none"
        ? "the picture read once"
        : `${attention} attention over ${placesOf(config)} places`;
    const convolved =
      image === null ? "" : `, convolutions of ${filters} to ${mapOf(config).filters} filters`;
    return `${cell.toUpperCase()}, ${size}, on vectors of ${embedding}, ${reads}${convolved}`;
  },
  toBeat({ baselines }) {
    return baselines.map(({ name, loss, metrics }, at) => [
      at === 0 ? "to beat" : "",
      metrics === undefined ? `${nats(loss ?? 0)} nats: ${name}` : `${showScores(metrics)}: ${name}`,
    ]);
  },
  validation({ loss, metrics }, { baselines }) {
    return { text: `${nats(loss)}, ${showScores(metrics)}`, ...compare(metrics, baselines) };
  },
  result({ metrics }, { baselines }) {
    return { text: showScores(metrics), ...compare(metrics, baselines) };
  },
  next: (_, folder) => [
    `npx unrolled eval ${folder} --picture captions.svg`,
    `npx unrolled predict ${folder} PICTURE.png`,
  ],
  chartBaselines: (baselines) =>
    baselines.flatMap(({ name, loss }) => (loss === null ? [] : [{ name: `${name} ${nats(loss)}`, loss }])),
  figures(best, { baselines }) {
    const other = bestOf(baselines);
    const beat = other && {
      name: nameOf(other),
      value: mainOf(other.metrics ?? {}).text,
      about: "to beat",
    };
    const main = best?.metrics && mainOf(best.metrics);
    return [
      ...(main === undefined ? [] : [{ name: main.name, value: main.text, about: "at the best validation" }]),
      ...(beat === undefined ? [] : [beat]),
    ];
  },
  terms: [
    {
      term: "complete and true",
      meaning:
        "Of the built-in scenes: the share of the captions that name both shapes, their colours and where one is as seen from the other, all of it as in the picture. Several captions are true of a scene.",
    },
    {
      term: "BLEU",
      meaning:
        "How many of the sequences of one to four words that were written are in one of the captions of people, with a penalty for what is too short (Papineni et al. 2002); from 0 to 100, as sacreBLEU computes it. BLEU-1 counts single words alone, and one caption for all pictures has a high one.",
    },
    {
      term: "chrF",
      meaning:
        "The same idea with sequences of up to six characters, precision and recall together (Popović 2015); from 0 to 100.",
    },
  ],
  scoreTable({ loss, metrics, items }, unit, baselines) {
    const { right, bleu, bleu1, chrf, perplexity, described } = metrics;
    const rows: [string, string, string][] = [
      ...(right === undefined
        ? []
        : ([["complete and true", percent(right), "captions that are right in everything"]] as [
            string,
            string,
            string,
          ][])),
      ["BLEU", bleu.toFixed(2), `of ${count(described)} pictures, with all their captions, tokenised as 13a`],
      ["BLEU-1", bleu1.toFixed(2), "single words alone"],
      ["chrF", chrf.toFixed(2), "of characters, 0 to 100"],
      [
        `nats per ${unit}`,
        nats(loss),
        `with the true ${unit}s before it; perplexity ${perplexity.toFixed(2)}`,
      ],
      [`${unit}s`, count(items), "of the captions, their ends among them"],
    ];
    for (const { name, loss: own, metrics: measured } of baselines) {
      if (measured === undefined) rows.push([name, nats(own ?? 0), `its nats per ${unit}`]);
      else rows.push([name, mainOf(measured).text, showScores(measured)]);
    }
    return rows;
  },
  drawsEnding: true,
  drawing: drawTable,
};

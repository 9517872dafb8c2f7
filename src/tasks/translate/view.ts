/** What people are shown of a translator. */
import { shellWord } from "../../core/shell-word.ts";
import type { Seq2SeqConfig } from "../../models/seq2seq-config.ts";
import { count, nats, percent } from "../../render/numbers.ts";
import type { Baseline, Task } from "../task.ts";
import type { ShownTraining, Standing, TaskView } from "../view.ts";
import type { TranslateData } from "./data.ts";
import type { BuiltInSet, TranslateSettings } from "./defaults.ts";
import { type TranslateFacts, tokensOf } from "./facts.ts";
import { drawInTerminal } from "./pictures.ts";

type Shown = ShownTraining<TranslateSettings, TranslateData, Seq2SeqConfig, TranslateFacts>;
type Metrics = Readonly<Record<string, number>>;

export const HELP: Task["help"] = {
  data:
    "two files, line n of the second being the translation of line n of the\n" +
    "first; or files of pairs: a source, a tab and a target on each line (.tsv,\n" +
    '.txt), tables (.csv), or JSON lines {"source", "target"} (.jsonl)\n' +
    "(default: a built-in --set)",
  notes:
    "Pairs whose sources read alike are all trained on or all validated on; --val is\n" +
    "given twice for two files. --attention none is the lecture's form: one vector\n" +
    "for the whole source. --teacher-forcing X falls from 1 to X within 10 passes:\n" +
    "the other steps read what the model itself has written. --dropout acts on\n" +
    "vectors of symbols, between layers and before the output.",
  examples: [
    "npx unrolled train translate                    dates, 7 March 1998 -> 1998-03-07",
    "npx unrolled train translate --attention none   the same from one vector",
    "npx unrolled train translate train.de train.en --val val.de --val val.en",
    "npx unrolled train translate pairs.tsv --tokens bpe --shared-vocabulary",
  ].join("\n"),
};

const SET_NAMES: Readonly<Record<BuiltInSet, string>> = {
  dates: "dates in six styles to ISO 8601 (built in)",
  reverse: "10 to 20 letters to the same from their end (built in)",
};

const nameOf = (baseline: Baseline | undefined): string => baseline?.name ?? "the baseline";

/** The metric that the field looks at first, and its name. */
function mainOf({ bleu, exactMatch = 0 }: Metrics) {
  return bleu === undefined
    ? { name: "exact matches", value: 100 * exactMatch, text: percent(exactMatch) }
    : { name: "BLEU", value: bleu, text: `BLEU ${bleu.toFixed(1)}` };
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

/** `BLEU 31.2, chrF 53.0`, `98% exact`. */
function showScores(metrics: Metrics): string {
  const { bleu, chrf = 0, exactMatch = 0, tokenAccuracy = 0 } = metrics;
  return bleu === undefined
    ? `${percent(exactMatch)} exact, ${percent(tokenAccuracy)} of the symbols`
    : `BLEU ${bleu.toFixed(1)}, chrF ${chrf.toFixed(1)}`;
}

export const VIEW: TaskView<TranslateSettings, TranslateData, Seq2SeqConfig, TranslateFacts> = {
  data({ data, paths }: Shown) {
    const { train, validation, facts, set, unknown } = data;
    const { source, target } = tokensOf(facts);
    const pairs = [train, validation.store].map(({ sources }) => count(sources.lengths.length));
    const sizes =
      source === target
        ? `${count(source.size)} for both sides`
        : `${count(source.size)} of the sources, ${count(target.size)} of the targets`;
    const isListed = source.kind !== "bpe" && unknown.source + unknown.target > 0;
    return [
      ["data", set === null ? paths.join(" ") : SET_NAMES[set]],
      ["", `${pairs[0]} pairs to train on, ${pairs[1]} to validate on`],
      ["symbols", sizes],
      ...(isListed
        ? [
            [
              "",
              `unknown: ${percent(unknown.source)} and ${percent(unknown.target)} of those to train on`,
            ] as const,
          ]
        : []),
      ["rule", source.rule],
    ];
  },
  model({ cell, layers, hidden, bidirectional, attention, contextToOutput, embedding, readout }) {
    const size = `${layers} layer${layers === 1 ? "" : "s"} of ${hidden}`;
    const reads = bidirectional ? ", read from both ends" : "";
    const form =
      attention === "none"
        ? `one vector for the source${contextToOutput ? ", which the output reads, too" : ""}`
        : `${attention} attention`;
    const last = readout > 0 ? `, ${readout} units before the output` : "";
    return `${cell.toUpperCase()}, ${size}${reads}, on vectors of ${embedding}, ${form}${last}`;
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
  next: ({ data }, folder) => [
    `npx unrolled predict ${folder} --text ${shellWord(data.validation.sources[0])}`,
    `npx unrolled eval ${folder} --picture attention.svg`,
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
      term: "BLEU",
      meaning:
        "How many of the sequences of one to four words that were written are in the right translation, with a penalty for what is too short (Papineni et al. 2002); from 0 to 100, as sacreBLEU computes it.",
    },
    {
      term: "chrF",
      meaning:
        "The same idea with sequences of up to six characters, precision and recall together (Popović 2015); from 0 to 100.",
    },
    {
      term: "exact matches",
      meaning: "The share of the sources whose target was written without a single mistake.",
    },
  ],
  scoreTable({ loss, metrics, items }, unit, baselines) {
    const { bleu, chrf, exactMatch, tokenAccuracy, perplexity, decoded } = metrics;
    const rows: [string, string, string][] = [
      ...(bleu === undefined
        ? []
        : ([
            ["BLEU", bleu.toFixed(2), "tokenised as 13a, 0 to 100"],
            ["chrF", chrf.toFixed(2), "of characters, 0 to 100"],
          ] as [string, string, string][])),
      ["exact matches", percent(exactMatch), `of ${count(decoded)} that were decoded`],
      ["token accuracy", percent(tokenAccuracy), "symbols that stand at their place in what was written"],
      [
        `nats per ${unit}`,
        nats(loss),
        `with the true ${unit}s before it; perplexity ${perplexity.toFixed(2)}`,
      ],
      [`${unit}s`, count(items), "of the targets, their ends among them"],
    ];
    for (const { name, loss: own, metrics: measured } of baselines) {
      if (measured === undefined) rows.push([name, nats(own ?? 0), `its nats per ${unit}`]);
      else rows.push([name, mainOf(measured).text, showScores(measured)]);
    }
    return rows;
  },
  drawsEnding: true,
  drawing: drawInTerminal,
};

/** What people are shown of a training on text. */
import { runJobInTurns } from "../../core/job.ts";
import { UNITS } from "../../data/symbol-text.ts";
import type { TextCorpus } from "../../data/text-corpus.ts";
import { knownWordShare, wordSetJob } from "../../data/words.ts";
import type { LanguageModelConfig } from "../../models/language-model-config.ts";
import { comparison, count, nats, percent } from "../../render/numbers.ts";
import type { Baseline, Task } from "../task.ts";
import type { Measured, Row, ShownTraining, Standing, TaskView } from "../view.ts";
import { corpusOf, type TextData, type TextFacts } from "./data.ts";
import type { TextSettings } from "./defaults.ts";

type Shown = ShownTraining<TextSettings, TextData, LanguageModelConfig, TextFacts>;

export const PERPLEXITY = "e^nats: as unsure as among so many equal choices";

export const HELP: Task["help"] = {
  data: "UTF-8 text in files or folders, or - for standard input\n(default: the bundled corpus)",
  notes:
    "--dropout acts between layers, before the output layer and on an --embedding, so\n" +
    "one layer has it too.",
  examples: [
    "npx unrolled train text             the bundled corpus: this project's code",
    "npx unrolled train text mybook.txt --hidden 256 --layers 2 --dropout 0.2",
    "npx unrolled train text notes/ mail/ --max-seconds 300 --out runs/mine",
    "cat *.md | npx unrolled train text -",
    "npx unrolled train text --resume    continue the newest run",
  ].join("\n"),
};

const unitOf = ({ settings }: Shown) => UNITS[settings.tokens];

const trigramOf = ([trigram]: readonly Baseline[]): number => trigram?.loss ?? Number.NaN;

function against(loss: number, { baselines }: Shown): Pick<Standing, "comparison" | "isBetter"> {
  const trigram = trigramOf(baselines);
  return { comparison: `${comparison(loss, trigram)} the trigram`, isBetter: loss < trigram };
}

function describeData(shown: Shown): Row[] {
  const { data, settings, paths } = shown;
  const { text, unknownShares, train, validation, vocabularySize } = data;
  const rows: Row[] = [
    ["text", describePaths(paths)],
    ["", `${count(text.ids.length)} characters, ${count(text.characters.length)} different`],
  ];
  if (settings.tokens !== "char") {
    const symbols = count(train.length + validation.length);
    rows.push(["", `${symbols} ${unitOf(shown)}s, ${count(vocabularySize)} different`]);
  }
  if (unknownShares?.train !== undefined && unknownShares.validation !== undefined) {
    const [trained, validated] = [percent(unknownShares.train), percent(unknownShares.validation)];
    rows.push(["", `unknown words (<unk>): ${trained} to train on, ${validated} to validate on`]);
  }
  return rows;
}

function describePaths(paths: readonly string[]): string {
  if (paths.length === 0) return "the bundled corpus (this project's own source)";
  return paths.length === 1 ? paths[0] : `${paths.length} files`;
}

/** Collecting the words of a longer text would make people wait. */
const MOST_CHARACTERS = 20_000_000;

async function countKnownWords({ data }: Shown, sample: string | undefined): Promise<Row[]> {
  const { ids } = data.text;
  if (sample === undefined || ids.length > MOST_CHARACTERS) return [];
  const corpus = corpusOf(data);
  const all = await runJobInTurns(wordSetJob(corpus.ids, corpus.vocabulary));
  const { words, known, share } = knownWordShare(sample, all);
  if (words === 0) return [];
  return [
    ["words", `${known} of ${words} in the last sample (${Math.round(100 * share)}%) occur in the text`],
  ];
}

const LOOKED_AT = 200_000;

/** A word to begin with: what most lines of the text begin with. Undefined when there is no such word. */
export function suggestPrime(corpus: TextCorpus): string | undefined {
  const text = corpus.text(0, Math.min(LOOKED_AT, corpus.characters));
  const times = new Map<string, number>();
  for (const [, word] of text.matchAll(/^[ \t]*([\p{L}\p{M}]{3,12} )/gmu)) {
    times.set(word, (times.get(word) ?? 0) + 1);
  }
  const [commonest] = [...times].sort(([, a], [, b]) => b - a);
  return commonest?.[0];
}

/** ` (1.234 per character)`, where symbols are no characters. */
function perCharacter({ metrics }: Measured): string {
  return metrics.natsPerChar === undefined ? "" : ` (${nats(metrics.natsPerChar)} per character)`;
}

export const VIEW: TaskView<TextSettings, TextData, LanguageModelConfig, TextFacts> = {
  data: describeData,
  startEvent: ({ unknownShares }) =>
    unknownShares === undefined ? {} : { unknownShare: unknownShares.train },
  model({ cell, layers, hidden, embedding, tied }, cellName) {
    const size = `${layers} layer${layers === 1 ? "" : "s"} of ${hidden}`;
    const vectors = embedding === 0 ? "" : `, on ${tied ? "tied " : ""}vectors of ${embedding}`;
    return `${cellName ?? cell.toUpperCase()}, ${size}${vectors}`;
  },
  toBeat(shown) {
    const unit = unitOf(shown);
    const loss = `${nats(trigramOf(shown.baselines))} nats per ${unit}`;
    return [
      ["to beat", `${loss}: a trigram, which sees two ${unit}s back`],
      ["", `(nats: mean of -ln p of the right ${unit}; lower is better)`],
    ];
  },
  validation: ({ loss }, shown) => ({ text: nats(loss), ...against(loss, shown) }),
  result: (measured, shown) => ({
    text: `${nats(measured.loss)} nats per ${unitOf(shown)}${perCharacter(measured)}`,
    ...against(measured.loss, shown),
  }),
  ending: countKnownWords,
  next({ data, paths }, folder) {
    const prime = suggestPrime(corpusOf(data));
    const input = paths.includes("-") ? " < TEXT" : "";
    return [
      `npx unrolled sample ${folder}${prime === undefined ? "" : ` --prime "${prime}"`}`,
      `npx unrolled eval ${folder}${input}`,
    ];
  },
  chartBaselines: (baselines) => [
    { name: `trigram ${nats(trigramOf(baselines))}`, loss: trigramOf(baselines) },
  ],
  figures(best, shown) {
    const perUnit = `nats per ${unitOf(shown)}`;
    const trigram = nats(trigramOf(shown.baselines));
    return [
      ...(best === undefined
        ? []
        : [{ name: "perplexity", value: nats(Math.exp(best.loss)), about: PERPLEXITY }]),
      { name: "trigram", value: trigram, about: `${perUnit}: the loss to beat` },
    ];
  },
  terms: [
    {
      term: "trigram",
      meaning:
        "What there is to beat: a table that predicts each character from the two before it, by counting triples in the training text (mixed with pairs and single characters where a triple is rare).",
    },
    {
      term: "perplexity",
      meaning:
        "e to the power of the nats: a model with perplexity 5 is as unsure as one that chooses among 5 equally likely characters.",
    },
  ],
  scoreTable({ loss, metrics, items }, unit, baselines) {
    const { bitsPerChar, natsPerChar, perplexity, unknownShare } = metrics;
    const rows: [string, string, string][] = [
      [`nats per ${unit}`, nats(loss), `mean of -ln p of the right ${unit}; lower is better`],
    ];
    if (natsPerChar !== undefined) rows.push(["nats per character", nats(natsPerChar), ""]);
    rows.push(["bits per character", nats(bitsPerChar), "nats / ln 2"]);
    const name = natsPerChar === undefined ? "perplexity" : `perplexity per ${unit}`;
    rows.push([name, nats(perplexity), PERPLEXITY], [`${unit}s`, count(items), ""]);
    if (unknownShare !== undefined) rows.push(["unknown", `${percent(unknownShare)} of the ${unit}s`, ""]);
    if (baselines.length > 0) {
      const trigram = trigramOf(baselines);
      const about = `what counting triples reaches; the model is ${comparison(loss, trigram)} it`;
      rows.push(["trigram", nats(trigram), about]);
    }
    return rows;
  },
};

/** What a trained model writes for texts, and for files of them. */
import { escapeControl } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { Turns } from "../../core/job.ts";
import { UNKNOWN } from "../../core/symbols.ts";
import type { DataFile } from "../../data/data-source.ts";
import { readPairs } from "../../data/read-pairs.ts";
import type { BeamResult, Hypothesis } from "../../decode/beam-sentence.ts";
import type { BeamTree } from "../../decode/beam-tree.ts";
import { decodeLines } from "../../io/decode-text.ts";
import type { Seq2Seq } from "../../models/seq2seq.ts";
import type { Seq2SeqConfig } from "../../models/seq2seq-config.ts";
import type { Alignment } from "../../render/alignment.ts";
import { alignmentPart, describeAlignment } from "../../render/svg-alignment.ts";
import { beamTreePart } from "../../render/svg-beam-tree.ts";
import { svgPage } from "../../render/svg-page.ts";
import { terminalAlignment } from "../../render/terminal-alignment.ts";
import type { TranslatePrediction } from "../predictions.ts";
import type { Prediction, PredictionInput, TrainedModel } from "../task.ts";
import { batchesOf, completeSearch, limitOf, type Search, searchBatch, textOf } from "./decode.ts";
import type { TranslateSettings } from "./defaults.ts";
import { type TranslateFacts, tokensOf } from "./facts.ts";

type Trained = TrainedModel<TranslateSettings, Seq2SeqConfig, TranslateFacts, Seq2Seq>;

/** What a picture needs of a prediction, besides what its JSON says. */
interface Drawn {
  readonly alignment: Alignment | undefined;
  readonly tree: BeamTree | undefined;
  /** The symbol of an id, for the tree. */
  symbol(id: number): string;
}

const drawn = new WeakMap<Prediction, Drawn>();

/** A text to translate. */
interface Asked {
  readonly text: string;
  /** The translation that a file gives. */
  readonly expected?: string;
}

/** A text as the model reads it. */
interface Source extends Asked {
  readonly ids: Int32Array;
  /** One for each id. */
  readonly pieces: readonly string[];
  readonly isCut: boolean;
}

/** One input after the other, so that whoever asks one by one is answered at once. */
export async function* predict(
  trained: Trained,
  inputs: AsyncIterable<PredictionInput>,
): AsyncIterable<Prediction> {
  const search = completeSearch(trained.search ?? {}, trained.model);
  for await (const { name, text } of inputs) {
    const [prediction] = await translateTexts(trained, [{ text }], search, true);
    yield text.trim() === "" ? { ...prediction, text: `${name}: nothing to translate` } : prediction;
  }
}

/** Lines that are held at once: they are searched in batches of similar length, and come out in their order. */
const WINDOW = 256;

/** A translation for each line, an empty one for an empty line; of a file of pairs for each source. */
export async function* predictFile(
  trained: Trained,
  file: DataFile,
  hooks: LoadHooks,
): AsyncIterable<Prediction> {
  const search = completeSearch(trained.search ?? {}, trained.model);
  const asked = await readAsked(trained.facts, file, hooks);
  const turns = new Turns(hooks.signal);
  const counts = { empty: 0, cut: 0, open: 0 };
  for (let from = 0; from < asked.length; from += WINDOW) {
    const window = asked.slice(from, from + WINDOW);
    for (const prediction of await translateTexts(trained, window, search, false)) {
      const { notes = [] } = prediction.json as unknown as TranslatePrediction;
      if (notes.includes(NOTES.empty)) counts.empty++;
      if (notes.includes(NOTES.cut)) counts.cut++;
      if (notes.includes(NOTES.open)) counts.open++;
      yield prediction;
    }
    if (turns.isDue) await turns.take();
  }
  const name = escapeControl(file.name);
  const some = (count: number, what: string) => `${name}: ${count} ${count === 1 ? "line" : "lines"} ${what}`;
  if (counts.empty > 0) hooks.onNote(some(counts.empty, "without text, whose translation is empty"));
  if (counts.cut > 0) {
    hooks.onNote(some(counts.cut, `cut to the ${trained.facts.maxLength} symbols that this model reads`));
  }
  if (counts.open > 0) hooks.onNote(some(counts.open, "whose translation did not end: --max-length"));
}

/** Whether a file holds pairs, as its name says. */
const PAIRS = /\.(tsv|csv|jsonl|ndjson|json)$/i;

async function readAsked(
  { sourceColumn, targetColumn }: TranslateFacts,
  file: DataFile,
  hooks: LoadHooks,
): Promise<Asked[]> {
  if (!PAIRS.test(file.name)) {
    return Array.from(decodeLines(await file.read(), escapeControl(file.name)), (text) => ({ text }));
  }
  const source = {
    description: file.name,
    paths: [],
    listFiles: async () => [file],
    readText: () => Promise.reject(new Error("only files are read")),
  };
  const { sources, targets } = await readPairs(source, { sourceColumn, targetColumn }, hooks);
  return sources.map((text, index) => ({ text, expected: targets[index] }));
}

const NOTES = {
  empty: "there is no text, so the translation is empty",
  cut: "the source is longer than the model reads, and cut",
  open: "the translation did not end within the limit",
} as const;

function sourceOf(asked: Asked, facts: TranslateFacts): Source {
  const tokens = tokensOf(facts).source;
  const [all, pieces] = [tokens.encode(asked.text), tokens.split(asked.text)];
  const isCut = all.length > facts.maxLength;
  const ids = all.slice(0, facts.maxLength);
  return {
    ...asked,
    ids: facts.reverseSource ? ids.reverse() : ids,
    pieces: isCut || facts.reverseSource ? inOrder(pieces.slice(0, facts.maxLength), facts) : pieces,
    isCut,
  };
}

const inOrder = (pieces: string[], { reverseSource }: TranslateFacts): string[] =>
  reverseSource ? pieces.reverse() : pieces;

/** @param trace whether pictures may be asked for */
async function translateTexts(
  trained: Trained,
  asked: readonly Asked[],
  search: Search,
  trace: boolean,
): Promise<Prediction[]> {
  const sources = asked.map((one) => sourceOf(one, trained.facts));
  const limit = (length: number) => search.maxLength ?? limitOf(length);
  const filled = [...sources.keys()].filter((index) => sources[index].ids.length > 0);
  const lengths = filled.map((index) => sources[index].ids.length);
  const results = new Map<number, BeamResult>();
  for (const places of batchesOf(lengths, limit)) {
    const own = places.map((place) => filled[place]);
    const most = limit(sources[own[0]].ids.length);
    const found = await searchBatch(
      trained,
      own.map((index) => sources[index].ids),
      most,
      search,
      trace && search.beam > 1,
    );
    for (const [row, index] of own.entries()) results.set(index, found[row]);
  }
  return sources.map((source, index) => predictionOf(trained, source, results.get(index), search));
}

function predictionOf(
  { facts }: Trained,
  source: Source,
  result: BeamResult | undefined,
  search: Search,
): Prediction {
  const { target } = tokensOf(facts);
  const input = source.text.trim();
  const expected = source.expected === undefined ? {} : { expected: source.expected };
  if (result === undefined) {
    const json = { input, translation: "", notes: [NOTES.empty], ...expected } satisfies TranslatePrediction;
    return { text: `${input}\t`, json };
  }
  const pieces = search.copyUnknown ? source.pieces : undefined;
  const found = result.hypotheses.map((hypothesis) => ({
    translation: textOf(hypothesis, target, pieces),
    ...pickScores(hypothesis),
  }));
  const [best] = found;
  const notes = [...(source.isCut ? [NOTES.cut] : []), ...(best.ended ? [] : [NOTES.open])];
  const unknown = source.pieces.filter((_, at) => source.ids[at] === UNKNOWN);
  const alignment = alignmentOf(result.hypotheses[0], source.pieces, facts);
  const json = {
    input,
    ...best,
    ...(search.best > 1 && { hypotheses: found }),
    ...(unknown.length > 0 && { unknown }),
    ...(alignment && { alignment }),
    ...(notes.length > 0 && { notes }),
    ...expected,
  } satisfies TranslatePrediction;
  const shown = search.best > 1 ? found.map(describeScored) : [best.translation];
  const prediction: Prediction = {
    text: [input, ...shown, ...notes.map((note) => `(${note})`)].join("\t"),
    json,
    ...(alignment && {
      drawing: (options) => terminalAlignment(alignment, options),
    }),
  };
  drawn.set(prediction, { alignment, tree: result.tree, symbol: (id) => target.symbol(id) });
  return prediction;
}

const pickScores = ({ score, logProbability, ended }: Hypothesis) => ({ score, logProbability, ended });

const describeScored = ({ translation, score }: { translation: string; score: number }): string =>
  `${translation} (${score.toFixed(3)})`;

/** Digits of a weight in JSON and pictures. */
const DIGITS = 1e4;

/** With the symbols of the source in the order of the text, whichever way the model reads it. */
function alignmentOf({ symbols, weights }: Hypothesis, read: readonly string[], facts: TranslateFacts) {
  if (weights === undefined) return undefined;
  const { target } = tokensOf(facts);
  const order = <Value>(values: Value[]) => (facts.reverseSource ? values.reverse() : values);
  return {
    source: order([...read]),
    target: Array.from(symbols, (id) => target.symbol(id)),
    weights: weights.map((row) => order(read.map((_, at) => Math.round(DIGITS * row[at]) / DIGITS))),
  } satisfies Alignment;
}

/** Inputs of a picture, of which the search of the first is drawn, too. */
const MOST_DRAWN = 20;

/** What some sources were attended to, and what the search of the first one considered. */
export function drawPredictions(predictions: readonly Prediction[]): string {
  const shown = predictions.slice(0, MOST_DRAWN);
  const parts = shown.flatMap((prediction, index) => {
    const found = drawn.get(prediction);
    const { input, translation } = prediction.json as unknown as TranslatePrediction;
    const heading = `${input} → ${translation}`;
    const matrix = found?.alignment && alignmentPart(found.alignment, { heading });
    const tree = index === 0 ? found?.tree : undefined;
    const nodes = tree?.nodes.map((node) => ({ ...node, text: found!.symbol(node.symbol) }));
    return [
      ...(matrix === undefined ? [] : [matrix]),
      ...(nodes === undefined ? [] : [beamTreePart(nodes, `The search for: ${input}`)]),
    ];
  });
  const described = shown.map((prediction) => {
    const { input, translation } = prediction.json as unknown as TranslatePrediction;
    const alignment = drawn.get(prediction)?.alignment;
    return `${input}: ${translation}.${alignment === undefined ? "" : ` ${describeAlignment(alignment)}`}`;
  });
  return svgPage(parts, `Translations of ${predictions.length}`, described.join(" "));
}

/** What a trained model writes for texts, and for files of them. */
import { escapeControl, InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { Turns } from "../../core/job.ts";
import { END, UNKNOWN } from "../../core/symbols.ts";
import type { DataFile } from "../../data/data-source.ts";
import { readPairs } from "../../data/read-pairs.ts";
import type { BeamResult, Hypothesis } from "../../decode/beam-sentence.ts";
import { decodeLines } from "../../io/decode-text.ts";
import type { Seq2Seq } from "../../models/seq2seq.ts";
import type { Seq2SeqConfig } from "../../models/seq2seq-config.ts";
import type { AttentionMatrix } from "../../render/attention.ts";
import type { BeamPictureData } from "../../render/beam-picture.ts";
import { svgAttention } from "../../render/svg-attention.ts";
import { svgBeamTree } from "../../render/svg-beam-tree.ts";
import { svgStack } from "../../render/svg-stack.ts";
import { terminalAttention } from "../../render/terminal-attention.ts";
import { terminalBeamTree } from "../../render/terminal-beam-tree.ts";
import type { TranslatePrediction } from "../predictions.ts";
import type { Prediction, PredictionInput, TrainedModel } from "../task.ts";
import type { DrawingOptions } from "../view.ts";
import { batchesOf, completeSearch, limitOf, type Search, searchBatch, textOf } from "./decode.ts";
import type { TranslateSettings } from "./defaults.ts";
import { type TranslateFacts, tokensOf } from "./facts.ts";

type Trained = TrainedModel<TranslateSettings, Seq2SeqConfig, TranslateFacts, Seq2Seq>;

/** What a picture needs of a prediction, besides what its JSON says. */
interface Drawn {
  readonly alignment: AttentionMatrix | undefined;
  readonly tree: BeamPictureData | undefined;
  /** Whether a terminal shows the tree: where somebody has said how to search, or there is nothing else. */
  readonly showsTree: boolean;
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
  for await (const { name, text, frames } of inputs) {
    if (frames !== undefined) throw new InputError(`${name}: the model reads texts, and no numbers`);
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
  tellCounts(counts, escapeControl(file.name), trained.facts.maxLength, hooks);
}

function tellCounts(
  { empty, cut, open }: { readonly empty: number; readonly cut: number; readonly open: number },
  name: string,
  maxLength: number,
  { onNote }: LoadHooks,
): void {
  const lines = (count: number) => `${count} ${count === 1 ? "line" : "lines"}`;
  if (empty > 0) onNote(`${name}: ${lines(empty)} without text, whose translation is empty`);
  if (cut > 0) onNote(`${name}: ${lines(cut)} cut to the ${maxLength} symbols that this model reads`);
  if (open > 0) onNote(`${name}: ${lines(open)} whose translation did not end: --max-length`);
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
    drawing: (options) => drawInTerminal(drawn.get(prediction)!, options),
  };
  drawn.set(prediction, {
    alignment,
    tree: result.tree && { nodes: result.tree.nodes, name: (id) => target.symbol(id) },
    showsTree: search.isAsked || alignment === undefined,
  });
  return prediction;
}

function drawInTerminal({ alignment, tree, showsTree }: Drawn, { columns, unicode }: DrawingOptions) {
  const matrix = alignment === undefined ? [] : terminalAttention(alignment, { columns, unicode });
  const lines = tree === undefined || !showsTree ? [] : terminalBeamTree(tree, { columns, unicode });
  return matrix.length > 0 && lines.length > 0 ? [...matrix, "", ...lines] : [...matrix, ...lines];
}

const pickScores = ({ score, logProbability, ended }: Hypothesis) => ({ score, logProbability, ended });

const describeScored = ({ translation, score }: { translation: string; score: number }): string =>
  `${translation} (${score.toFixed(3)})`;

/** Digits of a weight in JSON and pictures. */
const DIGITS = 1e4;

/** With the symbols of the source in the order of the text, whichever way the model reads it. */
function alignmentOf(
  { symbols, weights, ended }: Hypothesis,
  read: readonly string[],
  facts: TranslateFacts,
) {
  if (weights === undefined) return undefined;
  const { target } = tokensOf(facts);
  const order = <Value>(values: Value[]) => (facts.reverseSource ? values.reverse() : values);
  return {
    source: order([...read]),
    target: [...symbols, ...(ended ? [END] : [])].map((id) => target.symbol(id)),
    weights: weights.map((row) => order(read.map((_, at) => Math.round(DIGITS * row[at]) / DIGITS))),
  } satisfies AttentionMatrix;
}

/** Inputs of a picture, of which the search of the first is drawn, too. */
const MOST_DRAWN = 20;

/** What the translations were written from, and what the search of the first one considered. */
export function drawPredictions(predictions: readonly Prediction[]): string {
  const pictures = predictions.slice(0, MOST_DRAWN).flatMap((prediction, index) => {
    const { alignment, tree } = drawn.get(prediction) ?? {};
    const { input, translation } = prediction.json as unknown as TranslatePrediction;
    const subject = `${input} → ${translation}`;
    return [
      ...(alignment === undefined ? [] : [svgAttention(alignment, { subject })]),
      ...(tree === undefined || index > 0 ? [] : [svgBeamTree(tree, { subject: input })]),
    ];
  });
  if (pictures.length > 0) return svgStack(pictures, `Translations of ${predictions.length}`);
  throw new InputError("there is no picture of these translations", {
    hint: "give one --text with a --beam above 1, or use a model with attention",
  });
}

/** What a classifier takes over of a language model: `--from`. */
import { InputError } from "../../core/errors.ts";
import { tokenizerFromJSON } from "../../data/tokenizer-json.ts";
import type { Vocabulary } from "../../data/vocabulary.ts";
import { WordTokenizer } from "../../data/word-tokenizer.ts";
import type { LanguageModelConfig } from "../../models/language-model-config.ts";
import { startFromLanguageModel } from "../../models/language-model-start.ts";
import { count } from "../../render/numbers.ts";
import type { AdoptedWeights, ForeignWeights } from "../task.ts";
import { type ClassifySettings, isNamedCell } from "./defaults.ts";
import { type ClassifyFacts, FIRST_INPUT } from "./facts.ts";

/**
 * A language model's symbols, its embedding, and as many of its recurrent layers as a classifier of the chosen settings has
 * in the same form: all of them where nothing else was chosen, the forward direction of the first where the classifier reads
 * in both directions (the layers above then read twice as many features), and none where the cell or the number of units is
 * another.
 * @returns undefined for weights of another task than `text`
 * @throws InputError for a language model whose symbols a classifier does not have
 */
export function adopt({
  task,
  config,
  facts,
  tensors,
  where,
  chosen,
}: ForeignWeights<ClassifySettings>): AdoptedWeights<ClassifySettings, ClassifyFacts> | undefined {
  if (task !== "text") return undefined;
  const model = config as LanguageModelConfig;
  const { cell, hidden, embedding } = model;
  const { tokens, vocabulary, rowsOf } = symbolsOf(facts, where);
  const layers = layersTaken(model, chosen);
  // A cell of one's own has the layers and the direction that it had.
  const { layers: built = model.layers, bidirectional = false } = cell === "own" ? {} : chosen;
  // With another number of units alone it is the same cell.
  const kept = cell === "own" ? { cell, bidirectional } : { cell };
  const anew = chosen.cell === undefined ? kept : {};
  const body = layers > 0 ? { cell, hidden, layers: built, bidirectional } : anew;
  return {
    settings: { ...body, embedding, tokens },
    facts: { labels: [], vocabulary, input: { ...FIRST_INPUT, tokens } },
    tensors: (own) => startFromLanguageModel(tensors, model, { rows: rowsOf(own), layers, where }),
    note: describeTaken(model, { symbols: vocabulary.length, tokens, layers, bidirectional }),
  };
}

/** Before them stand the end of a line and the unknown word. */
const FIRST_WORD = 2;

/** The symbols of the language model, and for each id of the classifier the one that it has there. */
function symbolsOf(facts: object, where: string) {
  const tokenizer = tokenizerFromJSON((facts as { vocabulary?: unknown }).vocabulary, where);
  if (tokenizer.kind === "bpe") {
    throw new InputError(
      `${where} is of a language model of byte pairs, and a classifier reads characters or words`,
      {
        hint: "train the language model with --tokens char or word",
      },
    );
  }
  const { kind: tokens } = tokenizer;
  const isOfWords = tokenizer instanceof WordTokenizer;
  const vocabulary = isOfWords ? tokenizer.words.slice(FIRST_WORD) : (tokenizer as Vocabulary).characters;
  const first = isOfWords ? FIRST_WORD : 0;
  // Behind them the classifier has words of its own, and the unknown symbol as its last.
  const unknown = isOfWords ? tokenizer.unknownId : -1;
  const rowsOf = ({ vocabulary: own = [] }: ClassifyFacts) =>
    Int32Array.from({ length: own.length + 1 }, (_, id) => (id < vocabulary.length ? id + first : unknown));
  return { tokens, vocabulary, rowsOf };
}

/** Layers of the language model, from the first on, that the classifier can have. */
function layersTaken(model: LanguageModelConfig, chosen: Partial<ClassifySettings>): number {
  const { hidden = model.hidden, layers = model.layers, bidirectional = false } = chosen;
  const cell = chosen.cell === undefined || isNamedCell(chosen.cell) ? chosen.cell : "own";
  const isSame = (cell ?? model.cell) === model.cell && hidden === model.hidden;
  // Symbols without vectors: nothing is left to take, so the options that do not fit are refused.
  if (!isSame && model.embedding > 0) return 0;
  if (model.cell === "own") return model.layers;
  return bidirectional ? 1 : Math.min(layers, model.layers);
}

/** In words, for the person who trains. */
function describeTaken(
  { cell, layers: all, embedding }: LanguageModelConfig,
  taken: { symbols: number; tokens: "char" | "word"; layers: number; bidirectional: boolean },
): string {
  const { symbols, tokens, layers, bidirectional } = taken;
  const one = tokens === "word" ? "word" : "character";
  const known = `${count(symbols)} ${one}${symbols === 1 ? "" : "s"}`;
  const vectors = embedding > 0 ? `${known} with their vectors of ${embedding}` : known;
  const kind = cell === "own" ? "recurrent" : cell.toUpperCase();
  const part =
    layers === 0
      ? ""
      : bidirectional
        ? ` and the first ${kind} layer, for the forward direction`
        : layers === all
          ? ` and ${all === 1 ? "the" : `all ${all}`} ${kind} layer${all === 1 ? "" : "s"}`
          : ` and the first ${layers} of ${all} ${kind} layers`;
  return `taken from the language model: ${vectors}${part}; everything else starts at random`;
}

/** What a classifier starts from: vectors of words from a file, or a language model. */
import { escapeControl, InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import type { Items } from "../../data/items.ts";
import { textOf } from "../../data/labelled-lines.ts";
import { type LineWords, splitWords } from "../../data/line-words.ts";
import { sharedFloats } from "../../data/shared-arrays.ts";
import { tokenizerFromJSON } from "../../data/tokenizer-json.ts";
import type { Vocabulary } from "../../data/vocabulary.ts";
import { WordTokenizer } from "../../data/word-tokenizer.ts";
import { parseWordVectors, type WordVectors } from "../../io/word-vectors.ts";
import type { LanguageModelConfig } from "../../models/language-model-config.ts";
import { startFromLanguageModel } from "../../models/language-model-start.ts";
import type { SequenceClassifier } from "../../models/sequence-classifier.ts";
import type { AdoptedWeights, ForeignWeights, LoadRequest } from "../task.ts";
import type { ClassifySettings } from "./defaults.ts";
import { type ClassifyFacts, FIRST_INPUT } from "./facts.ts";

/** Vectors of some words. */
export interface WordStart {
  readonly ids: Int32Array;
  /** [ids, width] */
  readonly values: Float32Array;
  readonly width: number;
}

/** The vectors of a file for the words of the training part, where a new run is to start from some. */
export async function readVectors(
  lines: Items<Int32Array>,
  request: LoadRequest<ClassifySettings, ClassifyFacts>,
  { embeddings, embedding }: ClassifySettings,
  hooks: LoadHooks,
): Promise<WordVectors | undefined> {
  if (embeddings === null || request.known !== undefined) return undefined;
  const words = new Set<string>();
  for (let index = 0; index < lines.count; index++) {
    for (const word of splitWords(textOf(lines.item(index)))) words.add(word);
  }
  hooks.onProgress(`reading ${embeddings}`, 0, null);
  if (request.file === undefined) {
    throw new InputError(`the file ${escapeControl(embeddings)} cannot be read here`, {
      hint: "leave embeddings out",
    });
  }
  const [file] = await request.file(embeddings).listFiles(hooks);
  const read = parseWordVectors(await file.read(), { name: file.name, words });
  if (read.vectors.size === 0) {
    throw new InputError(`${escapeControl(embeddings)} has a vector for none of the ${words.size} words`, {
      hint: "name vectors of the language of the texts; words are looked for in lower case",
    });
  }
  if (request.isChosen("embedding") && embedding !== read.width) {
    throw new InputError(
      `--embedding ${embedding} is not the ${read.width} numbers of the vectors in ${escapeControl(embeddings)}`,
      { hint: "leave --embedding out" },
    );
  }
  return read;
}

/** The vectors by the ids of their words. */
export function startOf({ vectors, width }: WordVectors, { words }: LineWords): WordStart {
  const known = [...words.keys()].filter((id) => vectors.has(words[id]));
  const values = sharedFloats(known.length * width);
  for (const [row, id] of known.entries()) values.set(vectors.get(words[id])!, row * width);
  return { ids: Int32Array.from(known), values, width };
}

/** Words that have a vector in a file start from it. */
export function startWords({ embedding }: SequenceClassifier, vectors: WordStart | undefined): void {
  if (embedding === undefined || vectors === undefined) return;
  const { ids: words, values, width } = vectors;
  for (const [row, id] of words.entries()) {
    embedding.weight.view([width], id * width).write(values.subarray(row * width, (row + 1) * width));
  }
}

/**
 * A language model's embedding and recurrent layers, and its symbols.
 * @throws InputError for one whose symbols a classifier does not have
 */
export function adopt({
  task,
  config,
  facts,
  tensors,
  where,
}: ForeignWeights): AdoptedWeights<ClassifySettings, ClassifyFacts> | undefined {
  if (task !== "text") return undefined;
  const model = config as LanguageModelConfig;
  const { cell, hidden, layers, embedding } = model;
  const tokenizer = tokenizerFromJSON((facts as { vocabulary?: unknown }).vocabulary, where);
  if (tokenizer.kind === "bpe") {
    throw new InputError(
      `${where} is of a language model of byte pairs, and a classifier reads characters or words`,
      {
        hint: "train the language model with --tokens char or word",
      },
    );
  }
  const vocabulary =
    tokenizer instanceof WordTokenizer
      ? tokenizer.words.slice(FIRST_WORD)
      : (tokenizer as Vocabulary).characters;
  const first = tokenizer instanceof WordTokenizer ? FIRST_WORD : 0;
  // The unknown symbol of a classifier is its last.
  const unknown = tokenizer instanceof WordTokenizer ? tokenizer.unknownId : -1;
  const rows = Int32Array.from([...vocabulary.map((_, id) => id + first), unknown]);
  const { kind: tokens } = tokenizer;
  return {
    settings: { cell, hidden, layers, embedding, bidirectional: false, tokens },
    facts: { labels: [], vocabulary, input: { ...FIRST_INPUT, tokens } },
    tensors: startFromLanguageModel(tensors, model, rows, where),
  };
}

/** Before them stand the end of a line and the unknown word. */
const FIRST_WORD = 2;

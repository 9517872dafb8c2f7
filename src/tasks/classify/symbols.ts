/** The symbols of a classifier of texts: of its data, of the weights that it starts from, or of both. */
import type { LoadHooks } from "../../core/hooks.ts";
import type { Items } from "../../data/items.ts";
import { type LineTokens, lineTokensOf } from "../../data/line-tokens.ts";
import { LineWords } from "../../data/line-words.ts";
import { count } from "../../render/numbers.ts";
import type { LoadRequest } from "../task.ts";
import type { ClassifySettings } from "./defaults.ts";
import { type ClassifyFacts, type NumberInput, type TextInput, tokensOf } from "./facts.ts";

export type ClassifyRequest = LoadRequest<ClassifySettings, ClassifyFacts>;

/** The facts of a classifier that goes on. Weights of a language model bring a vocabulary and no labels. */
export function classifierOf({ known }: ClassifyRequest): ClassifyFacts | undefined {
  return known !== undefined && known.facts.labels.length > 0 ? known.facts : undefined;
}

/**
 * The symbols of a model of texts. Those of a classifier that goes on are its own; words of a language model get those of
 * the training part behind them, so that words which decide about labels are not unknown because they are rare elsewhere.
 * @param lines the training part: code points, as those of `LabelledLines`
 * @param parts `vectors` of words, which are kept though they occur once
 */
export function tokensFor(
  lines: Items<Int32Array>,
  input: TextInput | NumberInput,
  parts: {
    readonly request: ClassifyRequest;
    readonly vectors: ReadonlyMap<string, unknown> | undefined;
    readonly hooks: LoadHooks;
  },
): LineTokens {
  const { request, vectors, hooks } = parts;
  const { known, settings } = request;
  if (known === undefined) {
    const words = { most: settings.vocabSize, known: vectors && new Set(vectors.keys()) };
    return lineTokensOf((input as TextInput).tokens, lines, words);
  }
  const tokens = tokensOf(known.facts);
  if (classifierOf(request) !== undefined || !(tokens instanceof LineWords)) return tokens;
  const extended = tokens.extendedBy(lines, settings.vocabSize);
  const added = extended.size - tokens.size;
  const words = added === 1 ? "word" : "words";
  if (added > 0) {
    hooks.onNote(`the data has ${count(added)} more ${words}, which start as the model's unknown word`);
  }
  return extended;
}

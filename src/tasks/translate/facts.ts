/** What a model needs to translate without its data, and how it is read from a file. */
import { FormatError } from "../../core/errors.ts";
import { SIZE, TEXT } from "../../core/options.ts";
import { type PairTokens, pairTokensFromJSON } from "../../data/pair-tokens.ts";
import { parseSeq2SeqConfig, type Seq2SeqConfig } from "../../models/seq2seq-config.ts";

/** What the field looks at first: BLEU of sentences, of other texts the share that is right from end to end. */
export const JUDGES = ["bleu", "exactMatch"] as const;
export type Judge = (typeof JUDGES)[number];

export interface TranslateFacts {
  /** As `PairTokens.toJSON` writes them. */
  readonly sourceTokens: object;
  /** null: the symbols of the sources. */
  readonly targetTokens: object | null;
  readonly reverseSource: boolean;
  /** Symbols of a source that are read. */
  readonly maxLength: number;
  readonly judgedBy: Judge;
  /** Columns of the files that it was trained on, where they were named. */
  readonly sourceColumn?: string;
  readonly targetColumn?: string;
}

/** The symbols of both sides; the same object where they are shared. */
export interface BothTokens {
  readonly source: PairTokens;
  readonly target: PairTokens;
}

/** Built once for each object of facts: a large vocabulary takes a while. */
const known = new WeakMap<TranslateFacts, BothTokens>();

/** @throws FormatError for facts from a file that describe no symbols */
export function tokensOf(facts: TranslateFacts, where = "the vocabularies"): BothTokens {
  const found = known.get(facts);
  if (found !== undefined) return found;
  const source = pairTokensFromJSON(facts.sourceTokens, `${where}: sourceTokens`);
  const target =
    facts.targetTokens === null ? source : pairTokensFromJSON(facts.targetTokens, `${where}: targetTokens`);
  const tokens = { source, target };
  known.set(facts, tokens);
  return tokens;
}

/** Facts with these symbols. */
export function factsWith(
  tokens: BothTokens,
  others: Omit<TranslateFacts, "sourceTokens" | "targetTokens">,
): TranslateFacts {
  const { source, target } = tokens;
  const facts: TranslateFacts = {
    sourceTokens: source.toJSON(),
    targetTokens: source === target ? null : target.toJSON(),
    ...others,
  };
  known.set(facts, tokens);
  return facts;
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws FormatError */
function parseFacts(read: (name: string) => unknown, where: string): TranslateFacts {
  const [sourceTokens, targetTokens] = [read("sourceTokens"), read("targetTokens")];
  if (!isObject(sourceTokens)) throw new FormatError(where, "sourceTokens must be an object");
  if (targetTokens !== null && !isObject(targetTokens)) {
    throw new FormatError(where, "targetTokens must be an object, or null");
  }
  const reverseSource = read("reverseSource");
  if (typeof reverseSource !== "boolean") throw new FormatError(where, "reverseSource must be true or false");
  const maxLength = read("maxLength");
  if (!SIZE.fits(maxLength)) throw new FormatError(where, `maxLength must be ${SIZE.text}`);
  const judgedBy = JUDGES.find((judge) => judge === read("judgedBy"));
  if (judgedBy === undefined) throw new FormatError(where, `judgedBy must be one of ${JUDGES.join(", ")}`);
  return {
    sourceTokens,
    targetTokens,
    reverseSource,
    maxLength: maxLength as number,
    judgedBy,
    ...columnOf("sourceColumn", read, where),
    ...columnOf("targetColumn", read, where),
  };
}

function columnOf(name: string, read: (name: string) => unknown, where: string) {
  const column = read(name);
  if (column === undefined) return {};
  if (!TEXT.fits(column)) throw new FormatError(where, `${name} must be a text`);
  return { [name]: column as string };
}

/**
 * Model and facts from a file: hostile until checked.
 * @throws FormatError
 */
export function parseTranslator(
  read: (name: string) => unknown,
  where: string,
): { readonly config: Seq2SeqConfig; readonly facts: TranslateFacts } {
  const facts = parseFacts(read, where);
  const config = parseSeq2SeqConfig(read("model"), where);
  const { source, target } = tokensOf(facts, where);
  const isShared = source === target;
  if (
    config.sourceVocabulary !== source.size ||
    config.targetVocabulary !== target.size ||
    config.tieEmbeddings !== isShared
  ) {
    throw new FormatError(where, "the model has other vocabularies than the lists say");
  }
  const { readout, embedding, attention, attentionUnits, hidden } = config;
  if ((readout !== 0 && readout !== embedding) || attentionUnits !== (attention === "none" ? 0 : hidden)) {
    throw new FormatError(where, "readout and attentionUnits must be those of embedding and hidden, or 0");
  }
  return { config, facts };
}

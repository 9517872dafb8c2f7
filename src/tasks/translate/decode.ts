/** How a model writes targets: searches in batches, and the texts of what they find. */
import type { Backend } from "../../backend/backend.ts";
import { scope } from "../../backend/scope.ts";
import { ids } from "../../backend/tensor.ts";
import { InputError } from "../../core/errors.ts";
import { START, UNKNOWN } from "../../core/symbols.ts";
import { idItems } from "../../data/items.ts";
import { largestOf } from "../../data/logits.ts";
import { padItems } from "../../data/padded-items.ts";
import type { PairTokens } from "../../data/pair-tokens.ts";
import { beamSearch } from "../../decode/beam-search.ts";
import type { BeamResult, Hypothesis } from "../../decode/beam-sentence.ts";
import type { Seq2Seq } from "../../models/seq2seq.ts";
import { SEARCH_DEFAULTS, type SearchOptions } from "../search-options.ts";

/** A search with everything said. */
export interface Search {
  readonly beam: number;
  readonly best: number;
  readonly lengthPenalty: number;
  /** Symbols of a target at most; undefined: as {@link limitOf} says. */
  readonly maxLength: number | undefined;
  readonly copyUnknown: boolean;
  /** Whether somebody has said how many hypotheses are kept or shown. */
  readonly isAsked: boolean;
}

/** The likeliest symbol at each step. */
export const GREEDY: Search = {
  beam: 1,
  best: 1,
  lengthPenalty: 0,
  maxLength: undefined,
  copyUnknown: false,
  isAsked: false,
};

/** @throws InputError for a model that cannot do what is asked for */
export function completeSearch(options: SearchOptions, model: Seq2Seq): Search {
  const {
    beam = SEARCH_DEFAULTS.beam,
    best = SEARCH_DEFAULTS.best,
    maxLength,
    copyUnknown = false,
  } = options;
  const { lengthPenalty = SEARCH_DEFAULTS.lengthPenalty } = options;
  if (copyUnknown && model.config.attention === "none") {
    throw new InputError("--copy-unknown needs a model with attention, which says what to copy", {
      hint: "leave --copy-unknown out, or train with --attention additive",
    });
  }
  const isAsked = options.beam !== undefined || options.best !== undefined;
  return { beam, best, lengthPenalty, maxLength, copyUnknown, isAsked };
}

/** Sources of similar length have one limit, so that they can be searched together. */
const LENGTH_STEP = 16;

/** Symbols that are written for a source of so many at most, the end among them: twice as many and 50, rounded up. */
export function limitOf(length: number): number {
  return 2 * LENGTH_STEP * Math.ceil(length / LENGTH_STEP) + 50;
}

/** Sources of a batch, and their symbols with padding, so that a batch fits in memory. */
const ROWS = 64;
const MOST_SYMBOLS = 2 ** 14;

/** Which sources are searched together: those of one limit, each in one batch, so that no result depends on the others. */
export function batchesOf(lengths: ArrayLike<number>, limit: (length: number) => number): number[][] {
  const groups = new Map<number, number[][]>();
  for (let index = 0; index < lengths.length; index++) {
    const own = limit(lengths[index]);
    const batches = groups.get(own) ?? [];
    groups.set(own, batches);
    const last = batches.at(-1);
    const rows = Math.min(ROWS, Math.max(1, Math.floor(MOST_SYMBOLS / longestOf(lengths[index]))));
    if (last !== undefined && last.length < rows) last.push(index);
    else batches.push([index]);
  }
  return [...groups].sort(([one], [other]) => one - other).flatMap(([, batches]) => batches);
}

const longestOf = (length: number): number => LENGTH_STEP * Math.ceil(length / LENGTH_STEP);

/**
 * Search the targets of some sources side by side.
 * @param sources ids of each, at least one symbol
 * @param maxLength symbols of a target at most, for all of them
 * @param trace whether the results have the tree of the search
 */
export async function searchBatch(
  { model, backend }: { readonly model: Seq2Seq; readonly backend: Backend },
  sources: readonly Int32Array[],
  maxLength: number,
  { beam, best, lengthPenalty, copyUnknown }: Search,
  trace = false,
): Promise<BeamResult[]> {
  const all = padItems(idItems(sources), [...sources.keys()]);
  const decoder = scope(
    () => model.decoder(model.encode(ids(all.values, [all.rows, all.time]), { lengths: all.lengths })),
    backend,
  );
  try {
    // START is no symbol of a target; an unknown one says nothing unless it is replaced.
    const forbidden = copyUnknown ? [START] : [START, UNKNOWN];
    return await beamSearch(decoder, {
      width: beam,
      nBest: best,
      lengthPenalty,
      maxLength,
      forbidden,
      trace,
    });
  } finally {
    decoder.close();
  }
}

/**
 * The text of what was found.
 * @param pieces of the source as the model reads it, of which unknown symbols are copies (Luong et al. 2015, "Addressing
 * the rare word problem in neural machine translation"); undefined: none are made
 */
export function textOf(
  { symbols, weights }: Hypothesis,
  target: PairTokens,
  pieces: readonly string[] | undefined,
): string {
  if (pieces === undefined || weights === undefined) return target.decode(symbols);
  const copies = Array.from(symbols, (id, at) =>
    id === UNKNOWN ? pieces[largestOf(weights[at], 0, pieces.length)] : undefined,
  );
  return target.decode(symbols, copies);
}

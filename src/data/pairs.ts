/** Pairs of sentences: what `translate` learns from, wherever the pairs come from. */
import { InputError, type Job, runJob } from "../core/index.ts";
import { checkValue, listOfAny, optional, refuseOthers, TEXT } from "../core/options.ts";
import { keyOfText } from "./item-keys.ts";
import { normalizeLine } from "./labelled-lines.ts";
import { Sha256 } from "./sha256.ts";
import { groupedSplit, type ItemSplit } from "./splits.ts";

/** Sentences and their translations, or any other texts and what they are to become. Neither side is ever empty. */
export interface SentencePairs {
  /** In normal form C of Unicode, without white space at their ends. */
  readonly sources: readonly string[];
  /** One for each source. */
  readonly targets: readonly string[];
  /** Pairs of one group are all trained on or all validated on. Undefined: those whose sources read alike. */
  readonly groups: readonly string[] | undefined;
  /** Pairs that were left out because a side was empty. */
  readonly empty: number;
  /** SHA-256 of all pairs in their order: 64 hexadecimal digits. */
  readonly fingerprint: string;
}

export interface SentencePairsOptions {
  /** The group of each pair; see {@link SentencePairs.groups}. */
  readonly groups?: readonly string[];
}

/** A line of more UTF-16 units is no sentence, but a file without line ends. */
export const MAX_SENTENCE = 1_000_000;

const TEXTS = listOfAny(TEXT, "a list of texts");

/** Pairs that are looked at between two pauses of a job. */
const PAUSE = 1024;

/**
 * Pairs of a program. Pairs with an empty side are left out and counted.
 * @param targets one for each source
 * @throws InputError for lists of different lengths, a text of more than 1,000,000 characters, and without a single pair
 */
export function sentencePairs(
  sources: readonly string[],
  targets: readonly string[],
  options: SentencePairsOptions = {},
): SentencePairs {
  return runJob(sentencePairsJob(sources, targets, options));
}

/** {@link sentencePairs} as a job. */
export function* sentencePairsJob(
  sources: readonly string[],
  targets: readonly string[],
  options: SentencePairsOptions = {},
): Job<SentencePairs> {
  refuseOthers("sentencePairs", { groups: 0 }, options);
  const { groups } = options;
  checkValue("sentencePairs: sources", TEXTS, sources);
  checkValue("sentencePairs: targets", TEXTS, targets);
  checkValue("sentencePairs: groups", optional(TEXTS), groups);
  requireOneEach(sources.length, targets.length, "targets");
  if (groups !== undefined) requireOneEach(sources.length, groups.length, "groups");
  const kept: { sources: string[]; targets: string[]; groups: string[] } = {
    sources: [],
    targets: [],
    groups: [],
  };
  const hasher = new Sha256();
  const encoder = new TextEncoder();
  let pending = "";
  for (let index = 0; index < sources.length; index++) {
    const [source, target] = [sideOf(sources, index, "source"), sideOf(targets, index, "target")];
    if (source !== "" && target !== "") {
      const group = groups?.[index] ?? "";
      kept.sources.push(source);
      kept.targets.push(target);
      if (groups !== undefined) kept.groups.push(group);
      pending += `${source.length} ${target.length} ${group.length}\n${source}${target}${group}`;
    }
    if (index % PAUSE !== 0) continue;
    hasher.update(encoder.encode(pending));
    pending = "";
    yield;
  }
  hasher.update(encoder.encode(pending));
  if (kept.sources.length === 0) {
    throw new InputError("there is no pair with a source and a target that are more than white space", {
      hint: "give at least one pair with text on both sides",
    });
  }
  return {
    sources: kept.sources,
    targets: kept.targets,
    groups: groups === undefined ? undefined : kept.groups,
    empty: sources.length - kept.sources.length,
    fingerprint: hasher.digest("hex"),
  };
}

function requireOneEach(sources: number, others: number, what: string): void {
  if (sources === others) return;
  throw new InputError(
    `sentencePairs: ${what} must be one for each of the ${sources} sources, got ${others}`,
  );
}

function sideOf(texts: readonly string[], index: number, side: "source" | "target"): string {
  const text = texts[index];
  if (text.length > MAX_SENTENCE) {
    throw new InputError(
      `the ${side} of pair ${index + 1} has ${text.length} characters; a sentence has at most ${MAX_SENTENCE}`,
      { hint: "give each sentence a line of its own" },
    );
  }
  return normalizeLine(text);
}

/**
 * Set a share of the pairs apart for validation. Pairs of one group are on one side; without groups, all pairs whose
 * sources differ by no more than case, punctuation, white space and forms of Unicode (`keyOfText`) are.
 * @param share in [0, 1)
 * @param options `seed`: chooses the pairs, an integer; default 0
 */
export function splitPairs(
  pairs: SentencePairs,
  share: number,
  options: { readonly seed?: number } = {},
): ItemSplit {
  refuseOthers("splitPairs", { seed: 0 }, options);
  checkValue("splitPairs: pairs", PAIRS, pairs);
  return groupedSplit(pairs.groups ?? pairs.sources.map(keyOfText), share, options);
}

/** Only its shape: the texts were looked at when the pairs were made. */
export const PAIRS = {
  text: "pairs of sentences, as sentencePairs makes them",
  fits: (value: unknown): boolean => {
    const { sources, targets, groups } = Object(value) as Partial<SentencePairs>;
    const isEach = (list: unknown) => Array.isArray(list) && list.length === sources?.length;
    return Array.isArray(sources) && isEach(targets) && (groups === undefined || isEach(groups));
  },
};

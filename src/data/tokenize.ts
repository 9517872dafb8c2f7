import { InputError, type Job, runJob } from "../core/index.ts";
import { checkValue } from "../core/options.ts";
import { allocateIds, type CharacterIds } from "./id-store.ts";
import { checkEncodeOptions, DECODER, IDS, TOKENIZER } from "./ranges.ts";
import type { EncodeOptions, Tokenizer } from "./tokenizer.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The most characters of a slice, unless a word is longer. */
const SLICE = 1 << 16;

/** The most characters without white space: a longer text has no words and would not fit in a string. */
const LONGEST_WORD = 1 << 26;

/**
 * Cuts a text of characters into strings of at most 65,536 characters, or of one longer word. Every cut is between a
 * character and white space after it. No tokenizer joins these two or looks beyond them, so that the slices have the
 * words and the byte pairs of the whole text.
 * @throws InputError for more than 67 million characters without such a place
 */
export function* slicesOf(ids: CharacterIds, vocabulary: Vocabulary): Generator<string> {
  for (const slice of slicesWithPauses(ids, vocabulary)) if (slice !== undefined) yield slice;
}

/** {@link slicesOf} for a job: yields `undefined` in between if a slice takes long to make. */
export function* slicesWithPauses(
  ids: CharacterIds,
  vocabulary: Vocabulary,
  longest = LONGEST_WORD,
): Generator<string | undefined> {
  checkValue("slicesOf: ids", IDS, ids);
  checkValue("slicesOf: vocabulary", DECODER, vocabulary);
  const isSpace = Uint8Array.from(vocabulary.characters, (character) => (/\s/.test(character) ? 1 : 0));
  for (let from = 0; from < ids.length; ) {
    const end = yield* endOfSlice(ids, isSpace, from, longest);
    let text = "";
    for (let at = from; at < end; at += SLICE) {
      if (at > from) yield undefined;
      text += vocabulary.decode(ids.subarray(at, Math.min(end, at + SLICE)));
    }
    yield text;
    from = end;
  }
}

/** Where the slice that begins at `from` ends: as late as possible, or right after a word that is too long. */
function* endOfSlice(ids: CharacterIds, isSpace: Uint8Array, from: number, longest: number): Job<number> {
  if (ids.length - from <= SLICE) return ids.length;
  const last = lastCut(ids, isSpace, from, from + SLICE);
  if (last > from) return last;
  for (let at = from + SLICE; at < ids.length; at += SLICE) {
    const first = firstCut(ids, isSpace, at, Math.min(ids.length, at + SLICE));
    if (first !== undefined) return first;
    if (at - from >= longest) throw tooLong(longest);
    yield;
  }
  return ids.length;
}

/** The last place after `from`, up to `to`, where the text may be cut; `from` if there is none. */
function lastCut(ids: CharacterIds, isSpace: Uint8Array, from: number, to: number): number {
  let at = to;
  while (at > from && !(isSpace[ids[at]] === 1 && isSpace[ids[at - 1]] === 0)) at--;
  return at;
}

/** The first place from `from` on, before `to`, where the text may be cut. */
function firstCut(ids: CharacterIds, isSpace: Uint8Array, from: number, to: number): number | undefined {
  for (let at = from; at < to; at++) if (isSpace[ids[at]] === 1 && isSpace[ids[at - 1]] === 0) return at;
  return undefined;
}

function tooLong(longest: number): InputError {
  return new InputError(`the text has more than ${longest} characters without a word's end`, {
    hint: "read it by characters: --tokens char",
  });
}

/**
 * The symbols of a text, in memory that workers can share.
 * @param ids the text in the ids of `vocabulary`
 * @param vocabulary the characters of the text
 */
export function tokenize(
  ids: CharacterIds,
  vocabulary: Vocabulary,
  tokenizer: Tokenizer,
  options: EncodeOptions = {},
): CharacterIds {
  return runJob(tokenizeJob(ids, vocabulary, tokenizer, options));
}

/** {@link tokenize} as a job. */
export function* tokenizeJob(
  ids: CharacterIds,
  vocabulary: Vocabulary,
  tokenizer: Tokenizer,
  options: EncodeOptions = {},
): Job<CharacterIds> {
  checkValue("tokenize: tokenizer", TOKENIZER, tokenizer);
  checkEncodeOptions("tokenize", options);
  const parts: Int32Array[] = [];
  let length = 0;
  for (const slice of slicesWithPauses(ids, vocabulary)) {
    if (slice !== undefined) {
      const part = yield* tokenizer.encodeJob?.(slice, options) ?? atOnce(tokenizer, slice, options);
      length += part.length;
      parts.push(part);
    }
    yield;
  }
  const all = allocateIds(length, tokenizer.size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
    yield;
  }
  return all;
}

// biome-ignore lint/correctness/useYield: a tokenizer without encodeJob is fast
function* atOnce(tokenizer: Tokenizer, text: string, options: EncodeOptions): Job<Int32Array> {
  return tokenizer.encode(text, options);
}

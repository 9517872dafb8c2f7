import { InputError, type Job, runJob } from "../core/index.ts";
import {
  BELOW_1,
  COUNT,
  checkValue,
  optional,
  type Range,
  refuseOthers,
  SIZE,
  TEXT,
} from "../core/options.ts";
import { allocateIds, type CharacterIds } from "./id-store.ts";
import { checkEncodeOptions, IDS } from "./ranges.ts";
import type { Hasher } from "./sha256.ts";
import type { EncodeOptions } from "./tokenizer.ts";
import { encodeSequence } from "./utf8.ts";
import { unknownCharacters, Vocabulary } from "./vocabulary.ts";

const VOCABULARY: Range = { text: "a Vocabulary", fits: (value) => value instanceof Vocabulary };

/** Ids to renumber between two pauses of a job. */
const RENAMED = 1 << 20;

/** Two views of one corpus: its first part for training, the rest for validation (empty for a fraction of 0). */
export interface TextSplit {
  train: CharacterIds;
  validation: CharacterIds;
}

/**
 * A text as character ids. A character is one Unicode code point (see {@link Vocabulary}). The ids are in shared memory
 * if the platform has it, so that `postMessage` sends them to a worker without a copy.
 */
export class TextCorpus {
  readonly ids: CharacterIds;
  readonly vocabulary: Vocabulary;
  /** SHA-256 of the text in UTF-8 without byte order marks and with LF for CRLF: 64 hexadecimal digits. */
  readonly fingerprint: string;

  constructor(ids: CharacterIds, vocabulary: Vocabulary, fingerprint: string) {
    checkValue("TextCorpus: vocabulary", VOCABULARY, vocabulary);
    checkValue("TextCorpus: ids", IDS, ids);
    checkValue("TextCorpus: fingerprint", TEXT, fingerprint);
    this.ids = ids;
    this.vocabulary = vocabulary;
    this.fingerprint = fingerprint;
  }

  /** How many characters the text has. */
  get characters(): number {
    return this.ids.length;
  }

  /** The text of ids `start`..`end` (all of it by default). */
  text(start = 0, end = this.ids.length): string {
    checkValue("textCorpus.text: start", COUNT, start);
    checkValue("textCorpus.text: end", COUNT, end);
    return this.vocabulary.decode(this.ids.subarray(start, end));
  }

  /**
   * The same text in the ids of another vocabulary, for example that of a trained model.
   * @param options `skipUnknown`: leaves out characters that the vocabulary lacks; the fingerprint does not change
   * @throws InputError that names the characters that the vocabulary lacks
   */
  withVocabulary(vocabulary: Vocabulary, options: EncodeOptions = {}): TextCorpus {
    return runJob(this.withVocabularyJob(vocabulary, options));
  }

  /** {@link withVocabulary} as a job. */
  *withVocabularyJob(vocabulary: Vocabulary, options: EncodeOptions = {}): Job<TextCorpus> {
    checkValue("textCorpus.withVocabulary: vocabulary", VOCABULARY, vocabulary);
    checkEncodeOptions("textCorpus.withVocabulary", options);
    const renamed = Int32Array.from(this.vocabulary.characters, (character) => vocabulary.id(character));
    const unknown = this.vocabulary.characters.filter((_, id) => renamed[id] < 0);
    if (unknown.length > 0 && options.skipUnknown !== true) throw unknownCharacters("the text", unknown);
    const ids = allocateIds(this.ids.length, vocabulary.size);
    let length = 0;
    for (let at = 0; at < this.ids.length; at += RENAMED) {
      length = rename(this.ids.subarray(at, at + RENAMED), renamed, ids, length);
      yield;
    }
    if (length === 0) throw new InputError("the text has no character that the model has seen in training");
    return new TextCorpus(ids.subarray(0, length), vocabulary, this.fingerprint);
  }

  /**
   * Splits the text: the last `floor(valFraction * characters)` characters are for validation, the others for training.
   * @param options `sequenceLength`: the training part must be longer than this; 1 by default
   * @throws InputError for a fraction outside [0, 1), a text of one repeated character, a training part that is too
   * short for one sequence and its targets, or a validation part with nothing to predict
   */
  split(valFraction: number, options: { sequenceLength?: number } = {}): TextSplit {
    refuseOthers("textCorpus.split", { sequenceLength: 0 }, options);
    checkValue("textCorpus.split: sequenceLength", optional(SIZE), options.sequenceLength);
    const needed = (options.sequenceLength ?? 1) + 1;
    const parts = splitTail(this, valFraction);
    const [kept, held, total] = [parts.train.length, parts.validation.length, this.ids.length];
    if (kept < needed) {
      const part =
        held === 0 ? "the text" : `the training part (${total} characters less ${held} for validation)`;
      const shorter = kept < 2 ? "" : `sequences of at most ${kept - 1} characters, or `;
      throw new InputError(`${part} has ${kept} characters, a sequence needs at least ${needed}`, {
        hint: `use ${shorter}a longer text`,
      });
    }
    if (valFraction > 0 && held < 2) {
      const least = Math.ceil((2 / total) * 1e4) / 1e4;
      const wider = least < 1 && total - Math.floor(least * total) >= needed ? `a share of ${least}, ` : "";
      throw new InputError(
        `a share of ${valFraction} of ${total} characters leaves ${held} for validation, at least 2 are needed`,
        { hint: `use ${wider}a share of 0 for no validation, or a longer text` },
      );
    }
    return parts;
  }
}

/**
 * Splits a text into two parts of any length: the last part, a share of `valFraction`, is for validation.
 * @param options `wholeWords`: a word at the border is not cut, but belongs to the training part
 * @throws InputError for a fraction outside [0, 1) and for a text of one repeated character
 */
export function splitTail(
  { ids, vocabulary }: TextCorpus,
  valFraction: number,
  options: { wholeWords?: boolean } = {},
): TextSplit {
  checkValue("the share for validation", BELOW_1, valFraction);
  if (vocabulary.size < 2) {
    throw new InputError(
      `a text to train on needs at least 2 different characters; all ${ids.length} are the same`,
    );
  }
  let kept = ids.length - Math.floor(valFraction * ids.length);
  if (options.wholeWords === true) {
    const isSpace = vocabulary.characters.map((character) => /\s/.test(character));
    while (kept > 0 && kept < ids.length && !isSpace[ids[kept - 1]] && !isSpace[ids[kept]]) kept++;
  }
  return { train: ids.subarray(0, kept), validation: ids.subarray(kept) };
}

/** Appends the ids that have a new number. Returns the new length of `out`. */
function rename(ids: CharacterIds, renamed: Int32Array, out: CharacterIds, length: number): number {
  let end = length;
  for (let at = 0; at < ids.length; at++) {
    const id = renamed[ids[at]];
    if (id >= 0) out[end++] = id;
  }
  return end;
}

/** Computes the hash of the text's UTF-8 bytes through a small buffer. */
export function* fingerprintJob(ids: CharacterIds, vocabulary: Vocabulary, hasher: Hasher): Job<string> {
  const encoded = new Uint8Array(4 * vocabulary.size);
  const lengths = Uint8Array.from(vocabulary.characters, (character, id) =>
    encodeSequence(character.codePointAt(0)!, encoded, 4 * id),
  );
  const slice = 1 << 14;
  const buffer = new Uint8Array(4 * slice);
  for (let at = 0; at < ids.length; at += slice) {
    const used = encodeSlice(ids.subarray(at, at + slice), encoded, lengths, buffer);
    hasher.update(buffer.subarray(0, used));
    yield;
  }
  return hasher.digest("hex");
}

function encodeSlice(ids: CharacterIds, encoded: Uint8Array, lengths: Uint8Array, out: Uint8Array): number {
  let used = 0;
  for (let at = 0; at < ids.length; at++) {
    const from = ids[at] << 2;
    out[used++] = encoded[from];
    const end = from + lengths[ids[at]];
    for (let k = from + 1; k < end; k++) out[used++] = encoded[k];
  }
  return used;
}

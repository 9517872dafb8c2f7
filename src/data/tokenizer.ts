import type { Job } from "../core/index.ts";

export const TOKEN_KINDS = ["char", "word", "bpe"] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

export interface EncodeOptions {
  /**
   * Leaves out what the vocabulary lacks. Otherwise an unknown character is an error, and an unknown word becomes
   * `<unk>`. Byte pairs can encode everything.
   */
  skipUnknown?: boolean;
}

/** Encodes a text as the symbols of a model, and decodes them. */
export interface Tokenizer {
  readonly kind: TokenKind;
  /** How many different symbols there are. */
  readonly size: number;
  encode(text: string, options?: EncodeOptions): Int32Array;
  /** {@link encode} as a job, for tokenizers that may need long for a single word. */
  encodeJob?(text: string, options?: EncodeOptions): Job<Int32Array>;
  decode(ids: ArrayLike<number>): string;
  /** Decodes symbols one after another. */
  decoder(): TokenDecoder;
  toJSON(): unknown;
}

export interface TokenDecoder {
  /** The text that the symbol adds; empty if a character is not complete yet. */
  push(id: number): string;
  /** Ends the text. Returns what is left of it. */
  end(): string;
}

/**
 * A typed text in the form in which it would be read from a file: without a byte order mark at its start, and with LF
 * instead of CRLF.
 */
export function normalizeText(text: string): string {
  return text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
}

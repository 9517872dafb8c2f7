import type { Job } from "../core/index.ts";

export const TOKEN_KINDS = ["char", "word", "bpe"] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

export interface EncodeOptions {
  /**
   * Leave out what the vocabulary lacks. Otherwise an unknown character is an error, and an unknown word becomes `<unk>`;
   * byte pairs can write everything.
   */
  skipUnknown?: boolean;
}

/** What turns a text into the symbols of a model, and back. */
export interface Tokenizer {
  readonly kind: TokenKind;
  /** How many different symbols there are. */
  readonly size: number;
  encode(text: string, options?: EncodeOptions): Int32Array;
  /** {@link encode} as a job, where a single word may take long. */
  encodeJob?(text: string, options?: EncodeOptions): Job<Int32Array>;
  decode(ids: ArrayLike<number>): string;
  /** Text as its symbols come, one after another. */
  decoder(): TokenDecoder;
  toJSON(): unknown;
}

export interface TokenDecoder {
  /** What the symbol adds to the text; nothing where a character is not complete yet. */
  push(id: number): string;
  /** What is left, when no more symbols come. */
  end(): string;
}

/**
 * A text that was typed as it would be read from a file: without a byte order mark at its start, and with LF where it has
 * CRLF.
 */
export function normalizeText(text: string): string {
  return text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
}

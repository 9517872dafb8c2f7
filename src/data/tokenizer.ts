export type TokenKind = "char" | "word" | "bpe";

export interface EncodeOptions {
  /** Leave out what cannot be written instead of throwing; of words and bytes everything can. */
  skipUnknown?: boolean;
}

/** What turns a text into the symbols of a model, and back. */
export interface Tokenizer {
  readonly kind: TokenKind;
  /** How many different symbols there are. */
  readonly size: number;
  encode(text: string, options?: EncodeOptions): Int32Array;
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

/** Ids that the vocabularies of both sides of a sequence-to-sequence model begin with. */

/** Ends a sequence. */
export const END = 0;
/** What a decoder reads before its first symbol. */
export const START = 1;
/** Stands for every word that a vocabulary lacks. */
export const UNKNOWN = 2;
/** The id of the first symbol that is part of a text. */
export const FIRST_SYMBOL = 3;

export { ADDING_VARIANCE, type AddingBatch, addingBatch } from "./adding.ts";
export { BpeTokenizer } from "./bpe-tokenizer.ts";
export { BinaryContentError, CorpusBuilder, corpusFromText } from "./corpus-builder.ts";
export {
  type EvalBatch,
  type EvalSegment,
  type EvalSegmentOptions,
  EvalSegments,
  type EvalWindow,
} from "./eval-segments.ts";
export type { CharacterIds } from "./id-store.ts";
export {
  MAX_COUNTED,
  type NgramBaseline,
  type NgramWeights,
  TrigramModel,
  trigramBaseline,
  trigramBaselineJob,
  unigramLoss,
} from "./ngram.ts";
export { type Hasher, Sha256 } from "./sha256.ts";
export { TextCorpus, type TextSplit } from "./text-corpus.ts";
export { type TextStreamOptions, TextStreams } from "./text-streams.ts";
export { slicesOf, tokenize, tokenizeJob } from "./tokenize.ts";
export type { EncodeOptions, TokenDecoder, Tokenizer, TokenKind } from "./tokenizer.ts";
export { tokenizerFromJSON } from "./tokenizer-json.ts";
export { MAX_VOCABULARY, showCharacter, Vocabulary } from "./vocabulary.ts";
export { WordTokenizer } from "./word-tokenizer.ts";
export { type KnownWords, knownWordShare, wordSet, wordSetJob, wordsOf } from "./words.ts";

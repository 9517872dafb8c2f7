export { ADDING_VARIANCE, type AddingBatch, addingBatch } from "./adding.ts";
export { type BleuOptions, type BleuScore, corpusBleu, tokenize13a } from "./bleu.ts";
export { BpeTokenizer } from "./bpe-tokenizer.ts";
export {
  type CaptionedFiles,
  type CaptionedPicture,
  type CaptionFilesOptions,
  readCaptionFiles,
} from "./caption-files.ts";
export { type CaptionList, type PictureCaptions, parseCaptions } from "./caption-lists.ts";
export { type ChrfOptions, type ChrfScore, corpusChrf } from "./chrf.ts";
export {
  type ClassificationMetrics,
  type ClassScore,
  classificationMetrics,
  confusionMatrix,
  type MajorityBaseline,
  majorityBaseline,
} from "./classification-metrics.ts";
export { BinaryContentError, CorpusBuilder, corpusFromText } from "./corpus-builder.ts";
export type { DataFile, DataSource } from "./data-source.ts";
export { type DateFormatOptions, dateFormatPairs } from "./date-formats.ts";
export {
  type EvalBatch,
  type EvalSegment,
  type EvalSegmentOptions,
  EvalSegments,
  type EvalWindow,
} from "./eval-segments.ts";
export type { CharacterIds } from "./id-store.ts";
export {
  type InventedLanguage,
  type InventedLanguagesOptions,
  inventedLanguages,
} from "./invented-languages.ts";
export { type ItemBatch, ItemBatches, type ItemBatchOptions } from "./item-batches.ts";
export { keyOfNumbers, keyOfText } from "./item-keys.ts";
export { frameItems, type ItemStore, Items, type ItemValues, idItems, MAX_ITEMS } from "./items.ts";
export {
  type LabelledLines,
  LabelledLinesBuilder,
  type LabelledLinesOptions,
  type LabelledText,
  type LineChanges,
  labelOfFile,
  normalizeLine,
} from "./labelled-lines.ts";
export { LineVocabulary, type LineVocabularyOptions } from "./line-vocabulary.ts";
export { type LogMelOptions, logMelFrames } from "./log-mel.ts";
export { splitLongText } from "./long-texts.ts";
export { type LookaheadOptions, type LookaheadSequences, lookaheadSequences } from "./lookahead.ts";
export { type MemoryFile, memorySource, type PickedFile } from "./memory-source.ts";
export { type MovingShapes, type MovingShapesOptions, movingShapes } from "./moving-shapes.ts";
export {
  type LabelledItems,
  type NaiveBayesBaseline,
  type NaiveBayesOptions,
  naiveBayesBaseline,
  naiveBayesBaselineJob,
} from "./naive-bayes.ts";
export { type NegationOptions, negationSentences } from "./negation.ts";
export {
  MAX_COUNTED,
  type NgramBaseline,
  type NgramWeights,
  TrigramModel,
  trigramBaseline,
  trigramBaselineJob,
  unigramLoss,
} from "./ngram.ts";
export { type OneFactOptions, oneFactQuestions } from "./one-fact-questions.ts";
export { type PaddedItems, type PadOptions, padItems } from "./padded-items.ts";
export {
  type EncodedPairs,
  type EncodePairsOptions,
  encodePairs,
  encodePairsJob,
  type PaddedPairs,
  type PairBatch,
  PairBatches,
  type PairBatchOptions,
  type PairStore,
  padPairs,
} from "./pair-batches.ts";
export {
  learnPairTokens,
  learnPairTokensJob,
  type PairTokens,
  type PairTokensOptions,
  pairTokensFromJSON,
} from "./pair-tokens.ts";
export {
  type SentencePairs,
  type SentencePairsOptions,
  sentencePairs,
  sentencePairsJob,
  splitPairs,
} from "./pairs.ts";
export { type PictureArrays, type PictureValues, parsePictureArrays } from "./picture-arrays.ts";
export { type ReadPairsOptions, readPairs } from "./read-pairs.ts";
export { readPictures } from "./read-pictures.ts";
export type { References } from "./reference-texts.ts";
export { resample } from "./resample.ts";
export { type ReversalOptions, reversalPairs } from "./reversal.ts";
export { type RunningSumOptions, runningSums } from "./running-sums.ts";
export { applyScaling, fitScaling, type Scaling, scalingFromJSON } from "./scaling.ts";
export {
  type CaptionedScene,
  captionedScenes,
  judgeSceneCaption,
  type Scene,
  type SceneObject,
  type SceneOptions,
  type ScenePart,
  type SceneRelation,
  type SceneVerdict,
} from "./scenes.ts";
export {
  editScore,
  entitiesOf,
  matchSegments,
  type Segment,
  type SegmentMatches,
  segmentsOf,
} from "./segment-scores.ts";
export { type SequenceArraysOptions, sequencesFromArrays, sortLabels } from "./sequence-arrays.ts";
export {
  type LabelledSequences,
  type LabelsOf,
  type SequenceTableOptions,
  sequencesFromTable,
} from "./sequence-table.ts";
export { type Hasher, Sha256 } from "./sha256.ts";
export {
  type GroupedSplitOptions,
  groupedSplit,
  type ItemSplit,
  type StratifiedSplitOptions,
  stratifiedSplit,
  tailSplit,
} from "./splits.ts";
export { TextCorpus, type TextSplit } from "./text-corpus.ts";
export { type TextStreamOptions, TextStreams } from "./text-streams.ts";
export { slicesOf, tokenize, tokenizeJob } from "./tokenize.ts";
export type { EncodeOptions, TokenDecoder, Tokenizer, TokenKind } from "./tokenizer.ts";
export { tokenizerFromJSON } from "./tokenizer-json.ts";
export { MAX_VOCABULARY, showCharacter, Vocabulary } from "./vocabulary.ts";
export { WordTokenizer } from "./word-tokenizer.ts";
export { type KnownWords, knownWordShare, wordSet, wordSetJob, wordsOf } from "./words.ts";

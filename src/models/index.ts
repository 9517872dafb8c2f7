export { Captioner, type CaptionerOptions, type EncodePicturesOptions } from "./captioner.ts";
export type { CaptionerConfig, CaptionerSettings } from "./captioner-config.ts";
export {
  Forecaster,
  type ForecasterOptions,
  type ForecastInputs,
  type ForecastLossOptions,
} from "./forecaster.ts";
export type {
  ForecasterCell,
  ForecasterConfig,
  ForecasterSettings,
  ForecastLoss,
} from "./forecaster-config.ts";
export { LanguageModel, type LanguageModelOptions, type LanguageModelState } from "./language-model.ts";
export type {
  LanguageModelCell,
  LanguageModelConfig,
  LanguageModelSettings,
} from "./language-model-config.ts";
export {
  type AlignOptions,
  type EncodeOptions,
  Seq2Seq,
  type Seq2SeqLossOptions,
  type Seq2SeqOptions,
} from "./seq2seq.ts";
export type { Seq2SeqConfig, Seq2SeqSettings } from "./seq2seq-config.ts";
export {
  type ClassifierForwardOptions,
  type ClassifierLossOptions,
  SequenceClassifier,
  type SequenceClassifierOptions,
} from "./sequence-classifier.ts";
export type {
  ClassifierCell,
  Pooling,
  SequenceClassifierConfig,
  SequenceClassifierSettings,
} from "./sequence-classifier-config.ts";
export {
  type DecoderLoss,
  type DecoderLossOptions,
  SequenceDecoder,
  type SequenceDecoderOptions,
} from "./sequence-decoder.ts";
export type {
  DecoderAttention,
  OutputReads,
  SequenceDecoderConfig,
  SequenceDecoderSettings,
} from "./sequence-decoder-config.ts";
export type { DecoderState, DecoderStep } from "./sequence-decoder-state.ts";
export type { DecoderInput } from "./sequence-decoder-step.ts";
export type { DecoderSteps } from "./sequence-decoder-steps.ts";
export {
  SequenceTagger,
  type SequenceTaggerOptions,
  type TaggerForwardOptions,
  type TaggerLossOptions,
  UNLABELLED,
} from "./sequence-tagger.ts";
export type {
  ImageSize,
  SequenceTaggerConfig,
  SequenceTaggerSettings,
  TaggerCell,
} from "./sequence-tagger-config.ts";
export type { TaggerInput, TaggerStream } from "./tagger-stream.ts";

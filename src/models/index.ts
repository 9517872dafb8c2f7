export { LanguageModel, type LanguageModelOptions, type LanguageModelState } from "./language-model.ts";
export type {
  LanguageModelCell,
  LanguageModelConfig,
  LanguageModelSettings,
} from "./language-model-config.ts";
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

export { LanguageModel, type LanguageModelOptions, type LanguageModelState } from "./language-model.ts";
export type {
  LanguageModelCell,
  LanguageModelConfig,
  LanguageModelSettings,
} from "./language-model-config.ts";

export { LanguageModel, type LanguageModelConfig } from "./language-model.ts";

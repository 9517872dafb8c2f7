import type { Tokenizer } from "../../src/data/index.ts";
import type { LanguageModelConfig } from "../../src/models/language-model-config.ts";
import type { CodeFile } from "../../src/run/checkpoint-metadata.ts";

/** The metadata of a checkpoint of the task `text`. */
export function describeCheckpoint(facts: {
  readonly model: LanguageModelConfig;
  readonly cellFile?: CodeFile;
  readonly vocabulary: Tokenizer;
  readonly step: number;
  readonly seconds: number;
}): Record<string, string> {
  return {
    task: "text",
    model: JSON.stringify(facts.model),
    ...(facts.cellFile && { cellFile: JSON.stringify(facts.cellFile) }),
    vocabulary: JSON.stringify(facts.vocabulary),
    step: String(facts.step),
    seconds: String(facts.seconds),
  };
}

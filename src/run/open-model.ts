import { escapeControl, InputError } from "../core/errors.ts";
import { FUNCTION, OBJECT, optional, type Ranges, settle, TEXT } from "../core/options.ts";
import { Rng } from "../core/rng.ts";
import type { Tokenizer } from "../data/tokenizer.ts";
import { decodeCheckpoint } from "../io/checkpoint.ts";
import { isParameterName } from "../io/checkpoint-names.ts";
import type { SafetensorsFile } from "../io/safetensors.ts";
import { LanguageModel, type LanguageModelOptions } from "../models/language-model.ts";
import type { LanguageModelConfig } from "../models/language-model-config.ts";
import { checkBytes, type FileBytes, loadWeights } from "./load-weights.ts";
import { type CheckpointFacts, readCheckpointFacts } from "./model-metadata.ts";

export interface OpenModelOptions extends Pick<LanguageModelOptions, "backend" | "createCell" | "cellName"> {
  /** Names the file in errors; default "checkpoint". */
  readonly where?: string;
}

/** A trained model and all that is needed to use it. */
export interface OpenedModel {
  /** With its trained weights, for inference or to train on: `generate(model, ...)` writes with it. */
  readonly model: LanguageModel;
  /** Text to ids and back: `encode`, `decode`, and `decoder()` for ids that come one by one. */
  readonly tokenizer: Tokenizer;
  readonly config: LanguageModelConfig;
  /** Updates that it was trained for. */
  readonly step: number;
  /** Seconds that it was trained for. */
  readonly seconds: number;
}

const RANGES: Ranges<OpenModelOptions> = {
  where: TEXT,
  backend: optional(OBJECT),
  createCell: optional(FUNCTION),
  cellName: optional(TEXT),
};

/**
 * The trained model in the bytes of a checkpoint, in Node as in a page. It is what `unrolled sample`, `eval` and
 * `inspect` use. No file is read and no code is loaded: a model with a cell of your own needs `createCell`.
 * @throws FormatError for a file that is damaged, no checkpoint of the task `text`, or whose tensors are not those of
 * its model; CheckpointVersionError; InputError for an option that is wrong, and for a missing or needless createCell
 */
export async function openModel(bytes: FileBytes, options: OpenModelOptions = {}): Promise<OpenedModel> {
  const settings = settle<OpenModelOptions>("openModel", RANGES, { where: "checkpoint" }, options);
  const where = escapeControl(settings.where ?? "");
  const file = await decodeCheckpoint(checkBytes("openModel: bytes", bytes), where);
  const facts = readCheckpointFacts(file, where);
  const model = buildTrainedModel(file, facts, where, settings);
  const { vocabulary: tokenizer, step, seconds } = facts;
  return { model, tokenizer, config: model.config, step, seconds };
}

/** Initial values that are overwritten at once: drawing a million of them takes longer than all the rest. */
class NoRng extends Rng {
  constructor() {
    super(0);
  }

  override uniform(): number {
    return 0;
  }
}

/**
 * The model of a checkpoint that has been read, as {@link openModel} makes it.
 * @throws FormatError naming all tensors that do not fit; InputError for a missing or needless createCell
 */
export function buildTrainedModel(
  file: SafetensorsFile,
  facts: CheckpointFacts,
  where: string,
  { backend, createCell, cellName }: Omit<OpenModelOptions, "where">,
): LanguageModel {
  const config = facts.model;
  if (config.cell !== "own" && createCell !== undefined) {
    throw new InputError(`openModel: createCell: the model has the built-in cell ${config.cell}`, {
      hint: "leave it out",
    });
  }
  if (config.cell === "own" && createCell === undefined) {
    throw new InputError("openModel: the model was trained with a cell of its own, which needs createCell", {
      hint: "createCell: (inputs, hidden, options) => new MyCell(inputs, hidden, options)",
    });
  }
  const tensors = new Map([...file.tensors].filter(([name]) => isParameterName(name)));
  const model = new LanguageModel(config, { rng: new NoRng(), backend, createCell, cellName });
  loadWeights(model, { metadata: {}, tensors }, { where });
  return model;
}

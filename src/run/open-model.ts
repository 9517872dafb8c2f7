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

/** A trained model with everything that is needed to use it. */
export interface OpenedModel {
  /** The model with its trained weights, for inference or further training: `generate(model, ...)` generates text. */
  readonly model: LanguageModel;
  /** Converts text to ids and back: `encode`, `decode`, and `decoder()` for ids that arrive one at a time. */
  readonly tokenizer: Tokenizer;
  readonly config: LanguageModelConfig;
  /** Number of updates that the model was trained for. */
  readonly step: number;
  /** Training time in seconds. */
  readonly seconds: number;
}

const RANGES: Ranges<OpenModelOptions> = {
  where: TEXT,
  backend: optional(OBJECT),
  createCell: optional(FUNCTION),
  cellName: optional(TEXT),
};

/**
 * Opens the trained model in the bytes of a checkpoint, in Node or in a page. `unrolled sample`, `eval` and `inspect`
 * use it. It reads no other file and loads no code: a model with a cell of your own needs `createCell`.
 * @throws FormatError for a file that is damaged, that is not a checkpoint of the task `text`, or whose tensors are not
 * those of its model; CheckpointVersionError; InputError for an invalid option, and for a missing or superfluous
 * createCell
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

/**
 * Skips the initial values, which are overwritten at once: drawing a million of them takes longer than all other work.
 */
class NoRng extends Rng {
  constructor() {
    super(0);
  }

  override uniform(): number {
    return 0;
  }
}

/**
 * Makes the model of a checkpoint that has been read, like {@link openModel}.
 * @throws FormatError that names all tensors that do not fit; InputError for a missing or superfluous createCell
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

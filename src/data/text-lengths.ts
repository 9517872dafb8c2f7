/** Whether a text is long enough for a training, and what to change where it is not. */
import { InputError } from "../core/errors.ts";
import { runJobInTurns, type StopSignal } from "../core/job.ts";
import { countOf, type SymbolSettings, type SymbolText, symbolTextJob } from "./symbol-text.ts";
import type { TextCorpus } from "./text-corpus.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface LengthCheck {
  readonly corpus: TextCorpus;
  /** Whether a text of its own is validated on. */
  readonly hasValidationText: boolean;
  readonly settings: SymbolSettings & { readonly batchSize: number; readonly seqLength: number };
  /** The tokenizer of weights that are trained further. */
  readonly known: Tokenizer | undefined;
  /** As they were asked for: a batch must have a row for each. */
  readonly threads: number | undefined;
  readonly signal: StopSignal | undefined;
}

/** An evaluation predicts every symbol but the first. */
const LEAST_VALIDATION = 2;

/**
 * Every change that the error advises has been tried: the training runs with it.
 * @throws InputError saying what is too short, by how much, and which options would fit
 */
export async function requireLengths(text: SymbolText, check: LengthCheck): Promise<void> {
  const { batchSize, seqLength, tokens, valSplit } = check.settings;
  const [train, validation] = [text.train.length, text.validation.length];
  if (validation < LEAST_VALIDATION) {
    if (check.hasValidationText) {
      throw new InputError(`the validation text has ${countOf(validation, tokens)}, at least 2 are needed`, {
        hint: "give a longer text with --val",
      });
    }
    throw new InputError(
      `--val-split ${valSplit} of ${countOf(train + validation, tokens)} leaves ${validation} for validation, ` +
        "at least 2 are needed",
      { hint: adviceOf(await widerSplit(check), check) },
    );
  }
  const needed = batchSize * seqLength + 1;
  if (train >= needed) return;
  throw new InputError(
    `the training text has ${countOf(train, tokens)}; ${batchSize} streams of ${seqLength} need at least ${needed}`,
    { hint: adviceOf({ train }, check) },
  );
}

/** Lengths that a training could have; `valSplit` only where it has to be another one. */
interface Option {
  readonly train: number;
  readonly valSplit?: number;
}

/** What fits so many training symbols: one option to change where that is enough, else several together. */
function adviceOf(option: Option | undefined, { settings, threads = 1 }: LengthCheck): string {
  if (option === undefined || option.train < 2) return "give a longer text";
  const { batchSize, seqLength } = settings;
  const inputs = option.train - 1;
  const split = option.valSplit === undefined ? "" : `--val-split ${option.valSplit}`;
  const fits: string[] = [];
  if (inputs >= batchSize * seqLength) fits.push(split);
  else if (split === "") {
    const [batch, length] = [Math.floor(inputs / seqLength), Math.floor(inputs / batchSize)];
    if (batch >= threads) fits.push(`--batch-size ${batch}${batch > 1 ? " or less" : ""}`);
    if (length >= 1) fits.push(`--seq-length ${length}${length > 1 ? " or less" : ""}`);
  }
  if (fits.length === 0) {
    const single = threads > 1 ? ["--threads 1"] : [];
    const together = `--batch-size 1 --seq-length ${Math.min(inputs, seqLength)}`;
    fits.push([together, ...single, ...(split === "" ? [] : [split])].join(" "));
  }
  return `use ${[...fits, "a longer text"].join(", or ")}`;
}

/** The smallest share, of a few that are tried, that leaves enough for validation and something to train on. */
async function widerSplit({ corpus, settings, known, signal }: LengthCheck): Promise<Option | undefined> {
  const { characters } = corpus;
  for (let held = LEAST_VALIDATION; held <= characters / 2 + 1; held *= 2) {
    const valSplit = Math.ceil((held / characters) * 1e4) / 1e4;
    if (valSplit <= settings.valSplit) continue;
    if (valSplit >= 1) return undefined;
    const text = await runJobInTurns(symbolTextJob(corpus, { ...settings, valSplit }, known), signal);
    if (text.validation.length >= LEAST_VALIDATION) return { train: text.train.length, valSplit };
  }
  return undefined;
}

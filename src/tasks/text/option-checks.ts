/** What options must be, each by itself and together: what cannot work is refused before anything is read. */
import { InputError } from "../../core/errors.ts";
import { showValue } from "../../core/show-value.ts";
import type { TokenKind } from "../../data/tokenizer.ts";
import { MAX_VOCABULARY } from "../../data/vocabulary.ts";
import { completeConfig } from "../../models/language-model-config.ts";
import { isCellFile } from "../cell-file.ts";
import {
  BUILT_IN_CELLS,
  checkMemory,
  checkThreads,
  DEFAULTS,
  isBuiltInCell,
  modelOf,
  settingsOf,
  type TextTrainOptions,
} from "./options.ts";

/** Two special words and one of the text; all bytes and one merge. */
const LEAST_VOCABULARY: Record<TokenKind, number> = { char: 0, word: 3, bpe: 257 };

type Check = [keyof TextTrainOptions, string, (value: number) => boolean, string];

const wholeFrom =
  (least: number) =>
  (value: number): boolean =>
    Number.isSafeInteger(value) && value >= least;
const POSITIVE_INTEGER = "an integer of at least 1";

const CHECKS: readonly Check[] = [
  ["layers", "--layers", wholeFrom(1), POSITIVE_INTEGER],
  ["hidden", "--hidden", wholeFrom(1), POSITIVE_INTEGER],
  ["seqLength", "--seq-length", wholeFrom(1), POSITIVE_INTEGER],
  ["batchSize", "--batch-size", wholeFrom(1), POSITIVE_INTEGER],
  ["threads", "--threads", (n) => wholeFrom(1)(n) && n <= 256, "an integer from 1 to 256"],
  ["shards", "--shards", (n) => wholeFrom(1)(n) && n <= 4096, "an integer from 1 to 4096"],
  ["steps", "--steps", wholeFrom(1), POSITIVE_INTEGER],
  ["evalEvery", "--eval-every", wholeFrom(1), POSITIVE_INTEGER],
  ["saveEvery", "--save-every", wholeFrom(1), POSITIVE_INTEGER],
  ["epochs", "--epochs", (x) => x > 0 && Number.isFinite(x), "a number above 0"],
  ["maxSeconds", "--max-seconds", (x) => x > 0 && Number.isFinite(x), "a number above 0"],
  ["lr", "--lr", (x) => x > 0 && Number.isFinite(x), "a number above 0"],
  ["lrDecay", "--lr-decay", (x) => x > 0 && x <= 1, "above 0 and at most 1"],
  ["lrDecayAfter", "--lr-decay-after", wholeFrom(1), POSITIVE_INTEGER],
  ["initUniform", "--init-uniform", (x) => x > 0 && Number.isFinite(x), "a number above 0"],
  // Infinity would say "do not cut", but run.json cannot hold it; any large number says the same.
  ["clipNorm", "--clip-norm", (x) => x > 0 && Number.isFinite(x), "a number above 0"],
  ["clipValue", "--clip-value", (x) => x > 0 && Number.isFinite(x), "a number above 0"],
  ["weightDecay", "--weight-decay", (x) => x >= 0 && Number.isFinite(x), "a number of at least 0"],
  ["patience", "--patience", wholeFrom(1), POSITIVE_INTEGER],
  ["vocabSize", "--vocab-size", wholeFrom(1), POSITIVE_INTEGER],
  ["embedding", "--embedding", wholeFrom(0), "an integer of at least 0"],
  ["dropout", "--dropout", (x) => x >= 0 && x < 1, "at least 0 and below 1"],
  ["valSplit", "--val-split", (x) => x > 0 && x < 1, "above 0 and below 1"],
  ["seed", "--seed", (n) => Number.isSafeInteger(n), "an integer"],
];

/**
 * Refuse what cannot work before anything is read or allocated.
 * @throws InputError naming the option, what it must be and what it was
 */
export function checkTextOptions(options: TextTrainOptions): void {
  for (const [name, flag, fits, expected] of CHECKS) {
    const value = options[name];
    if (value !== undefined && !fits(value as number)) {
      throw new InputError(`${flag} must be ${expected}, got ${showValue(value)}`);
    }
  }
  checkCellName(options.cell);
  checkVocabulary(options);
  checkCombinations(options);
  const settings = settingsOf(options);
  // Any text has at least two characters; with the real number it is checked again.
  const smallest = completeConfig(modelOf(settings, 2));
  checkMemory(smallest, settings.batchSize, settings.seqLength, "at least ");
  // A resumed run may bring more rows than are said here.
  if (options.threads !== undefined && !options.resume) checkThreads(options.threads, settings.batchSize);
}

function checkVocabulary({ tokens = DEFAULTS.tokens, vocabSize, from, resume }: TextTrainOptions): void {
  // What they bring decides about the tokens.
  if (vocabSize === undefined || from !== undefined || resume) return;
  if (tokens === "char") {
    throw new InputError(`--vocab-size ${vocabSize} needs --tokens word or bpe`, {
      hint: "of characters there are as many as the text has",
    });
  }
  if (vocabSize < LEAST_VOCABULARY[tokens] || vocabSize > MAX_VOCABULARY) {
    const range = `from ${LEAST_VOCABULARY[tokens]} to ${MAX_VOCABULARY}`;
    throw new InputError(`--vocab-size must be ${range} with --tokens ${tokens}, got ${vocabSize}`);
  }
}

function checkCombinations({
  val,
  valSplit,
  from,
  initUniform,
  lrDecay,
  lrDecayAfter,
  resume,
}: TextTrainOptions) {
  if (val !== undefined && valSplit !== undefined) {
    throw new InputError("--val and --val-split exclude each other", {
      hint: "--val names a file to validate on, --val-split keeps the end of the text for it",
    });
  }
  if (from !== undefined && initUniform !== undefined) {
    throw new InputError("--from and --init-uniform exclude each other", {
      hint: "--from brings the values to start from",
    });
  }
  if (lrDecayAfter !== undefined && lrDecay === undefined && !resume) {
    throw new InputError(`--lr-decay-after ${lrDecayAfter} needs --lr-decay`, {
      hint: "say what the learning rate is multiplied by after each pass",
    });
  }
}

function checkCellName(cell: string | undefined): void {
  if (cell === undefined || isBuiltInCell(cell) || isCellFile(cell)) return;
  throw new InputError(`--cell must be one of ${BUILT_IN_CELLS.join(", ")} or a file, got '${cell}'`, {
    hint: "a cell of your own: --cell ./my-cell.ts",
  });
}

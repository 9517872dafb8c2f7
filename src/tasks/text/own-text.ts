import { runJobInTurns } from "../../core/job.ts";
import type { Tokenizer } from "../../data/index.ts";
import { type LoadHooks, readRecordedCorpus } from "../../sources/corpus.ts";
import { refuseOtherCorpus, refuseOtherValidation } from "./resume.ts";
import type { TextRun } from "./run-file.ts";
import { type SymbolText, symbolTextJob } from "./tokens.ts";

/**
 * The texts that a run was trained and validated on, in its symbols.
 * @throws InputError when they are gone or no longer the same
 */
export async function readOwnText(
  run: TextRun,
  tokenizer: Tokenizer,
  folder: string,
  hooks: LoadHooks,
): Promise<SymbolText> {
  const { paths, validation } = run.data;
  const corpus = await readRecordedCorpus(paths, folder, hooks);
  refuseOtherCorpus(run, corpus, folder);
  const held = validation && (await readRecordedCorpus([validation.path], folder, hooks));
  refuseOtherValidation(run, held, folder);
  return runJobInTurns(symbolTextJob(corpus, run.settings, tokenizer, held), hooks.signal);
}

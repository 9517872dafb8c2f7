import { InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { type Job, runJobInTurns } from "../../core/job.ts";
import { CorpusBuilder, type TextCorpus } from "../../data/index.ts";
import { textSourceOf } from "../../sources/paths.ts";
import { STEPS } from "./model.ts";

/**
 * The text as the program sees it: Python's text mode takes every CR for a line end, alone or before an LF.
 * @param path undefined: the bundled corpus; "-": standard input
 * @throws InputError for what cannot be read, and for a text shorter than one sequence and its last target
 */
export async function readProgramText(path: string | undefined, hooks: LoadHooks): Promise<TextCorpus> {
  let corpus = await textSourceOf(path).readText(hooks);
  if (corpus.vocabulary.id("\r") >= 0) corpus = await runJobInTurns(withoutCrJob(corpus), hooks.signal);
  if (corpus.characters <= STEPS) {
    throw new InputError(
      `the text has ${corpus.characters} characters, min-char-rnn needs at least ${STEPS + 1}`,
      { hint: "give more text" },
    );
  }
  return corpus;
}

/** Characters that are replaced between two pauses of a job. */
const PAUSE = 1 << 16;

function* withoutCrJob(corpus: TextCorpus): Job<TextCorpus> {
  const builder = new CorpusBuilder();
  const encoder = new TextEncoder();
  for (let at = 0; at < corpus.characters; at += PAUSE) {
    const text = corpus.text(at, Math.min(at + PAUSE, corpus.characters));
    builder.push(encoder.encode(text.replaceAll("\r", "\n")));
    yield;
  }
  return yield* builder.finishJob();
}

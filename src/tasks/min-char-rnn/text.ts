import { InputError } from "../../core/errors.ts";
import { corpusFromText, type TextCorpus } from "../../data/index.ts";
import { type Hooks, readCorpus } from "../text/corpus.ts";
import { STEPS } from "./model.ts";

/**
 * The text as the program sees it: Python's text mode takes every CR for a line end, alone or before an LF.
 * @param path undefined: the bundled corpus; "-": standard input
 * @throws InputError for what cannot be read, and for a text shorter than one sequence and its last target
 */
export async function readProgramText(
  path: string | undefined,
  hooks: Pick<Hooks, "onProgress" | "onNote">,
): Promise<TextCorpus> {
  let corpus = await readCorpus(path === undefined ? [] : [path], hooks);
  if (corpus.vocabulary.id("\r") >= 0) corpus = corpusFromText(corpus.text().replaceAll("\r", "\n"));
  if (corpus.characters <= STEPS) {
    throw new InputError(
      `the text has ${corpus.characters} characters, min-char-rnn needs at least ${STEPS + 1}`,
      { hint: "give more text" },
    );
  }
  return corpus;
}

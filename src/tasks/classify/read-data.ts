/** Which files or generated set `classify` reads, and whether as characters or words. */
import { escapeControl, InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns } from "../../core/job.ts";
import type { DataSource } from "../../data/data-source.ts";
import { collectTextsJob, type LabelledText } from "../../data/labelled-lines.ts";
import { findSet } from "../../data/labelled-sets.ts";
import { type LabelledData, type LabelledTexts, readLabelled } from "../../data/labelled-source.ts";
import { wordUseOf } from "../../data/line-words.ts";
import { type ClassifySettings, readingWords } from "./defaults.ts";
import type { ClassifyFacts } from "./facts.ts";
import { type ClassifyRequest, classifierOf } from "./symbols.ts";

export type Request = ClassifyRequest;

interface ReadData {
  readonly data: LabelledData;
  /** Items to validate on; undefined: a part of the data. */
  readonly held: LabelledData | undefined;
}

/** What was named, or else a generated set. */
async function readData(request: Request, hooks: LoadHooks): Promise<ReadData> {
  const { source, validation, settings, known } = request;
  if (source !== undefined && known?.of !== "run" && request.isChosen("set")) {
    throw new InputError(`DATA and --set ${settings.set} exclude each other`, {
      hint: "--set makes data where none is named",
    });
  }
  const read = async (from: DataSource) => {
    const data = await readLabelled(from, sourceOptions(settings, classifierOf(request), 1), hooks);
    requireKind(data, known?.facts, from.description);
    return data;
  };
  const named = validation && (await read(validation));
  if (source !== undefined) {
    const options = sourceOptions(settings, classifierOf(request), 2);
    const data = await readLabelled(source, options, hooks);
    requireKind(data, known?.facts, source.description);
    if (named !== undefined) requireSameKind(data, named);
    return { data, held: named };
  }
  const set = findSet(settings.set);
  const made = set.make(settings.seed);
  const collect = async (texts: readonly LabelledText[]): Promise<LabelledTexts> => {
    const lines = await runJobInTurns(collectTextsJob(texts), hooks.signal);
    return { kind: "text", items: "line", lines };
  };
  const data = await collect(made.train);
  requireKind(data, known?.facts, `the set ${set.name}`);
  return { data, held: named ?? (made.validation && (await collect(made.validation))) };
}

/** From so many words an item is a sentence. A person's name has two or three. */
const SENTENCE = 4;
/** So many of the words must occur again: otherwise most of them would be unknown. */
const REPEATED = 0.5;

/**
 * The data, read again as words where nobody has chosen what texts are cut into and they are sentences: characters suit
 * names, and make a sentence ten times as long as words do.
 */
export async function readChosen(
  request: Request,
  hooks: LoadHooks,
): Promise<ReadData & { readonly request: Request }> {
  const { source, known, settings, isChosen } = request;
  const isOpen = source !== undefined && known === undefined && !isChosen("tokens");
  if (!isOpen || settings.tokens === "word") return { ...(await readData(request, hooks)), request };
  // What is noted on a reading counts only if the reading does.
  const notes: string[] = [];
  const read = await readData(request, { ...hooks, onNote: (note) => notes.push(note) });
  const use = read.data.kind === "text" ? wordUseOf(read.data.lines.lines) : undefined;
  if (use === undefined || use.perLine < SENTENCE || use.repeated < REPEATED) {
    for (const note of notes) hooks.onNote(note);
    return { ...read, request };
  }
  hooks.onNote(
    `--tokens is word instead of char, which fits this data better: an item has ${use.perLine.toFixed(0)} words on average`,
  );
  const asWords = { ...request, settings: readingWords(settings, (name) => isChosen(name)) };
  return { ...(await readData(asWords, hooks)), request: asWords };
}

/** @param facts of a model that the data is read for */
export function sourceOptions(
  { textColumn, labelColumn, tokens, maxLength }: ClassifySettings,
  facts: ClassifyFacts | undefined,
  leastLabels: number,
) {
  const input = facts?.input;
  const kind = input?.kind === "text" ? input.tokens : tokens;
  return {
    textColumn: textColumn ?? (input?.kind === "text" ? input.textColumn : null) ?? undefined,
    labelColumn,
    // Words are counted when there are any.
    maxLength: kind === "char" ? (input?.maxLength ?? maxLength) : undefined,
    leastLabels,
    format: input?.kind === "numbers" ? input.format : undefined,
  };
}

/** @throws InputError for texts where the model reads numbers, and the other way round */
export function requireKind({ kind }: LabelledData, facts: ClassifyFacts | undefined, where: string): void {
  if (facts === undefined || facts.input.kind === kind) return;
  const word = (of: string) => (of === "text" ? "texts" : "numbers");
  throw new InputError(
    `the model reads ${word(facts.input.kind)}, but ${escapeControl(where)} holds ${word(kind)}`,
    {
      hint: "name data as the model was trained on",
    },
  );
}

function requireSameKind(data: LabelledData, held: LabelledData): void {
  if (data.kind === held.kind) return;
  throw new InputError("the data and the data of --val are of different kinds: texts and numbers", {
    hint: "give --val data as it is trained on",
  });
}

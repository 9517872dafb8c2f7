/** The data of `tag`: sequences with a label at every step. */
import { escapeControl, InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { MAX_CLASSES } from "../../data/classification-metrics.ts";
import type { DataSource } from "../../data/data-source.ts";
import { Items } from "../../data/items.ts";
import { lookaheadSteps } from "../../data/lookahead.ts";
import { movingShapeSteps } from "../../data/moving-shapes.ts";
import { type ReadStepOptions, readStepSequences } from "../../data/read-step-sequences.ts";
import { sortLabels } from "../../data/sequence-arrays.ts";
import { sharedInts } from "../../data/shared-arrays.ts";
import { groupedSplit, type ItemSplit } from "../../data/splits.ts";
import { type LabelledSteps, labelledSteps } from "../../data/step-guesses.ts";
import { describeInput, encodeSteps, type StepInput } from "../../data/step-inputs.ts";
import { fingerprintOf, groupsOfSteps, type StepSequences } from "../../data/step-sequences.ts";
import type { SequenceTaggerConfig } from "../../models/sequence-tagger-config.ts";
import type { DataFacts, Loaded, LoadRequest, TestRequest } from "../task.ts";
import { type BuiltInSet, type TagSettings, WORD_FEATURES } from "./defaults.ts";
import type { TagFacts } from "./facts.ts";

/** Sequences of one part, in the numbers of the model. */
export interface TagPart extends LabelledSteps {
  readonly names: readonly string[];
}

export interface TagData {
  readonly train: TagPart;
  readonly validation: TagPart;
  readonly facts: TagFacts;
  readonly set: BuiltInSet | null;
  readonly fingerprint: string;
  readonly validationFingerprint: string | undefined;
  readonly sequences: number;
  readonly steps: number;
}

/** How far the labels of the built-in set lie ahead. */
const LOOKAHEAD = 3;

const BUILT_IN: Readonly<Record<BuiltInSet, () => StepSequences>> = {
  lookahead: () => lookaheadSteps({ ahead: LOOKAHEAD }),
  video: () => movingShapeSteps(),
};

/**
 * Read the sequences and divide them, all of a group on one side.
 * @throws InputError for data that cannot be read, has fewer than two labels, or is not that of the run
 */
export async function loadSequences(
  request: LoadRequest<TagSettings, TagFacts>,
  hooks: LoadHooks,
): Promise<Loaded<TagSettings, TagData>> {
  const { source, settings, known } = request;
  if (source !== undefined && settings.set !== null) {
    throw new InputError("--set names built-in data, and DATA is given", { hint: "leave one of them out" });
  }
  const set = source === undefined ? (settings.set ?? "lookahead") : null;
  const options = { ...readOptions(settings.labelColumn, known?.facts.input), needsLabels: true };
  const read = (from: DataSource) => readStepSequences(from, options, hooks);
  const all = source === undefined ? BUILT_IN[set!]() : await read(source);
  const held = request.validation && (await read(request.validation));
  const fingerprint = fingerprintOf(all);
  const validationFingerprint = held && fingerprintOf(held);
  const counts = { sequences: all.lengths.length, steps: stepsOf(all) };
  request.verify({ fingerprint, counts, validation: validationFingerprint });
  const labels = known?.facts.labels ?? labelsOf(all);
  const split =
    held === undefined
      ? splitSequences(all, settings)
      : { train: everySequence(all), validation: new Int32Array(0) };
  const input = known?.facts.input ?? describeInput(all, split.train);
  const { labelColumn } = settings;
  const facts: TagFacts = { labels, input, ...(labelColumn !== null && { labelColumn }) };
  const whole = encode(all, facts, "the data");
  const validation =
    held === undefined ? subsetOf(whole, split.validation) : encode(held, facts, "the data of --val");
  if (labelledSteps(validation) === 0) {
    throw new InputError("no step that is to be validated on has a label", {
      hint: "give more labelled sequences, a larger --val-split, or data to validate on with --val",
    });
  }
  return {
    settings: adaptSettings(request, { ...facts, set }, hooks),
    data: {
      train: subsetOf(whole, split.train),
      validation,
      facts,
      set,
      fingerprint,
      validationFingerprint,
      ...counts,
    },
  };
}

/** How files are read for a model that knows its input. @param labelColumn null, undefined: the usual one */
export function readOptions(
  labelColumn: string | null | undefined,
  input: StepInput | undefined,
): ReadStepOptions {
  return {
    labelColumn: labelColumn ?? undefined,
    features: input?.kind === "frames" ? input.features : undefined,
  };
}

/** What of the settings the data decides, where no person did. */
function adaptSettings(
  { settings, isChosen, known }: LoadRequest<TagSettings, TagFacts>,
  { input, set }: TagFacts & { readonly set: BuiltInSet | null },
  { onNote }: LoadHooks,
): TagSettings {
  if (known !== undefined) return { ...settings, set };
  const isWords = input.kind === "words";
  if (!isWords && isChosen("embedding") && settings.embedding > 0) {
    throw new InputError("--embedding is for words, and the steps of this data are numbers", {
      hint: "leave --embedding out",
    });
  }
  const isLarge = isWords && input.vocabulary.length >= WORD_FEATURES;
  const needsVectors = isWords && (isLarge || !["rnn", "lstm", "gru"].includes(settings.cell));
  const embedding = isChosen("embedding") ? settings.embedding : needsVectors ? WORD_FEATURES : 0;
  const isAsked = isChosen("delay") || settings.bidirectional;
  if (set !== "lookahead" || isAsked) return { ...settings, set, embedding };
  onNote(
    `the label of a step is the symbol ${LOOKAHEAD} steps later, so it is asked for ${LOOKAHEAD} steps later (--delay ${LOOKAHEAD}); --delay 0 shows what a network does that cannot look ahead`,
  );
  return { ...settings, set, embedding, delay: LOOKAHEAD };
}

const stepsOf = ({ lengths }: StepSequences): number => lengths.reduce((sum, length) => sum + length, 0);

const everySequence = ({ lengths }: StepSequences): Int32Array => Int32Array.from(lengths.keys());

/** @throws InputError where no sequence is left to validate on */
function splitSequences(all: StepSequences, { valSplit, seed }: TagSettings): ItemSplit {
  const groups = groupsOfSteps(all);
  const split = groupedSplit(groups, valSplit, { seed });
  if (split.validation.length > 0) return split;
  const count = new Set(groups).size;
  const named = all.groups === undefined ? ` (${count} different)` : ` in ${count} groups`;
  const what = count === groups.length ? "" : named;
  throw new InputError(
    `--val-split ${valSplit} of ${all.lengths.length} sequences${what} leaves none to validate on`,
    { hint: "give more sequences, a larger --val-split, or data to validate on with --val" },
  );
}

/** @throws InputError for data without labels, with one label alone, or with very many */
function labelsOf({ labels }: StepSequences): string[] {
  const names = sortLabels(labels ?? []);
  if (names.length === 0) {
    throw new InputError("no step of the data has a label", {
      hint: "a table has them in its column label, an npz file in its array y; or name another --label-column",
    });
  }
  if (names.length < 2 || names.length > MAX_CLASSES) {
    throw new InputError(`the data must have 2 to ${MAX_CLASSES} different labels, got ${names.length}`);
  }
  return names;
}

function encode(all: StepSequences, { labels, input }: TagFacts, what: string, skipUnknown = false): TagPart {
  return {
    items: encodeSteps(all, input, what),
    labels: encodeLabels(all, labels, what, skipUnknown),
    names: all.names,
  };
}

/** @throws InputError for a label that is none of the model's, unless it is to be skipped */
function encodeLabels(
  { labels, lengths }: StepSequences,
  names: readonly string[],
  what: string,
  skipUnknown: boolean,
): Int32Array {
  const places = new Map(names.map((name, place) => [name, place]));
  const encoded = sharedInts(lengths.reduce((sum, length) => sum + length, 0)).fill(-1);
  for (const [at, label] of (labels ?? []).entries()) {
    const place = label === "" ? -1 : places.get(label);
    if (place === undefined && !skipUnknown) {
      throw new InputError(`${what} has the label ${escapeControl(label)}, which the model does not know`, {
        hint: `its labels are ${names.slice(0, 20).map(escapeControl).join(", ")}; --skip-unknown of eval leaves such steps out`,
      });
    }
    encoded[at] = place ?? -1;
  }
  return encoded;
}

function subsetOf({ items, labels, names }: TagPart, indices: Int32Array): TagPart {
  return {
    items: new Items(items).subset(indices).store,
    labels,
    names: Array.from(indices, (index) => names[index]),
  };
}

/** Sequences to measure a model on. @throws InputError for data without labels, and for labels that are not known */
export async function loadTestSequences(
  { source, settings, facts, skipUnknown }: TestRequest<TagSettings, SequenceTaggerConfig, TagFacts>,
  hooks: LoadHooks,
): Promise<TagData> {
  const labelColumn = settings?.labelColumn ?? facts.labelColumn;
  const all = await readStepSequences(source, readOptions(labelColumn, facts.input), hooks);
  const validation = encode(all, facts, source.description, skipUnknown);
  if (labelledSteps(validation) === 0) {
    throw new InputError(`no step of ${source.description} has a label to compare with`);
  }
  return {
    train: subsetOf(validation, new Int32Array(0)),
    validation,
    facts,
    set: null,
    fingerprint: fingerprintOf(all),
    validationFingerprint: undefined,
    sequences: all.lengths.length,
    steps: stepsOf(all),
  };
}

export function describeFacts(data: TagData): DataFacts<TagFacts> {
  const { fingerprint, sequences, steps, validationFingerprint: validation, facts } = data;
  return { fingerprint, counts: { sequences, steps }, validation, facts };
}

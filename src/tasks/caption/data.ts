/** The data of `caption`: pictures and their captions, in symbols. */
import { InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import { runJobInTurns, Turns } from "../../core/job.ts";
import { UNKNOWN } from "../../core/symbols.ts";
import type { DataSource } from "../../data/data-source.ts";
import { frameItems, type ItemStore, ItemsBuilder } from "../../data/items.ts";
import { learnPairTokensJob, type PairTokens } from "../../data/pair-tokens.ts";
import { fitScaling } from "../../data/scaling.ts";
import type { Scene } from "../../data/scenes.ts";
import { sharedInts } from "../../data/shared-arrays.ts";
import { groupedSplit, type ItemSplit } from "../../data/splits.ts";
import type { CaptionerConfig } from "../../models/captioner-config.ts";
import type { DataFacts, Loaded, LoadRequest, TestRequest } from "../task.ts";
import type { CaptionSettings } from "./defaults.ts";
import { type CaptionFacts, factsWith, MOST_SYMBOLS, type PictureInput, tokensOf } from "./facts.ts";
import { keyOfPicture, NO_PIXELS, type PictureStore, scaleStore, sizeOf } from "./pictures.ts";
import { type CaptionedPictures, fingerprintOf, readCaptioned, scenePictures } from "./read-data.ts";

/** Pictures with their captions: all of one part. */
export interface CaptionPart {
  /** Pictures of all parts. */
  readonly pictures: PictureStore;
  /** Which of them each picture of this part is. */
  readonly rows: Int32Array;
  /** Names of the pictures. */
  readonly names: readonly string[];
  /** The captions of each picture, as they were read. */
  readonly references: readonly (readonly string[])[];
  /** All captions in symbols, without START and END, one picture after the other. */
  readonly captions: ItemStore<Int32Array>;
  /** The picture of each caption, by its place in `rows`. */
  readonly pictureOf: Int32Array;
  /** What the built-in pictures show: how a caption is judged. */
  readonly scenes?: readonly Scene[];
}

export interface CaptionData {
  readonly train: CaptionPart;
  readonly validation: CaptionPart;
  readonly facts: CaptionFacts;
  readonly set: "scenes" | null;
  readonly fingerprint: string;
  readonly validationFingerprint: string | undefined;
  /** As they were read. */
  readonly counts: Readonly<Record<"pictures" | "captions", number>>;
  /** Share of the symbols to train on that are unknown. */
  readonly unknown: number;
}

type Request = LoadRequest<CaptionSettings, CaptionFacts>;

/**
 * Read the pictures with their captions and divide them, all captions of a picture on one side.
 * @throws InputError for data that cannot be read, or is not that of the run
 */
export async function loadCaptions(
  request: Request,
  hooks: LoadHooks,
): Promise<Loaded<CaptionSettings, CaptionData>> {
  const { source, validation } = request;
  const side = sideOf(request);
  const { skipMissing } = request.settings;
  const read = (from: DataSource, followSplits: boolean) =>
    readCaptioned(from, { side, skipMissing, followSplits }, hooks);
  const all = source === undefined ? scenePictures() : await read(source, validation === undefined);
  const held = validation && (await read(validation, false));
  const { settings, data } = await arrangeCaptions({ all, held }, request, hooks);
  return { settings, data: { ...data, set: source === undefined ? "scenes" : null } };
}

/**
 * {@link loadCaptions} of pictures that have been read.
 * @param given `held` is validated on; undefined: a part of `all`
 */
export async function arrangeCaptions(
  { all, held }: { readonly all: CaptionedPictures; readonly held?: CaptionedPictures },
  request: Request,
  hooks: LoadHooks,
): Promise<Loaded<CaptionSettings, CaptionData>> {
  const { known, settings } = request;
  const [fingerprint, heldFingerprint] = [fingerprintOf(all), held && fingerprintOf(held)];
  const counts = countsOf(all);
  request.verify({ fingerprint, counts, validation: heldFingerprint });
  const split = held === undefined ? dividePictures(all, settings) : { train: everyPicture(all) };
  const tokens =
    known === undefined ? await learnTokens(all, split.train, settings, hooks) : tokensOf(known.facts);
  const input = known?.facts.input ?? describeInput(all, split.train);
  const judgedBy = (held ?? all).scenes === undefined ? "bleu" : "right";
  const scaled = { ...all, pictures: scaleStore(all.pictures, input, "the data") };
  const train = await encodePart(scaled, split.train, tokens, hooks);
  const longest = Math.max(known?.facts.longest ?? 1, longestOf(train));
  const facts = factsWith(tokens, { input, longest, judgedBy });
  const validation =
    "validation" in split
      ? await encodePart(scaled, split.validation, tokens, hooks)
      : await encodeAll(held!, facts, "the data of --val", hooks);
  return {
    settings: { ...settings, size: input.kind === "pixels" ? input.side : null },
    data: {
      train,
      validation,
      facts,
      set: null,
      fingerprint,
      validationFingerprint: heldFingerprint,
      counts,
      unknown: unknownShare(train.captions.values),
    },
  };
}

/** Pixels of a side; undefined: the data may decide. */
function sideOf({ settings, known }: Request): number | undefined {
  const input = known?.facts.input;
  return input?.kind === "pixels" ? input.side : (settings.size ?? undefined);
}

function countsOf({ captions }: CaptionedPictures) {
  return { pictures: captions.length, captions: captions.reduce((sum, { length }) => sum + length, 0) };
}

/** Where a picture lies in the store. */
const rowOf = ({ rows }: CaptionedPictures, picture: number): number => rows?.[picture] ?? picture;

const everyPicture = ({ names }: CaptionedPictures): Int32Array => Int32Array.from(names.keys());

const longestOf = ({ captions }: CaptionPart): number =>
  captions.lengths.reduce((most, length) => Math.max(most, length), 0);

/**
 * Copies of a picture stand on one side, and of the built-in scenes those that show the same combination. Pictures of one
 * colour say nothing, so only their names count.
 * @throws InputError where no picture is left to validate on
 */
function dividePictures(all: CaptionedPictures, { valSplit, seed }: CaptionSettings): ItemSplit {
  if (all.split !== undefined) return all.split;
  const groups = all.names.map((name, at) => keyOfPicture(all.pictures, rowOf(all, at)) ?? `named ${name}`);
  const split = groupedSplit(groups, valSplit, { seed });
  if (split.validation.length > 0) return split;
  const different = new Set(groups).size;
  const some = different === groups.length ? "" : ` (${different} different)`;
  throw new InputError(
    `--val-split ${valSplit} of ${groups.length} pictures${some} leaves none to validate on`,
    { hint: "give more pictures, a larger --val-split, or pictures to validate on with --val" },
  );
}

/** The words of the captions to train on. */
async function learnTokens(
  { captions }: CaptionedPictures,
  train: Int32Array,
  { vocabSize, minCount, lowercase }: CaptionSettings,
  { signal, onProgress }: LoadHooks,
): Promise<PairTokens> {
  onProgress("learning the words", 0, null);
  const options = {
    kind: "word",
    lowercase,
    minCount,
    ...(vocabSize !== null && { size: vocabSize }),
  } as const;
  function* texts() {
    for (const picture of train) yield* captions[picture];
  }
  return runJobInTurns(learnPairTokensJob(texts(), options), signal);
}

/** What the model sees; the scale of features is that of the pictures to train on. */
function describeInput(all: CaptionedPictures, train: Int32Array): PictureInput {
  const { pictures } = all;
  if (pictures.kind === "pixels") return { kind: "pixels", side: pictures.side };
  const { places, features, values } = pictures;
  const size = sizeOf(pictures);
  const own = Array.from(train, (picture) => {
    const row = rowOf(all, picture);
    return values.subarray(row * size, (row + 1) * size);
  });
  return { kind: "features", places, features, scaling: fitScaling(frameItems(own, features)) };
}

/** Captions that are encoded between two looks at the clock. */
const PAUSE = 256;

/** Some of the pictures with their captions in symbols. Captions without a symbol, and far too long ones, are left out. */
async function encodePart(
  all: CaptionedPictures,
  indices: Int32Array,
  tokens: PairTokens,
  { signal, onNote }: LoadHooks,
): Promise<CaptionPart> {
  const captions = new ItemsBuilder("captions", new Int32Array(0), 1);
  const [pictureOf, rows]: [number[], number[]] = [[], []];
  const turns = new Turns(signal);
  let left = 0;
  for (const index of indices) {
    const encoded = all.captions[index].map((text) => tokens.encode(text));
    const usable = encoded.filter(({ length }) => length > 0 && length <= MOST_SYMBOLS);
    left += encoded.length - usable.length;
    if (usable.length === 0) continue;
    for (const ids of usable) {
      captions.add(ids);
      if (pictureOf.push(rows.length) % PAUSE === 0 && turns.isDue) await turns.take();
    }
    rows.push(index);
  }
  if (left > 0) onNote(`${left} captions without a word, or of more than ${MOST_SYMBOLS} words, left out`);
  if (rows.length === 0 && indices.length > 0) throw new InputError("no picture has a caption of words");
  const shared = (list: readonly number[]) => {
    const ints = sharedInts(list.length);
    ints.set(list);
    return ints;
  };
  return {
    pictures: all.pictures,
    rows: shared(rows.map((index) => rowOf(all, index))),
    names: rows.map((index) => all.names[index]),
    references: rows.map((index) => all.captions[index]),
    captions: captions.finish().store,
    pictureOf: shared(pictureOf),
    ...(all.scenes !== undefined && { scenes: rows.map((index) => all.scenes![index]) }),
  };
}

/** All pictures of other data than that which was trained on. */
function encodeAll(
  all: CaptionedPictures,
  facts: CaptionFacts,
  where: string,
  hooks: LoadHooks,
): Promise<CaptionPart> {
  const scaled = { ...all, pictures: scaleStore(all.pictures, facts.input, where) };
  return encodePart(scaled, everyPicture(all), tokensOf(facts), hooks);
}

function unknownShare(ids: Int32Array): number {
  const unknown = ids.reduce((count, id) => count + (id === UNKNOWN ? 1 : 0), 0);
  return unknown / Math.max(1, ids.length);
}

const none = () => new Int32Array(0);
const NO_PART: CaptionPart = {
  pictures: NO_PIXELS,
  rows: none(),
  names: [],
  references: [],
  captions: { values: none(), starts: none(), lengths: none(), features: 1 },
  pictureOf: none(),
};

/** Pictures to measure a model on. */
export async function loadTestCaptions(
  { source, facts, settings }: TestRequest<CaptionSettings, CaptionerConfig, CaptionFacts>,
  hooks: LoadHooks,
): Promise<CaptionData> {
  const { input } = facts;
  const side = input.kind === "pixels" ? input.side : undefined;
  const options = { side, skipMissing: settings?.skipMissing ?? false, followSplits: false };
  const all = await readCaptioned(source, options, hooks);
  const other: CaptionFacts = { ...facts, judgedBy: "bleu" };
  return {
    train: NO_PART,
    validation: await encodeAll(all, other, source.description, hooks),
    facts: other,
    set: null,
    fingerprint: fingerprintOf(all),
    validationFingerprint: undefined,
    counts: countsOf(all),
    unknown: 0,
  };
}

export function describeFacts(data: CaptionData): DataFacts<CaptionFacts> {
  const { fingerprint, counts, validationFingerprint: validation, facts } = data;
  return { fingerprint, counts, validation, facts };
}

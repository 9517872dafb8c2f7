/** How the steps of sequences become the input of a model: words as ids, numbers and pixels on one scale. */
import { InputError } from "../core/errors.ts";
import { type ItemStore, Items } from "./items.ts";
import { applyScaling, fitScaling, type Scaling } from "./scaling.ts";
import { sharedInts } from "./shared-arrays.ts";
import { type FrameSteps, itemsOfFrames, type StepSequences, startsOf, stepWidth } from "./step-sequences.ts";

/** What a step is, and how it becomes the input of a model. */
export type StepInput =
  | { readonly kind: "words"; readonly vocabulary: readonly string[] }
  | { readonly kind: "frames"; readonly features: readonly string[]; readonly scaling: Scaling }
  | {
      readonly kind: "images";
      readonly image: readonly [channels: number, height: number, width: number];
      /** Of one number: all pixels alike. */
      readonly scaling: Scaling;
    };

/** Words that occur once become the unknown one, so that it is met in training. */
const LEAST_COUNT = 2;

/** What the training part says of the input. */
export function describeInput({ steps, lengths }: StepSequences, train: Int32Array): StepInput {
  if (steps.kind === "words") return { kind: "words", vocabulary: vocabularyOf(steps.words, lengths, train) };
  const { image, features } = steps;
  if (image === null) {
    return { kind: "frames", features, scaling: fitScaling(itemsOfFrames(steps, lengths).subset(train)) };
  }
  return { kind: "images", image, scaling: fitScaling(pixelsOf(steps, lengths).subset(train)) };
}

/** All pixels as one feature. */
function pixelsOf(steps: FrameSteps, lengths: Int32Array): Items<Float32Array> {
  const size = stepWidth(steps);
  const times = (list: Int32Array) => list.map((one) => one * size);
  return new Items({
    values: steps.values,
    starts: times(startsOf(lengths)),
    lengths: times(lengths),
    features: 1,
  });
}

function vocabularyOf(words: readonly string[], lengths: Int32Array, train: Int32Array): string[] {
  const starts = startsOf(lengths);
  const counts = new Map<string, number>();
  for (const index of train) {
    for (let at = starts[index]; at < starts[index] + lengths[index]; at++) {
      counts.set(words[at], (counts.get(words[at]) ?? 0) + 1);
    }
  }
  const all = [...counts.keys()].sort();
  const frequent = all.filter((word) => counts.get(word)! >= LEAST_COUNT);
  return frequent.length > 0 ? frequent : all;
}

/** The id of each word; the one after all of them stands for words that are not known. */
export function wordIds(words: readonly string[], vocabulary: readonly string[]): Int32Array {
  const places = new Map(vocabulary.map((word, id) => [word, id]));
  const ids = sharedInts(words.length);
  for (const [at, word] of words.entries()) ids[at] = places.get(word) ?? vocabulary.length;
  return ids;
}

/**
 * The steps of sequences as a model reads them.
 * @param what the data is called in errors
 * @throws InputError for steps of another kind, and with other numbers
 */
export function encodeSteps(
  { steps, lengths }: StepSequences,
  input: StepInput,
  what: string,
): ItemStore<Int32Array | Float32Array> {
  if (steps.kind === "words" && input.kind === "words") {
    const values = wordIds(steps.words, input.vocabulary);
    return new Items({ values, starts: startsOf(lengths), lengths, features: 1 }).store;
  }
  if (steps.kind === "words" || input.kind === "words") {
    const [read, got] = input.kind === "words" ? ["words", "numbers"] : ["numbers", "words"];
    throw new InputError(`the model reads ${read}, and ${what} has ${got}`);
  }
  const image = input.kind === "images" ? input.image : null;
  const expected = input.kind === "images" ? describeImage(input.image) : describeNumbers(input.features);
  const got = steps.image === null ? describeNumbers(steps.features) : describeImage(steps.image);
  if (expected !== got) {
    throw new InputError(`a step of the model has ${expected}, and one of ${what} has ${got}`, {
      hint: "give data with the numbers that the model was trained on, in their order",
    });
  }
  if (image === null) return applyScaling(itemsOfFrames(steps, lengths), input.scaling).store;
  const { values } = applyScaling(pixelsOf(steps, lengths), input.scaling).store;
  return itemsOfFrames(steps, lengths, values).store;
}

const describeImage = (image: readonly number[]): string => `images of ${image.join(" x ")} numbers`;
const describeNumbers = (features: readonly string[]): string => `${features.length} numbers`;

/** What a trained tagger says of texts, sequences and files. */
import { scope } from "../../backend/scope.ts";
import { ids, tensor } from "../../backend/tensor.ts";
import { InputError } from "../../core/errors.ts";
import type { DataFile } from "../../data/data-source.ts";
import { Items, type ItemValues } from "../../data/items.ts";
import { largestOf, probabilitiesAt } from "../../data/logits.ts";
import { readStepFile } from "../../data/read-step-sequences.ts";
import { encodeSteps, type StepInput, wordIds } from "../../data/step-inputs.ts";
import { type FrameSteps, type StepSequences, stepWidth } from "../../data/step-sequences.ts";
import type { SequenceTagger } from "../../models/sequence-tagger.ts";
import { type SequenceTaggerConfig, stepSize } from "../../models/sequence-tagger-config.ts";
import { svgTimeline } from "../../render/svg-timeline.ts";
import { stretchesOf, timelineOfNames } from "../../render/timeline.ts";
import type { TagPrediction } from "../predictions.ts";
import type { Prediction, PredictionInput, TrainedModel } from "../task.ts";
import { readOptions } from "./data.ts";
import type { TagSettings } from "./defaults.ts";
import type { TagFacts } from "./facts.ts";

type Trained = TrainedModel<TagSettings, SequenceTaggerConfig, TagFacts, SequenceTagger>;

interface TaggedSequence {
  readonly name: string;
  readonly words?: readonly string[];
  /** Names of the labels, empty for none. */
  readonly truth?: readonly string[];
}

export async function* predict(
  trained: Trained,
  inputs: AsyncIterable<PredictionInput>,
): AsyncIterable<Prediction> {
  const { input } = trained.facts;
  for await (const { name, text, frames } of inputs) {
    if (frames !== undefined) {
      yield await label(trained, valuesOfFrames(frames, input, name), { name });
      continue;
    }
    if (input.kind !== "words") {
      throw new InputError("this model reads sequences of numbers, and no text", {
        hint: "name a table (.csv, .tsv) or a file of arrays (.npz)",
      });
    }
    const words = text
      .normalize("NFC")
      .split(/\s+/u)
      .filter((word) => word !== "");
    if (words.length === 0) {
      yield {
        text: `${name}: no word to label`,
        json: { input: text, words: [], labels: [] } satisfies TagPrediction,
      };
      continue;
    }
    yield await label(trained, wordIds(words, input.vocabulary), { name: text.trim(), words });
  }
}

/** Steps that code gives. @throws InputError for what is no sequence of the model's numbers */
function valuesOfFrames(frames: PredictionInput["frames"] & {}, input: StepInput, name: string): ItemValues {
  if (input.kind === "words") throw new InputError(`${name}: the model reads words, and no numbers`);
  const [image, features] = input.kind === "images" ? [input.image, []] : [null, input.features];
  const steps: FrameSteps = { kind: "frames", values: new Float32Array(), features, image };
  const width = stepWidth(steps);
  const values = Float32Array.from(frames.flatMap((step) => Array.from(step)));
  const wrong = frames.findIndex(
    (step, at) =>
      step.length !== width || !values.subarray(at * width, (at + 1) * width).every(Number.isFinite),
  );
  if (frames.length === 0 || wrong >= 0) {
    const got = frames.length === 0 ? "no step" : `step ${wrong} of ${frames[wrong].length}`;
    throw new InputError(`${name} must be steps of ${width} numbers that are finite in 32 bits, got ${got}`);
  }
  const all: StepSequences = {
    steps: { ...steps, values },
    lengths: Int32Array.of(frames.length),
    names: [name],
    labels: undefined,
    groups: undefined,
  };
  return new Items(encodeSteps(all, input, name)).item(0);
}

export async function* predictFile(trained: Trained, file: DataFile): AsyncIterable<Prediction> {
  const { facts } = trained;
  // Of words the column may be missing where there is no label.
  const labelColumn = facts.input.kind === "words" ? undefined : facts.labelColumn;
  const all: StepSequences = await readStepFile(file, readOptions(labelColumn, facts.input));
  const items = new Items(encodeSteps(all, facts.input, file.name));
  let at = 0;
  for (const [index, length] of all.lengths.entries()) {
    const of = (list: readonly string[] | undefined) => list?.slice(at, at + length);
    const words = all.steps.kind === "words" ? of(all.steps.words) : undefined;
    yield await label(trained, items.item(index), { name: all.names[index], words, truth: of(all.labels) });
    at += length;
  }
}

/** @param values ids of one sequence, or its frames */
async function label(
  { model, facts, backend, config }: Trained,
  values: ItemValues,
  { name, words, truth }: TaggedSequence,
): Promise<Prediction> {
  const { labels } = facts;
  const logits = await scope(() => {
    const size = stepSize(config);
    const steps = values.length / size;
    const input = values instanceof Int32Array ? ids(values, [1, steps]) : tensor(values, [1, steps, size]);
    return model.forward(input).read();
  }, backend);
  const places = Array.from({ length: logits.length / labels.length }, (_, t) =>
    largestOf(logits, t * labels.length, labels.length),
  );
  const probabilities = places.map(
    (place, t) => probabilitiesAt(logits, t * labels.length, labels.length)[place],
  );
  const predicted = places.map((place) => labels[place]);
  const shown =
    words === undefined
      ? `${name}\t${stretchesOf(places)
          .map(({ label, from, to }) => `${labels[label]} ${from === to - 1 ? from : `${from}-${to - 1}`}`)
          .join(", ")}`
      : words.map((word, t) => `${word}/${predicted[t]}`).join(" ");
  return {
    text: shown,
    json: {
      input: name,
      ...(words !== undefined && { words }),
      labels: predicted,
      probabilities,
      ...(truth !== undefined && { truth }),
    } satisfies TagPrediction,
  };
}

/** Some predictions as a picture shows them. */
export function drawPredictions(predictions: readonly Prediction[]): string {
  const sequences = predictions.map(({ json }) => {
    const { input, labels, truth, words } = json as {
      input: string;
      labels: string[];
      truth?: string[];
      words?: string[];
    };
    return { name: input, predicted: labels, truth, words };
  });
  return svgTimeline(timelineOfNames(sequences));
}

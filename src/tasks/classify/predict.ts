/** What a trained classifier says of texts, sequences and files. */

import { scope } from "../../backend/scope.ts";
import { ids, type Tensor, tensor } from "../../backend/tensor.ts";
import { escapeControl, FormatError, InputError } from "../../core/errors.ts";
import type { LoadHooks } from "../../core/hooks.ts";
import type { DataFile } from "../../data/data-source.ts";
import { probabilitiesAt } from "../../data/logits.ts";
import { kindOfFile, readSequences } from "../../data/number-files.ts";
import { decodeText } from "../../io/decode-text.ts";
import { parseJsonLines, textField } from "../../io/json-lines.ts";
import { parseTable, textColumn } from "../../io/table.ts";
import { quote } from "../../io/table-columns.ts";
import type { SequenceClassifier } from "../../models/sequence-classifier.ts";
import type { SequenceClassifierConfig } from "../../models/sequence-classifier-config.ts";
import { type JudgedInput, svgProbabilities } from "../../render/svg-probabilities.ts";
import type { ClassifyPrediction } from "../predictions.ts";
import type { Prediction, PredictionInput, TrainedModel } from "../task.ts";
import type { ClassifySettings } from "./defaults.ts";
import { type ClassifyFacts, type NumberInput, type TextInput, tokensOf } from "./facts.ts";

type Trained = TrainedModel<ClassifySettings, SequenceClassifierConfig, ClassifyFacts, SequenceClassifier>;

/** Labels that a prediction shows. */
const SHOWN = 3;

/** Of longer texts no opinion is followed. */
const LONGEST_SCORED = 4096;

/** A model that does not read in one direction reads every beginning by itself: of longer texts that takes too long. */
const LONGEST_REREAD = 256;

interface Ranked {
  readonly label: string;
  readonly probability: number;
}

function rank(probabilities: readonly number[], { labels }: ClassifyFacts): Ranked[] {
  return probabilities
    .map((probability, place) => ({ label: labels[place], probability }))
    .toSorted((a, b) => b.probability - a.probability);
}

function describe(name: string, input: string, ranked: readonly Ranked[]): Prediction {
  const shown = ranked.slice(0, SHOWN).map(({ label, probability }) => `${label} ${probability.toFixed(2)}`);
  const probabilities = Object.fromEntries(ranked.map(({ label, probability }) => [label, probability]));
  return {
    text: `${name}\t${shown.join("\t")}`,
    json: { input, label: ranked[0].label, probabilities } satisfies ClassifyPrediction,
  };
}

const oneRow = async (trained: Trained, make: () => Tensor): Promise<number[]> => {
  const logits = await scope(() => trained.model.forward(make()).read(), trained.backend);
  return probabilitiesAt(logits, 0, logits.length);
};

/** The tokens of a text, each with what the model says when it has read so far. */
interface Score {
  readonly token: string;
  /** The likeliest label after this token. */
  readonly label: string;
  readonly probability: number;
  /** The probability, after this token, of the label that is predicted in the end. */
  readonly predicted: number;
}

/** How the opinion forms. Undefined where a model would have to read too long a text again and again. */
async function scoreTokens(
  { model, facts, backend }: Trained,
  tokens: readonly string[],
  symbols: Int32Array,
  predicted: string,
): Promise<Score[] | undefined> {
  const { cell, bidirectional } = model.config;
  const longest = cell === "conv" || bidirectional ? LONGEST_REREAD : LONGEST_SCORED;
  if (symbols.length > longest) return undefined;
  const { labels } = facts;
  const all = await scope(() => model.prefixLogits(ids(symbols, [1, symbols.length])).read(), backend);
  return Array.from(symbols, (_, at) => {
    const own = probabilitiesAt(all, at * labels.length, labels.length);
    const [{ label, probability }] = rank(own, facts);
    return { token: tokens[at], label, probability, predicted: own[labels.indexOf(predicted)] };
  });
}

async function predictText(
  trained: Trained,
  input: TextInput,
  name: string,
  text: string,
): Promise<Prediction> {
  const { facts } = trained;
  const known = tokensOf(facts);
  const tokens = known.split(text).slice(0, input.maxLength);
  const symbols = known.encode(text).subarray(0, input.maxLength);
  if (symbols.length === 0) {
    return {
      text: `${name}: nothing to classify`,
      json: { input: text, label: null, probabilities: {} } satisfies ClassifyPrediction,
    };
  }
  const ranked = rank(await oneRow(trained, () => ids(symbols, [1, symbols.length])), facts);
  const shown = text.trim().replace(/\s+/g, " ");
  const prediction = describe(shown, text, ranked);
  const scores = await scoreTokens(trained, tokens, symbols, ranked[0].label);
  if (scores === undefined) return prediction;
  const space = input.tokens === "word" ? " " : "";
  return {
    ...prediction,
    json: { ...prediction.json, scores },
    pieces: scores.map(({ token, predicted }) => ({ text: `${token}${space}`, value: predicted })),
  };
}

/**
 * @param frames numbers of all steps, [steps, features], as they were read
 * @param expected the label that the file gives
 */
async function predictFrames(
  trained: Trained,
  { scaling, maxLength }: NumberInput,
  { name, frames, expected }: { name: string; frames: ArrayLike<number>; expected?: string },
): Promise<Prediction> {
  const { mean, deviation } = scaling;
  const width = mean.length;
  const steps = Math.min(maxLength, frames.length / width);
  const values = Float32Array.from(
    { length: steps * width },
    (_, at) => (frames[at] - mean[at % width]) / deviation[at % width],
  );
  const probabilities = await oneRow(trained, () => tensor(values, [1, steps, width]));
  const prediction = describe(name, name, rank(probabilities, trained.facts));
  if (expected === undefined) return prediction;
  return { ...prediction, json: { ...prediction.json, expected } };
}

/** `5.1, 3.5, 1.4` -> numbers of one step. @throws InputError */
function parseRow(text: string, name: string, { format, isOneStep }: NumberInput): number[] {
  const { features } = format;
  if (!isOneStep) {
    throw new InputError(`${name}: the model reads sequences of numbers, and no text`, {
      hint: "name a file: a table (.csv), an array (.npy, .npz) or a recording (.wav)",
    });
  }
  const cells = text.trim().split(/[\s,;]+/);
  const row = cells.map((cell) => (cell === "" ? Number.NaN : Number(cell)));
  checkStep(name, row, features, cells);
  return row;
}

/** @param written the numbers as they were typed. @throws InputError */
function checkStep(
  name: string,
  step: ArrayLike<unknown>,
  features: readonly string[],
  written: ArrayLike<unknown> = step,
): void {
  const wrong = Array.from(step).findIndex((x) => typeof x !== "number" || !Number.isFinite(x));
  if (step.length === features.length && wrong < 0) return;
  const list = features.slice(0, 12).map(escapeControl).join(", ");
  const got =
    step.length === features.length ? `and ${quote(String(written[wrong]))} is none` : `got ${step.length}`;
  throw new InputError(`${name} must be ${features.length} finite numbers, ${got}`, {
    hint: `give a number for each of ${list}${features.length > 12 ? ", ..." : ""}`,
  });
}

/** Steps that code gives, one after the other. @throws InputError for what is no sequence of the model's numbers */
function joinSteps(
  steps: PredictionInput["frames"] & {},
  name: string,
  { format, isOneStep }: NumberInput,
): number[] {
  if (steps.length === 0 || (isOneStep && steps.length > 1)) {
    const wanted = isOneStep ? "one step" : "at least one step";
    throw new InputError(`${name} must have ${wanted}, got ${steps.length}`);
  }
  for (const [at, step] of steps.entries()) checkStep(`${name}: step ${at}`, step, format.features);
  return steps.flatMap((step) => Array.from(step));
}

export async function* predict(
  trained: Trained,
  inputs: AsyncIterable<PredictionInput>,
): AsyncIterable<Prediction> {
  const { input } = trained.facts;
  for await (const { name, text, frames } of inputs) {
    if (input.kind === "text") {
      if (frames !== undefined) throw new InputError(`${name}: the model reads texts, and no numbers`);
      yield await predictText(trained, input, name, text);
    } else {
      const numbers = frames === undefined ? parseRow(text, name, input) : joinSteps(frames, name, input);
      yield await predictFrames(trained, input, {
        name: frames === undefined ? text.trim() : name,
        frames: numbers,
      });
    }
  }
}

/** Tables and JSON lines, whose texts are in a column; files that are an item each; and all that holds numbers. */
export function readsWholeFile({ input }: ClassifyFacts, name: string): boolean {
  if (input.kind === "numbers") return true;
  return kindOfFile(name) !== "text" || input.items === "file";
}

/** @throws InputError, FormatError for a file that the model cannot read */
export async function* predictFile(
  trained: Trained,
  file: DataFile,
  { onNote }: LoadHooks,
): AsyncIterable<Prediction> {
  const { input } = trained.facts;
  if (input.kind === "text") {
    for (const { name, text, expected } of await textsOfFile(file, input)) {
      const prediction = await predictText(trained, input, name, text);
      yield expected === undefined ? prediction : { ...prediction, json: { ...prediction.json, expected } };
    }
    return;
  }
  const { labelColumn, format } = input;
  const sequences = await readSequences(file, { labelColumn, format });
  const { items, labels } = sequences;
  if (items.longest > input.maxLength)
    onNote(`of longer sequences the first ${input.maxLength} steps are read`);
  for (let index = 0; index < items.count; index++) {
    const name = items.count === 1 ? escapeControl(file.name) : sequences.placeOf(index);
    yield await predictFrames(trained, input, { name, frames: items.item(index), expected: labels?.[index] });
  }
}

interface NamedText {
  readonly name: string;
  readonly text: string;
  /** The label that the file gives. */
  readonly expected?: string;
}

async function textsOfFile(
  file: DataFile,
  { textColumn: own, labelColumn }: TextInput,
): Promise<NamedText[]> {
  const { name } = file;
  const kind = kindOfFile(name);
  const bytes = await file.read();
  const column = own ?? "text";
  if (kind === "table") {
    const table = parseTable(bytes, { name });
    const labels = table.columns.includes(labelColumn) ? textColumn(table, labelColumn) : undefined;
    return textColumn(table, column).map((text, row) => ({
      name: `${table.name}:${table.lines[row]}`,
      text,
      expected: labels?.[row],
    }));
  }
  if (kind === "json") {
    const lines = parseJsonLines(bytes, { name });
    return lines.records.map((record, at) => ({
      name: `${lines.name}:${lines.lines[at]}`,
      text: textField(lines, at, column),
      ...(Object.hasOwn(record, labelColumn) && { expected: textField(lines, at, labelColumn) }),
    }));
  }
  if (kind !== "text") throw new FormatError(escapeControl(name), "holds numbers, and the model reads texts");
  return [{ name, text: decodeText(bytes, escapeControl(name)) }];
}

/** A prediction as its picture shows it. */
function judgedOf({ json, pieces }: Prediction): JudgedInput {
  const { input, probabilities } = json as { input: string; probabilities: Readonly<Record<string, number>> };
  const labels = Object.entries(probabilities).map(([label, probability]) => ({ label, probability }));
  return { text: input, labels: labels.toSorted((a, b) => b.probability - a.probability), pieces };
}

export function predictionPicture(predictions: readonly Prediction[]) {
  return { kind: "picture" as const, svg: svgProbabilities(predictions.map(judgedOf)) };
}

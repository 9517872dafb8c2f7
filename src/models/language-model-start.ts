/** A classifier that starts from a language model: its embedding and its recurrent layers (Dai and Le 2015; Howard and Ruder 2018). */
import { FormatError } from "../core/errors.ts";
import type { LanguageModelConfig } from "./language-model-config.ts";

/** A tensor of a checkpoint. */
export interface StartTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/**
 * The tensors that a classifier takes over, under its names. Each of its symbols gets the numbers of one symbol of the
 * language model, or the mean of all where that has none, as for the unknown character of a model of characters.
 * @param tensors of the language model's checkpoint, by name
 * @param model the language model's configuration
 * @param rows for each id of the classifier the id of the language model; -1: none
 * @param layers how many recurrent layers are taken, from the first on; 0 only of a model with an embedding. A cell of the
 *   user's own has all of them or none
 * @param where the checkpoint, for errors
 * @throws FormatError for tensors that are not those of such a model
 */
export function startFromLanguageModel(
  tensors: ReadonlyMap<string, StartTensor>,
  model: LanguageModelConfig,
  { rows, layers, where }: { rows: Int32Array; layers: number; where: string },
): Map<string, StartTensor> {
  const taken = new Map<string, StartTensor>();
  const { vocabulary, embedding } = model;
  for (const [name, tensor] of tensors) {
    if (name.startsWith("rnn.") && (layers === model.layers || layerOf(name) < layers))
      taken.set(name, tensor);
  }
  // Of one-hot symbols the first layer has a column each.
  const name = embedding > 0 ? "embedding.weight" : "rnn.weight_ih_l0";
  const table = tensors.get(name);
  if (table === undefined || table.shape.length !== 2 || table.shape[embedding > 0 ? 0 : 1] !== vocabulary) {
    throw new FormatError(where, `must have the tensor ${name} of ${vocabulary} symbols`);
  }
  taken.set(name, embedding > 0 ? takeRows(table, rows) : takeColumns(table, rows));
  return taken;
}

/** `rnn.weight_ih_l2` -> 2 */
function layerOf(name: string): number {
  return Number(/_l(\d+)$/.exec(name)?.[1] ?? Number.NaN);
}

function takeRows({ shape: [count, width], data }: StartTensor, rows: Int32Array): StartTensor {
  const mean = new Float64Array(width);
  for (let at = 0; at < data.length; at++) mean[at % width] += data[at] / count;
  const taken = new Float32Array(rows.length * width);
  for (const [at, row] of rows.entries()) {
    taken.set(row < 0 ? mean : data.subarray(row * width, (row + 1) * width), at * width);
  }
  return { shape: [rows.length, width], data: taken };
}

function takeColumns({ shape: [height, count], data }: StartTensor, columns: Int32Array): StartTensor {
  const taken = new Float32Array(height * columns.length);
  for (let row = 0; row < height; row++) {
    const own = data.subarray(row * count, (row + 1) * count);
    let mean = 0;
    for (let at = 0; at < count; at++) mean += own[at] / count;
    for (const [at, column] of columns.entries()) {
      taken[row * columns.length + at] = column < 0 ? mean : own[column];
    }
  }
  return { shape: [height, columns.length], data: taken };
}

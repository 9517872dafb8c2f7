import type { Backend } from "../backend/backend.ts";
import { InputError } from "../core/errors.ts";
import type { Rng } from "../core/rng.ts";
import type { CreateCell } from "../nn/cell.ts";
import { GRU } from "../nn/gru.ts";
import { LSTM } from "../nn/lstm.ts";
import type { RecurrentLayer, RecurrentOptions } from "../nn/recurrent-layer.ts";
import { RecurrentStack } from "../nn/recurrent-stack.ts";
import { RNN } from "../nn/rnn.ts";
import type { BuiltInCell } from "./cells.ts";

/** The recurrent layers of a model: fused ones for a built-in cell, a stack of steps for a cell of the user's own. */
export type RecurrentBody = RecurrentLayer | RecurrentStack<unknown>;

export interface RecurrentBodySettings {
  readonly cell: BuiltInCell | "own";
  /** Features of one step of the input, or the number of ids where the input is one-hot. */
  readonly inputs: number;
  readonly hidden: number;
  readonly layers: number;
  readonly dropout: number;
  readonly variational: boolean;
  readonly bidirectional?: boolean;
  /** For a built-in cell: input and output are [B, T, ...]. */
  readonly batchFirst?: boolean;
}

export interface RecurrentBodyOptions {
  readonly rng: Rng;
  readonly backend?: Backend;
  /** For `cell: "own"`: makes the cell of a layer. */
  readonly createCell?: CreateCell;
  /** What errors call an own cell. */
  readonly cellName?: string;
}

/**
 * Recurrent layers for time-major input, [T, B, inputs] or ids [T, B], unless `batchFirst`.
 * @param model what errors call the model, as "LanguageModel"
 * @throws InputError for `cell: "own"` without `createCell`
 */
export function makeRecurrentBody(
  model: string,
  settings: RecurrentBodySettings,
  { rng, backend, createCell, cellName }: RecurrentBodyOptions,
): RecurrentBody {
  const { cell, inputs, hidden, layers, dropout, variational, bidirectional, batchFirst = false } = settings;
  const options: RecurrentOptions = {
    rng,
    backend,
    layers,
    dropout,
    variational,
    bidirectional,
    batchFirst,
  };
  if (cell === "rnn") return new RNN(inputs, hidden, options);
  if (cell === "gru") return new GRU(inputs, hidden, options);
  if (cell === "lstm") return new LSTM(inputs, hidden, options);
  if (createCell === undefined) throw new InputError(`${model}: cell "own" needs createCell`);
  const cells = Array.from({ length: layers }, (_, layer) =>
    createCell(layer === 0 ? inputs : hidden, hidden, { rng, backend }),
  );
  return new RecurrentStack(cells, {
    dropout,
    variational,
    batchFirst: false,
    outputSize: hidden,
    name: cellName,
  });
}

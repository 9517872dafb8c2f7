import { recurrent } from "../autograd/ops/recurrent.ts";
import type { CellKind } from "../autograd/ops/recurrent-cells.ts";
import type { FloatArray } from "../backend/backend.ts";
import { Frames } from "../backend/scope.ts";
import { ids as idsTensor, type Tensor } from "../backend/tensor.ts";
import { Turns } from "../core/index.ts";
import { checkValue, FUNCTION, listOfAny } from "../core/options.ts";
import { LanguageModel } from "../models/language-model.ts";
import { detachState } from "../nn/cell-state.ts";
import { RecurrentLayer } from "../nn/recurrent-layer.ts";
import { RecurrentState } from "../nn/recurrent-state.ts";

/** The states of one layer after each symbol of a text: arrays [symbols, width], row by row. */
export interface LayerTrace {
  readonly width: number;
  /** Hidden states; the outputs of a user's cell. */
  readonly hidden: Float32Array;
  /** Cell states, LSTM only. */
  readonly cell: Float32Array | undefined;
}

/** How often a gate of a layer was nearly closed and nearly open. */
export interface GateSaturation {
  readonly layer: number;
  readonly gate: string;
  /** The share of all activations that are below 0.1. */
  readonly below: number;
  /** The share of all activations that are above 0.9. */
  readonly above: number;
}

export interface ModelTrace {
  readonly symbols: number;
  readonly layers: readonly LayerTrace[];
  /** Empty for cells without gates, and for a user's cell, whose gates are not known. */
  readonly saturation: readonly GateSaturation[];
}

/** The sigmoid gates among the blocks that the kernel of each cell saves (kernels/unrolled.h). */
const GATES: Record<CellKind, { readonly blocks: number; readonly gates: Readonly<Record<string, number>> }> =
  {
    lstm: { blocks: 4, gates: { input: 0, forget: 1, output: 3 } },
    gru: { blocks: 4, gates: { reset: 1, update: 2 } },
    "gru-before": { blocks: 3, gates: { reset: 0, update: 1 } },
    "rnn-tanh": { blocks: 0, gates: {} },
    "rnn-relu": { blocks: 0, gates: {} },
  };

/** The thresholds of Karpathy, Johnson and Li, "Visualizing and understanding recurrent networks" (2015). */
const SHUT = 0.1;
const OPEN = 0.9;

/** The number of symbols in one call. */
const CHUNK = 256;

/** The values of one chunk of one layer. */
interface Piece {
  readonly hidden: FloatArray;
  readonly cell?: FloatArray;
  readonly gates?: FloatArray;
}

/**
 * Reads a text symbol by symbol from a zero state and records the states of every layer. The model does not change.
 * @param onProgress called with the number of symbols that were read
 */
export async function traceModel(
  model: LanguageModel,
  ids: ArrayLike<number>,
  onProgress: (done: number) => void = () => {},
): Promise<ModelTrace> {
  const isModel = { text: "a LanguageModel", fits: (value: unknown) => value instanceof LanguageModel };
  checkValue("traceModel: model", isModel, model);
  const isId = (id: unknown) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < vocabulary;
  const { vocabulary } = model.config;
  checkValue(
    "traceModel: ids",
    listOfAny({ text: "an id", fits: isId }, `a list of ids below ${vocabulary}`),
    ids,
  );
  checkValue("traceModel: onProgress", FUNCTION, onProgress);
  const symbols = ids.length;
  const width = model.config.hidden;
  const isLstm = model.rnn instanceof RecurrentLayer && model.rnn.kind === "lstm";
  const layers: LayerTrace[] = Array.from({ length: model.config.layers }, () => ({
    width,
    hidden: new Float32Array(symbols * width),
    cell: isLstm ? new Float32Array(symbols * width) : undefined,
  }));
  const counts = new GateCounts(model);
  const frames = new Frames(model.head.weight.backend);
  const turns = new Turns();
  let state: unknown;
  for (let at = 0; at < symbols; at += CHUNK) {
    const steps = Math.min(CHUNK, symbols - at);
    const part = Array.from({ length: steps }, (_, t) => ids[at + t]);
    const pieces = await frames.run(() => {
      const symbols = idsTensor(part, [steps, 1]);
      const run = runLayers(model, model.embedding?.forward(symbols) ?? symbols, state);
      state = detachState(run.state);
      return run.pieces;
    });
    for (const [layer, { hidden, cell, gates }] of pieces.entries()) {
      layers[layer].hidden.set(hidden, at * width);
      if (cell !== undefined) layers[layer].cell?.set(cell, at * width);
      if (gates !== undefined) counts.add(layer, gates);
    }
    onProgress(at + steps);
    if (turns.isDue) await turns.take();
  }
  frames.dispose();
  return { symbols, layers, saturation: counts.shares(symbols * width) };
}

/** Runs every layer on x [T, 1, I] or ids [T, 1]. */
function runLayers(model: LanguageModel, x: Tensor, state: unknown) {
  if (model.rnn instanceof RecurrentLayer)
    return runBuiltIn(model.rnn, x, state as RecurrentState[] | undefined);
  const pieces: Promise<Piece>[] = [];
  const states: unknown[] = [];
  let input = x;
  for (const [index, layer] of model.rnn.layers.entries()) {
    const run = layer.forward(input, { state: (state as unknown[] | undefined)?.[index], training: false });
    input = run.output;
    states.push(run.state);
    pieces.push(run.output.read().then((hidden) => ({ hidden })));
  }
  return { pieces: Promise.all(pieces), state: states as unknown };
}

/** Runs layer by layer, since the layers together return only the output of the last one. */
function runBuiltIn(rnn: RecurrentLayer, x: Tensor, state: RecurrentState[] | undefined) {
  const pieces: Promise<Piece>[] = [];
  const states: RecurrentState[] = [];
  let input = x;
  for (const [index, bound] of rnn.bind().entries()) {
    const run = recurrent(bound, input, state?.[index], undefined, true);
    input = run.output;
    states.push(new RecurrentState(run.hidden, run.cell));
    const parts = [run.output.read(), run.cells?.read(), run.gates?.read()] as const;
    pieces.push(Promise.all(parts).then(([hidden, cell, gates]) => ({ hidden, cell, gates })));
  }
  return { pieces: Promise.all(pieces), state: states as unknown };
}

class GateCounts {
  private readonly found: { layer: number; gate: string; block: number; below: number; above: number }[] = [];
  private readonly blocks: number;
  private readonly width: number;

  constructor({ rnn, config }: LanguageModel) {
    const kind = rnn instanceof RecurrentLayer ? GATES[rnn.kind] : { blocks: 0, gates: {} };
    this.blocks = kind.blocks;
    this.width = config.hidden;
    for (let layer = 0; layer < config.layers; layer++) {
      for (const [gate, block] of Object.entries(kind.gates)) {
        this.found.push({ layer, gate, block, below: 0, above: 0 });
      }
    }
  }

  /** @param gates [steps, blocks * width] */
  add(layer: number, gates: FloatArray): void {
    const row = this.blocks * this.width;
    for (const counts of this.found) {
      if (counts.layer !== layer) continue;
      for (let from = counts.block * this.width; from < gates.length; from += row) {
        for (let unit = from; unit < from + this.width; unit++) {
          if (gates[unit] < SHUT) counts.below++;
          else if (gates[unit] > OPEN) counts.above++;
        }
      }
    }
  }

  shares(total: number): GateSaturation[] {
    return this.found.map(({ layer, gate, below, above }) => ({
      layer,
      gate,
      // Without symbols, total is 0.
      below: below / Math.max(total, 1),
      above: above / Math.max(total, 1),
    }));
  }
}

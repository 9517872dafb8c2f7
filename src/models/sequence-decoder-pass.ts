/** A pass over known targets: rows sorted by length, packed step after step, so that nothing is computed for padding. */
import { argmax } from "../autograd/ops/argmax.ts";
import type { AttentionMemory } from "../autograd/ops/attention.ts";
import { concat, split } from "../autograd/ops/concat.ts";
import { add } from "../autograd/ops/elementwise.ts";
import { gatherRows } from "../autograd/ops/gather-rows.ts";
import { linear } from "../autograd/ops/linear.ts";
import { type InitialState, recurrent } from "../autograd/ops/recurrent.ts";
import { BoundWeights } from "../autograd/ops/recurrent-weights.ts";
import { splitRows } from "../autograd/ops/split-rows.ts";
import { swapAxes } from "../autograd/ops/time.ts";
import { noGradient } from "../autograd/tape.ts";
import { scope } from "../backend/scope.ts";
import { ids, type Tensor } from "../backend/tensor.ts";
import type { Timeline } from "../nn/timeline.ts";
import type { DecoderDraws, DecoderRows } from "./sequence-decoder-rows.ts";
import {
  advance,
  type DecoderInput,
  type DecoderModules,
  join,
  layerStates,
  mapParts,
  readOut,
  readParts,
} from "./sequence-decoder-step.ts";

/** The input of a decoder in the order of a pass. */
interface SortedInput {
  readonly states: readonly InitialState[];
  readonly context: Tensor | undefined;
  readonly first: Tensor | undefined;
}

function sortInput(
  decoder: DecoderModules,
  { state0, context, first }: DecoderInput,
  time: Timeline,
): SortedInput {
  const sort = (tensor: Tensor | undefined) => tensor && time.sortBatch(tensor);
  const states = layerStates(decoder.config.layers, state0).map((state) => mapParts(state, time.sortBatch));
  return { states, context: sort(context), first: sort(first) };
}

/** What f_y reads, [N, F], and with attention the weights of each step, [n, S], the step before START included. */
export interface DecoderFeatures {
  readonly features: Tensor;
  readonly weights: readonly Tensor[];
}

/**
 * The lowest layer and its input where c enters every step. The product of c is the same at each of them, and is computed
 * once for each sentence: a fifth of a training step at 1024 features of c. The layer is given what the input adds to its
 * gates as the weights of one-hot inputs, whose ids are the rows.
 */
function withContext(
  bound: BoundWeights,
  vectors: Tensor,
  context: Tensor,
  time: Timeline,
): { bound: BoundWeights; x: Tensor } {
  const { weightIh } = bound.weights;
  const [ofVectors, ofContext] = split(weightIh, [vectors.shape[1], context.shape[1]]);
  const shared = gatherRows(linear(context, ofContext), time.sequenceOfRow());
  const sums = add(linear(vectors, ofVectors), shared);
  const rows = Int32Array.from({ length: sums.shape[0] }, (_, row) => row);
  return {
    bound: new BoundWeights(bound.kind, { ...bound.weights, weightIh: swapAxes(sums) }),
    x: ids(rows),
  };
}

/** All steps of each layer at once: without attention and with the true symbols everywhere. */
export function wholeSequences(
  decoder: DecoderModules,
  input: DecoderInput,
  rows: DecoderRows,
  draws: DecoderDraws,
): DecoderFeatures {
  const { time, before } = rows;
  const { states, context, first } = sortInput(decoder, input, time);
  const vectors = vectorsOf(decoder, rows, first, draws);
  const bound = decoder.rnn.bind();
  const [lowest, ...others] =
    context === undefined
      ? [{ bound: bound[0], x: vectors }, ...bound.slice(1)]
      : [withContext(bound[0], vectors, context, time), ...bound.slice(1)];
  let h = recurrent(lowest.bound, lowest.x, states[0], time.rows).output;
  for (const [index, weights] of others.entries()) {
    h = recurrent(weights, draws.layer(h, 0, index + 1), states[index + 1], time.rows).output;
  }
  const behind = (x: Tensor) => (before === 0 ? x : splitRows(x, [before, x.shape[0] - before])[1]);
  const { outputReads } = decoder.config;
  const c = outputReads.context && context ? gatherRows(context, time.sequenceOfRow()) : undefined;
  return { features: join(readParts(outputReads, h, vectors, c).map(behind)), weights: [] };
}

/** The vectors of y_{t-1} in all rows, after dropout: [N, E]. */
function vectorsOf(
  decoder: DecoderModules,
  { previous }: DecoderRows,
  first: Tensor | undefined,
  draws: DecoderDraws,
): Tensor {
  const vectors = decoder.embedding.forward(ids(previous));
  return draws.vectors(first === undefined ? vectors : concat([first, vectors], 0), 0);
}

/** The rows of the next step, which are the first of these. */
function shorten(x: Tensor, count: number): Tensor {
  return count === x.shape[0] ? x : splitRows(x, [count, x.shape[0] - count])[0];
}

/**
 * One step after the other: with attention, whose query is the state before the step, and where the decoder reads its own
 * guesses.
 * @param taught the share of true symbols that the decoder reads, from 0 to 1
 */
export function stepByStep(
  decoder: DecoderModules,
  input: DecoderInput,
  rows: DecoderRows,
  draws: DecoderDraws,
  taught: number,
): DecoderFeatures {
  const { time, steps, counts, starts, before } = rows;
  const { states, context, first } = sortInput(decoder, input, time);
  const memory = boundMemory(decoder, input, time);
  const bound = decoder.rnn.bind();
  const isTaught = taught === 1;
  const vectors = isTaught ? splitRows(vectorsOf(decoder, rows, first, draws), counts) : [];
  const found: (readonly Tensor[])[] = [];
  const weights: Tensor[] = [];
  let guesses: Int32Array | undefined;
  let state: readonly InitialState[] = states;
  let own = context;
  for (let t = 0; t < steps; t++) {
    const [count, from] = [counts[t], starts[t]];
    const isFirst = from < before;
    state = state.map((one) => mapParts(one, (part) => shorten(part, count)));
    own = own && shorten(own, count);
    let x = vectors[t];
    if (!isTaught) {
      const symbols = isFirst
        ? undefined
        : symbolsOf(rows, t, guesses, (rank) => draws.isTaught(taught, t, rank));
      x = draws.vectors(symbols ? decoder.embedding.forward(ids(symbols)) : first!, from);
    }
    const drop = (h: Tensor, layer: number) => draws.layer(h, from, layer);
    const next = advance(decoder, { x, state, memory, context: own, bound, drop });
    state = next.state;
    if (next.weights) weights.push(next.weights);
    if (isFirst) continue;
    found.push(next.read);
    if (!isTaught && t + 1 < steps) {
      guesses = noGradient(() => scope(() => guess(decoder, next.read, from, draws)));
    }
  }
  const columns = found[0].map((_, part) =>
    join(
      found.map((parts) => parts[part]),
      0,
    ),
  );
  return { features: join(columns), weights };
}

function guess(
  decoder: DecoderModules,
  read: readonly Tensor[],
  from: number,
  draws: DecoderDraws,
): Int32Array | undefined {
  const y = draws.output(readOut(decoder, join(read)), from);
  return argmax(decoder.head.forward(y)).readIntsSync();
}

/** What each row of step t reads: the true symbol, or the guess of the step before. */
function symbolsOf(
  { previous, starts, counts, before }: DecoderRows,
  t: number,
  guesses: Int32Array | undefined,
  isTaught: (rank: number) => boolean,
): Int32Array {
  const symbols = previous.slice(starts[t] - before, starts[t] - before + counts[t]);
  if (guesses === undefined) return symbols;
  for (let rank = 0; rank < symbols.length; rank++) if (!isTaught(rank)) symbols[rank] = guesses[rank];
  return symbols;
}

function boundMemory(
  decoder: DecoderModules,
  input: DecoderInput,
  time: Timeline,
): AttentionMemory | undefined {
  const { memory, memoryLengths } = input;
  if (memory === undefined) return undefined;
  const lengths = memoryLengths && ids(time.order.map((b) => memoryLengths[b]));
  return decoder.attention?.bind(time.sortBatch(memory), lengths && { lengths });
}

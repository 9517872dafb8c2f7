import { parameters } from "../../autograd/parameter.ts";
import type { Backend } from "../../backend/backend.ts";
import { Frames } from "../../backend/scope.ts";
import { ids, type Tensor, tensor } from "../../backend/tensor.ts";
import { Rng } from "../../core/rng.ts";
import { type CharacterIds, type EvalBatch, EvalSegments, TextStreams } from "../../data/index.ts";
import { LanguageModel, type LanguageModelConfig } from "../../models/language-model.ts";
import { RecurrentState } from "../../nn/recurrent-state.ts";
import { adam } from "../../optim/adam.ts";
import { type Clip, clipNorm, clips, clipValue } from "../../optim/clip.ts";
import type { Learner } from "../../train/learner.ts";
import { type Engine, openBackend } from "./engine.ts";
import type { TextSettings } from "./options.ts";

/** All that a replica needs to build its part, by structured clone; the ids lie in shared memory. */
export interface TextSpec extends Engine {
  readonly settings: TextSettings;
  readonly model: LanguageModelConfig;
  readonly train: CharacterIds;
  readonly validation: CharacterIds;
}

/** Streams of random numbers, forked from the seed by these names. */
const Stream = { weights: 0, dropout: 1, sample: 2 } as const;

/** Validation during training looks at no more than this many segments of 4096 characters, spread evenly. */
const MAXIMUM_SEGMENTS = 128;

/** Columns of an evaluation that run in one call; only memory depends on it. */
const WINDOW = 64;

/** Rows of an evaluation batch; only speed depends on it. */
const ROWS = 32;

/** An evaluation gives the event loop a turn at least this often, in milliseconds, so that signals arrive. */
const TURN = 50;

/** A character language model and its text, as one replica of the training sees them. */
export class TextLearner implements Learner {
  readonly model: LanguageModel;
  readonly backend: Backend;
  readonly optimizer;
  readonly clip: Clip;
  readonly share: number;
  readonly carriedSize: number;
  readonly evaluationParts: number;
  readonly streams: TextStreams;
  readonly segments: EvalSegments;
  private readonly settings: TextSettings;
  private readonly replica: number;
  private readonly from: number;
  private readonly rows: number;
  private readonly inputs: Int32Array;
  private readonly targets: Int32Array;
  private state: RecurrentState;

  constructor(spec: TextSpec, replica: number, replicas: number) {
    const { settings, model } = spec;
    const { batchSize, seqLength, seed } = settings;
    this.settings = settings;
    this.replica = replica;
    this.backend = openBackend(spec);
    this.model = new LanguageModel(model, { rng: new Rng(seed).fork(Stream.weights), backend: this.backend });
    this.optimizer = adam(parameters(this.model), { lr: settings.lr });
    const cut = settings.clipValue === null ? [] : [clipValue(settings.clipValue)];
    this.clip = clips(clipNorm(settings.clipNorm), ...cut);
    this.streams = new TextStreams(spec.train, { batchSize, sequenceLength: seqLength, seed });
    this.segments = new EvalSegments(spec.validation, { maxSegments: MAXIMUM_SEGMENTS });
    this.evaluationParts = this.segments.segments.length;
    this.from = Math.floor((replica * batchSize) / replicas);
    this.rows = Math.floor(((replica + 1) * batchSize) / replicas) - this.from;
    this.share = this.rows / batchSize;
    this.carriedSize = 2 * model.layers * batchSize * model.hidden;
    this.inputs = new Int32Array(this.rows * seqLength);
    this.targets = new Int32Array(this.rows * seqLength);
    this.state = this.model.zeroState(this.rows);
  }

  loss(step: number): Tensor {
    const { rows, streams, inputs, targets, settings } = this;
    streams.fill(step, this.from, this.from + rows, inputs, targets);
    const shape = [rows, settings.seqLength];
    const state = streams.startsPass(step) ? this.model.zeroState(rows) : this.state;
    const rng =
      settings.dropout > 0 ? new Rng(settings.seed).fork(Stream.dropout, this.replica, step) : undefined;
    const run = this.model.loss(ids(inputs, shape), ids(targets, shape), { state, rng });
    this.state = run.state.detach();
    return run.loss;
  }

  async readCarried(into: Float32Array): Promise<void> {
    for (const [at, values] of await this.eachCarried()) into.set(values, at);
  }

  writeCarried(from: Float32Array): void {
    const { layers, hidden } = this.model.config;
    const pick = (kind: number) => {
      const values = new Float32Array(layers * this.rows * hidden);
      for (let layer = 0; layer < layers; layer++) {
        const at = this.carriedAt(kind, layer);
        values.set(from.subarray(at, at + this.rows * hidden), layer * this.rows * hidden);
      }
      return tensor(values, [layers, this.rows, hidden], "f32", this.backend);
    };
    this.state = new RecurrentState(pick(0), pick(1));
  }

  async evaluate(replica: number, replicas: number, sums: Float64Array): Promise<void> {
    const { segments } = this.segments;
    const rows = Math.min(ROWS, Math.ceil(segments.length / replicas));
    const frames = new Frames(this.backend);
    for (const [index, batch] of this.segments.batches(rows).entries()) {
      if (index % replicas === replica) sums.set(await sumLosses(this.model, frames, batch), index * rows);
    }
    frames.dispose();
  }

  /** A stream of random numbers for the sample after `step`. */
  sampleRng(step: number): Rng {
    return new Rng(this.settings.seed).fork(Stream.sample, step);
  }

  /** Rows of the carried state in the layout [hidden and cell, layers, batch, H]. */
  private async eachCarried(): Promise<[number, Float32Array | Float64Array][]> {
    const { layers, hidden } = this.model.config;
    const size = this.rows * hidden;
    const found: [number, Float32Array | Float64Array][] = [];
    for (const [kind, state] of [this.state.hidden, this.state.cell].entries()) {
      const values = (await state?.read()) ?? new Float32Array(layers * size);
      for (let layer = 0; layer < layers; layer++) {
        found.push([this.carriedAt(kind, layer), values.subarray(layer * size, (layer + 1) * size)]);
      }
    }
    return found;
  }

  private carriedAt(kind: number, layer: number): number {
    const { layers, hidden } = this.model.config;
    return ((kind * layers + layer) * this.settings.batchSize + this.from) * hidden;
  }
}

/** Sum of the losses in nats of each row of a batch, added in order of time: one number whatever the window is. */
export async function sumLosses(
  model: LanguageModel,
  frames: Frames,
  batch: EvalBatch,
): Promise<Float64Array> {
  const sums = new Float64Array(batch.rows);
  let state = model.zeroState(batch.rows);
  let lastTurn = performance.now();
  for (let at = 0; at < batch.time; at += WINDOW) {
    const steps = Math.min(WINDOW, batch.time - at);
    const { inputs, targets, weights } = batch.window(at, at + steps);
    const shape = [batch.rows, steps];
    const losses = await frames.run(() => {
      const run = model.losses(ids(inputs, shape), ids(targets, shape), { state });
      state = run.state.detach();
      return run.losses.read();
    });
    for (let t = 0; t < steps; t++) {
      for (let row = 0; row < batch.rows; row++) {
        sums[row] += weights[row * steps + t] * losses[t * batch.rows + row];
      }
    }
    if (performance.now() - lastTurn > TURN) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      lastTurn = performance.now();
    }
  }
  return sums;
}

/** Called in every worker; see train/learner.ts. */
export function createLearner(spec: TextSpec, replica: number, replicas: number): TextLearner {
  return new TextLearner(spec, replica, replicas);
}

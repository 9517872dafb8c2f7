import { parameters } from "../../autograd/parameter.ts";
import { type Profile, profiled } from "../../autograd/profile.ts";
import type { Backend } from "../../backend/backend.ts";
import { Frames, scope } from "../../backend/scope.ts";
import { ids, type Tensor } from "../../backend/tensor.ts";
import { Turns } from "../../core/job.ts";
import { Rng } from "../../core/rng.ts";
import { type CharacterIds, type EvalBatch, EvalSegments, TextStreams } from "../../data/index.ts";
import { LanguageModel, type LanguageModelState } from "../../models/language-model.ts";
import type { LanguageModelSettings } from "../../models/language-model-config.ts";
import { detachState } from "../../nn/cell-state.ts";
import { uniform_ } from "../../nn/init.ts";
import { type Clip, clipNorm, clips, clipValue } from "../../optim/clip.ts";
import { CarriedLayout, shapesOf } from "../../train/carried.ts";
import type { Learner } from "../../train/learner.ts";
import type { CellFile } from "../../run/cell-file.ts";
import { type Engine, openBackend } from "../engine.ts";
import { makeOptimizer } from "../optimizers.ts";
import { loadOwnCell, type OwnCell } from "../../runs/own-cell.ts";
import type { TextSettings } from "./options.ts";

/** All that a replica needs to build its part, by structured clone; the ids lie in shared memory. */
export interface TextSpec extends Engine {
  readonly settings: TextSettings;
  readonly model: LanguageModelSettings;
  readonly train: CharacterIds;
  readonly validation: CharacterIds;
  /** Where a cell of the user's own comes from. */
  readonly cellFile?: CellFile;
  /** Whether the first replica is to note where its time goes. */
  readonly profile?: boolean;
}

/** Streams of random numbers, forked from the seed by these names. */
const Stream = { weights: 0, dropout: 1, sample: 2 } as const;

/** Validation during training looks at no more than this many segments of 4096 characters, spread evenly. */
const MAXIMUM_SEGMENTS = 128;

/** Columns of an evaluation that run in one call; only memory depends on it. */
const WINDOW = 64;

/** Rows of an evaluation batch; only speed depends on it. */
const ROWS = 32;

/** A character language model and its text, as one replica of the training sees them. */
export class TextLearner implements Learner {
  readonly model: LanguageModel;
  readonly backend: Backend;
  readonly optimizer;
  readonly clip: Clip;
  readonly profile: Profile | undefined;
  readonly share: number;
  readonly carried: CarriedLayout<LanguageModelState>;
  readonly evaluationParts: number;
  readonly streams: TextStreams;
  readonly segments: EvalSegments;
  private readonly settings: TextSettings;
  private readonly replica: number;
  private readonly from: number;
  private readonly rows: number;
  private readonly inputs: Int32Array;
  private readonly targets: Int32Array;
  /** Undefined before the first step. */
  private state: LanguageModelState | undefined;

  constructor(spec: TextSpec, replica: number, replicas: number, cell?: OwnCell) {
    const { settings, model } = spec;
    const { batchSize, seqLength, seed } = settings;
    this.settings = settings;
    this.replica = replica;
    const { backend, profile } =
      spec.profile && replica === 0 ? profiled(openBackend(spec)) : { backend: openBackend(spec) };
    this.backend = backend;
    this.profile = profile;
    const rng = new Rng(seed).fork(Stream.weights);
    this.model = new LanguageModel(model, {
      rng,
      backend: this.backend,
      ...{ createCell: cell?.create, cellName: cell?.name },
    });
    const bound = settings.initUniform;
    if (bound !== null) {
      for (const { tensor } of parameters(this.model)) uniform_(tensor, -bound, bound, rng);
    }
    const { optimizer, lr, weightDecay } = settings;
    this.optimizer = makeOptimizer(optimizer, parameters(this.model), { lr, weightDecay });
    const cut = settings.clipValue === null ? [] : [clipValue(settings.clipValue)];
    this.clip = clips(clipNorm(settings.clipNorm), ...cut);
    this.streams = new TextStreams(spec.train, { batchSize, sequenceLength: seqLength, seed });
    this.segments = new EvalSegments(spec.validation, { maxSegments: MAXIMUM_SEGMENTS });
    this.evaluationParts = this.segments.segments.length;
    this.from = Math.floor((replica * batchSize) / replicas);
    this.rows = Math.floor(((replica + 1) * batchSize) / replicas) - this.from;
    this.share = this.rows / batchSize;
    this.carried = layoutOf(this.model, this.backend, {
      batch: batchSize,
      first: this.from,
      rows: this.rows,
    });
    this.inputs = new Int32Array(this.rows * seqLength);
    this.targets = new Int32Array(this.rows * seqLength);
  }

  loss(step: number): Tensor {
    const { rows, streams, inputs, targets, settings } = this;
    this.fill(step);
    const shape = [rows, settings.seqLength];
    const state = streams.startsPass(step) ? undefined : this.state;
    const rng =
      settings.dropout > 0 ? new Rng(settings.seed).fork(Stream.dropout, this.replica, step) : undefined;
    const run = this.model.loss(ids(inputs, shape), ids(targets, shape), { state, rng });
    this.state = detachState(run.state);
    return run.loss;
  }

  /** The batch of a step: `inputs` and `targets`. */
  private fill(step: number): void {
    const { streams, inputs, targets, profile, from, rows } = this;
    const fill = () => streams.fill(step, from, from + rows, inputs, targets);
    if (profile === undefined) fill();
    else profile.span("data", fill);
  }

  readCarried(into: Float64Array): Promise<void> {
    return this.carried.read(this.state, into);
  }

  writeCarried(from: Float64Array): void {
    this.state = this.carried.write(from, this.backend);
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
}

/** The tensors of a model's state, found by running one symbol. */
function layoutOf(
  model: LanguageModel,
  backend: Backend,
  own: { batch: number; first: number; rows: number },
): CarriedLayout<LanguageModelState> {
  return scope(() => {
    const stateOf = (rows: number) => model.forward(ids(new Int32Array(rows), [rows, 1])).state;
    return new CarriedLayout(shapesOf(stateOf(1)), stateOf(2), own);
  }, backend);
}

/** Sum of the losses in nats of each row of a batch, added in order of time: one number whatever the window is. */
export async function sumLosses(
  model: LanguageModel,
  frames: Frames,
  batch: EvalBatch,
): Promise<Float64Array> {
  const sums = new Float64Array(batch.rows);
  let state: LanguageModelState | undefined;
  const turns = new Turns();
  for (let at = 0; at < batch.time; at += WINDOW) {
    const steps = Math.min(WINDOW, batch.time - at);
    const { inputs, targets, weights } = batch.window(at, at + steps);
    const shape = [batch.rows, steps];
    const losses = await frames.run(() => {
      const run = model.losses(ids(inputs, shape), ids(targets, shape), { state });
      state = detachState(run.state);
      return run.losses.read();
    });
    for (let t = 0; t < steps; t++) {
      for (let row = 0; row < batch.rows; row++) {
        sums[row] += weights[row * steps + t] * losses[t * batch.rows + row];
      }
    }
    if (turns.isDue) await turns.take();
  }
  return sums;
}

/** Called in every worker; see train/learner.ts. Which cell may be loaded the first replica has settled. */
export async function createLearner(spec: TextSpec, replica: number, replicas: number): Promise<TextLearner> {
  const { cellFile } = spec;
  const cell = cellFile && (await loadOwnCell(cellFile.path, { expected: cellFile }));
  return new TextLearner(spec, replica, replicas, cell);
}

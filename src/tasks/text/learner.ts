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
import { type Stretch, shardsOf, stretchOf } from "../../train/shards.ts";
import type { CellFile } from "../cell-file.ts";
import { type Engine, openBackend } from "../engine.ts";
import { makeOptimizer } from "../optimizers.ts";
import { loadOwnCell, type OwnCell } from "../own-cell.ts";
import type { TextSettings } from "./options.ts";

/** All that a replica needs to build its part, by structured clone; the ids lie in shared memory. */
export interface TextSpec extends Engine {
  readonly settings: TextSettings;
  readonly model: LanguageModelSettings;
  readonly train: CharacterIds;
  readonly validation: CharacterIds;
  /** Where a cell of the user's own comes from. */
  readonly cellFile?: CellFile;
  /** Shards of the batch; by default one for each replica. */
  readonly shards?: number;
  /** Whether the first replica is to note where its time goes. */
  readonly profile?: boolean;
}

/** The rows of one shard of every batch. */
interface Shard extends Stretch {
  /** [rows, time] */
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly layout: CarriedLayout<LanguageModelState>;
  /** Undefined before the first step. */
  state: LanguageModelState | undefined;
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
  readonly shards: number;
  readonly parts = [];
  readonly carried: CarriedLayout<LanguageModelState>;
  readonly evaluation: { readonly parts: number; readonly width: number };
  readonly streams: TextStreams;
  readonly segments: EvalSegments;
  private readonly settings: TextSettings;
  /** By the numbers of the shards; only this replica's. */
  private readonly own: ReadonlyMap<number, Shard>;

  constructor(spec: TextSpec, replica: number, replicas: number, cell?: OwnCell) {
    const { settings, model } = spec;
    const { batchSize, seqLength, seed } = settings;
    this.settings = settings;
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
    this.evaluation = { parts: this.segments.segments.length, width: 1 };
    this.shards = spec.shards ?? replicas;
    const layoutOf = layoutsOf(this.model, this.backend, batchSize);
    this.carried = layoutOf({ from: 0, to: batchSize });
    this.own = new Map(
      shardsOf(replica, replicas, this.shards).map((shard) => {
        const { from, to } = stretchOf(shard, this.shards, batchSize);
        const buffer = () => new Int32Array((to - from) * seqLength);
        const layout = layoutOf({ from, to });
        return [shard, { from, to, layout, inputs: buffer(), targets: buffer(), state: undefined }];
      }),
    );
  }

  /** Characters of each shard: the same in every step. */
  weights(): readonly number[] {
    const { shards, settings } = this;
    return Array.from({ length: shards }, (_, shard) => {
      const { from, to } = stretchOf(shard, shards, settings.batchSize);
      return (to - from) * settings.seqLength;
    });
  }

  loss(step: number, index: number): { loss: Tensor } {
    const { streams, settings } = this;
    const shard = this.own.get(index)!;
    const { from, to, inputs, targets } = shard;
    this.span("data", () => streams.fill(step, from, to, inputs, targets));
    const shape = [to - from, settings.seqLength];
    const state = streams.startsPass(step) ? undefined : shard.state;
    const rng = settings.dropout > 0 ? this.maskRng(step, shard) : undefined;
    const run = this.model.loss(ids(inputs, shape), ids(targets, shape), { state, rng });
    shard.state = detachState(run.state);
    return run;
  }

  /** Draws the masks of a shard, which are those of its rows in the whole batch. */
  private maskRng(step: number, { from, to }: Stretch): Rng {
    const { seed, batchSize } = this.settings;
    // The replica's number stood second in the name, and is 0 for all.
    const rng = new Rng(seed).fork(Stream.dropout, 0, step);
    if (this.shards === 1) return rng;
    const rows = Array.from({ length: to - from }, (_, row) => from + row);
    return rng.forRows(rows, batchSize);
  }

  private span(name: string, work: () => void): void {
    if (this.profile === undefined) work();
    else this.profile.span(name, work);
  }

  async readCarried(into: Float64Array): Promise<void> {
    for (const { layout, state } of this.own.values()) await layout.read(state, into);
  }

  writeCarried(from: Float64Array): void {
    for (const shard of this.own.values()) {
      if (shard.from < shard.to) shard.state = shard.layout.write(from, this.backend);
    }
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

/** Where the tensors of a model's state lie, found by running one symbol; for rows of a batch. */
function layoutsOf(
  model: LanguageModel,
  backend: Backend,
  batch: number,
): (rows: Stretch) => CarriedLayout<LanguageModelState> {
  return scope(() => {
    const stateOf = (rows: number) => model.forward(ids(new Int32Array(rows), [rows, 1])).state;
    const [one, two] = [shapesOf(stateOf(1)), stateOf(2)];
    return ({ from, to }: Stretch) => new CarriedLayout(one, two, { batch, first: from, rows: to - from });
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

/** What recurrent networks are compared with: a feed-forward network that reads a window of frames around each frame. */
import type { Backend } from "../../src/backend/backend.ts";
import { Frames } from "../../src/backend/scope.ts";
import { applyScaling, fitScaling, frameItems } from "../../src/data/index.ts";
import { TagScorer, type TagScores } from "../../src/data/tag-scores.ts";
import {
  crossEntropy,
  dropout,
  ids,
  Linear,
  parameters,
  Rng,
  relu,
  type Tensor,
  tensor,
} from "../../src/nn/index.ts";
import { adam, clipNorm, cosineSchedule, step } from "../../src/optim/index.ts";
import type { LabelledFeatures } from "./_skeletons.ts";

export interface WindowSettings {
  /** Frames before and after the one that is labelled, of which every second is read. */
  readonly before: number;
  readonly after: number;
  readonly hidden: number;
  readonly dropout: number;
  readonly updates: number;
  readonly seed: number;
  /** Numbers of updates after which it is measured, besides the last. */
  readonly measureAt?: readonly number[];
}

const BATCH = 256;
const LEARNING_RATE = 2e-3;

class WindowNetwork {
  readonly first: Linear;
  readonly second: Linear;
  readonly head: Linear;

  constructor(inputs: number, hidden: number, classes: number, options: { rng: Rng; backend: Backend }) {
    this.first = new Linear(inputs, hidden, options);
    this.second = new Linear(hidden, hidden, options);
    this.head = new Linear(hidden, classes, options);
  }

  /** x [N, inputs] -> logits [N, classes] */
  forward(x: Tensor, drop?: { readonly p: number; readonly rng: Rng }): Tensor {
    const dropped = (y: Tensor) => (drop === undefined ? y : dropout(y, drop.p, drop.rng));
    const y = dropped(relu(this.first.forward(dropped(x))));
    return this.head.forward(dropped(relu(this.second.forward(y))));
  }
}

/** Videos with scaled features, as one list of frames. */
interface FrameList {
  readonly values: Float32Array;
  readonly width: number;
  readonly labels: Int32Array;
  /** First frame of each video, and the end of the last. */
  readonly edges: readonly number[];
  /** The video of each frame. */
  readonly videoOf: Int32Array;
}

/**
 * Train on some videos with balanced labels, and score others.
 * @returns the scores after each number of updates in `measureAt`, and after the last
 */
export async function trainWindow(
  train: readonly LabelledFeatures[],
  test: readonly LabelledFeatures[],
  classes: readonly string[],
  { settings, backend }: { readonly settings: WindowSettings; readonly backend: Backend },
): Promise<TagScores[]> {
  const { hidden, dropout: p, updates, seed, measureAt = [] } = settings;
  const itemsOf = (videos: readonly LabelledFeatures[]) =>
    frameItems(
      videos.map(({ features }) => features.flatMap((frame) => [...frame])),
      videos[0].features[0].length,
    );
  const scaling = fitScaling(itemsOf(train));
  const [own, other] = [train, test].map((videos) =>
    listFrames(videos, applyScaling(itemsOf(videos), scaling).store.values, classes),
  );
  const rng = new Rng(seed);
  const offsets = offsetsOf(settings);
  const inputs = own.width * offsets.length;
  const model = new WindowNetwork(inputs, hidden, classes.length, { rng, backend });
  const optimizer = adam(parameters(model), { lr: LEARNING_RATE });
  const schedule = cosineSchedule({ steps: updates, floor: 0.1 });
  const weights = balanced(own.labels, classes.length);
  const scores: TagScores[] = [];
  for (let update = 0; update < updates; update++) {
    const rows = Int32Array.from({ length: BATCH }, () => rng.integer(own.labels.length));
    optimizer.learningRate = LEARNING_RATE * schedule.factor(update);
    const { loss } = step(
      () => {
        const x = tensor(windowsOf(own, rows, offsets), [BATCH, inputs]);
        const targets = ids(rows.map((row) => own.labels[row]));
        const classWeights = tensor(weights, [classes.length]);
        return crossEntropy(model.forward(x, { p, rng }), targets, { classWeights });
      },
      optimizer,
      clipNorm(5),
    );
    await loss;
    if (measureAt.includes(update + 1)) scores.push(await measure(model, other, offsets, classes, backend));
  }
  scores.push(await measure(model, other, offsets, classes, backend));
  optimizer.dispose();
  return scores;
}

function listFrames(
  videos: readonly LabelledFeatures[],
  values: Float32Array,
  classes: readonly string[],
): FrameList {
  const edges = [0];
  for (const { labels } of videos) edges.push(edges.at(-1)! + labels.length);
  const labels = Int32Array.from(
    videos.flatMap((video) => video.labels.map((label) => classes.indexOf(label))),
  );
  const videoOf = Int32Array.from(videos.flatMap((video, index) => video.labels.map(() => index)));
  return { values, width: values.length / labels.length, labels, edges, videoOf };
}

function offsetsOf({ before, after }: WindowSettings): number[] {
  const offsets: number[] = [];
  for (let offset = -before; offset <= after; offset += 2) offsets.push(offset);
  return offsets;
}

/** The frames around some frames; at the ends of a video its first and its last frame stand for those that lack. */
function windowsOf(
  { values, width, edges, videoOf }: FrameList,
  rows: Int32Array,
  offsets: readonly number[],
) {
  const windows = new Float32Array(rows.length * offsets.length * width);
  let at = 0;
  for (const row of rows) {
    const [first, end] = [edges[videoOf[row]], edges[videoOf[row] + 1]];
    for (const offset of offsets) {
      const frame = Math.min(end - 1, Math.max(first, row + offset));
      windows.set(values.subarray(frame * width, (frame + 1) * width), at);
      at += width;
    }
  }
  return windows;
}

function balanced(labels: Int32Array, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  for (const label of labels) counts[label]++;
  const present = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count === 0 ? 1 : labels.length / (present * count)));
}

async function measure(
  model: WindowNetwork,
  frames: FrameList,
  offsets: readonly number[],
  classes: readonly string[],
  backend: Backend,
): Promise<TagScores> {
  const scorer = new TagScorer(classes);
  const sums = new Float64Array(scorer.width);
  const memory = new Frames(backend);
  const predicted = new Int32Array(frames.labels.length);
  for (let first = 0; first < predicted.length; first += BATCH) {
    const count = Math.min(BATCH, predicted.length - first);
    const rows = Int32Array.from({ length: count }, (_, at) => first + at);
    const logits = await memory.run(() =>
      model.forward(tensor(windowsOf(frames, rows, offsets), [count, offsets.length * frames.width])).read(),
    );
    for (let row = 0; row < count; row++) {
      const own = logits.subarray(row * classes.length, (row + 1) * classes.length);
      predicted[first + row] = own.indexOf(Math.max(...own));
    }
  }
  memory.dispose();
  for (const [video, first] of frames.edges.slice(0, -1).entries()) {
    const end = frames.edges[video + 1];
    scorer.add(sums, frames.labels.subarray(first, end), predicted.subarray(first, end));
  }
  return scorer.score(sums);
}

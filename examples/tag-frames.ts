/**
 * A label for every frame of a video, as it comes: a small convolution and an LSTM learn what a shape does, then label a
 * new video frame by frame. No single frame tells; the model has to remember the one before.
 *
 *     npm run build && npx node examples/tag-frames.ts
 */
import { step } from "unrolled";
import { editScore, type MovingShapes, movingShapes, segmentsOf } from "unrolled/data";
import { SequenceTagger } from "unrolled/models";
import { ids, parameters, Rng, tensor } from "unrolled/nn";
import { adam, clipNorm } from "unrolled/optim";

const [batch, frames, size, updates] = [16, 20, 12, 150];

const rng = new Rng(1);
const videos = movingShapes({ videos: 320, frames, size, seed: 1 });
const classes = videos.actions.length;
const model = new SequenceTagger({ image: [1, size, size], classes, hidden: 48 }, { rng });
const optimizer = adam(parameters(model), { lr: 1e-2 });

for (let update = 0; update < updates; update++) {
  const rows = Array.from({ length: batch }, () => rng.integer(videos.pixels.length));
  const { loss } = step(
    () => {
      const pixels = rows.flatMap((row) => [...videos.pixels[row]!]);
      const labels = rows.flatMap((row) => [...videos.labels[row]!]);
      return model.loss(
        tensor(pixels, [batch, frames, size * size]),
        ids(labels, [batch, frames]), // -1: the first frame has no label
      ).loss;
    },
    optimizer,
    clipNorm(1),
  );
  if (update % 50 === 49) console.log(`step ${update + 1}: loss ${(await loss).toFixed(3)}`);
}
console.log(`guessing: ${Math.log(classes).toFixed(3)}`);

// Videos that it has not seen, one frame after the other.
const others = movingShapes({ videos: 20, frames, size, seed: 2 });
const stream = model.stream();
let [right, all, edit] = [0, 0, 0];
for (const [index, truth] of others.labels.entries()) {
  const predicted = framesOf(others, index).map((frame, t) => {
    const logits = stream.step(frame)!;
    const label = logits.indexOf(Math.max(...logits));
    // What a camera would show: the answer is there before the next frame is.
    if (index === 0 && t > 0) {
      console.log(`frame ${t}: ${others.actions[label]} (it is ${others.actions[truth[t]!]})`);
    }
    return truth[t]! < 0 ? -1 : label;
  });
  stream.reset();
  right += predicted.filter((label, t) => t > 0 && label === truth[t]).length;
  all += frames - 1;
  edit += editScore(segmentsOf(truth), segmentsOf(predicted)) / others.labels.length;
}
stream.dispose();
console.log(
  `of ${all} frames ${right} are right; the order of the actions has an edit score of ${edit.toFixed(2)}`,
);

function framesOf({ pixels, size }: MovingShapes, index: number): Float32Array[] {
  const video = pixels[index]!;
  return Array.from({ length: frames }, (_, t) => video.subarray(t * size * size, (t + 1) * size * size));
}

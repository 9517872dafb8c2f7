import { exactArray } from "../backend/exact-array.ts";
import { FormatError, ShapeError } from "../core/errors.ts";
import { COUNT, checkValue, FLAG, FUNCTION, OBJECT, type Range, SIZE, TEXT } from "../core/options.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import { compareTensors, describeMisfit } from "../core/tensor-fit.ts";
import { carriedName, optimizerName } from "../io/checkpoint-names.ts";
import type { Learner } from "./learner.ts";

export interface SnapshotTensor {
  readonly shape: Shape;
  readonly data: Float32Array | Float64Array;
}

/** The complete state of a training after `step` updates, under the names of the checkpoint's tensors. */
export interface Snapshot {
  readonly step: number;
  readonly tensors: ReadonlyMap<string, SnapshotTensor>;
}

const DOUBLES: Range = {
  text: "a Float64Array",
  fits: (value) => Object.prototype.toString.call(value) === "[object Float64Array]",
};
const SNAPSHOT: Range = {
  text: "a snapshot, { step, tensors }",
  fits: (value) => {
    const { step, tensors } = (OBJECT.fits(value) ? value : {}) as Partial<Snapshot>;
    return COUNT.fits(step) && tensors instanceof Map;
  },
};
/** Every task supplies its own, so it is known by what it can do. */
export const LEARNER: Range = {
  text: "a learner",
  fits: (value) => {
    const learner = (OBJECT.fits(value) ? value : {}) as Partial<Learner>;
    const { optimizer, carried, evaluation, parts, shards } = learner;
    const { weights, loss, evaluate, readCarried, writeCarried } = learner;
    return (
      [optimizer, carried, evaluation].every(OBJECT.fits) &&
      [carried?.size, evaluation?.parts, evaluation?.width].every(COUNT.fits) &&
      [weights, loss, evaluate, readCarried, writeCarried].every(FUNCTION.fits) &&
      Array.isArray(parts) &&
      SIZE.fits(shards)
    );
  },
};

/** Parameters under PyTorch's names, `optimizer.*`, and `carried.*`: the state of all rows of the batch. */
export async function takeSnapshot(learner: Learner, step: number, carried: Float64Array): Promise<Snapshot> {
  checkValue("takeSnapshot: learner", LEARNER, learner);
  checkValue("takeSnapshot: step", COUNT, step);
  checkValue("takeSnapshot: carried", DOUBLES, carried);
  if (carried.length !== learner.carried.size) {
    throw new ShapeError("takeSnapshot: carried", `[${learner.carried.size}]`, `[${carried.length}]`);
  }
  const { optimizer } = learner;
  const Values = exactArray(optimizer.gradients.flat.backend);
  const tensors = new Map<string, SnapshotTensor>();
  for (const { name, tensor } of optimizer.parameters) {
    tensors.set(name, { shape: tensor.shape, data: await tensor.read() });
  }
  for (const [name, tensor] of optimizer.state()) {
    tensors.set(optimizerName(name), { shape: tensor.shape, data: await tensor.read() });
  }
  let at = 0;
  for (const part of learner.carried.tensors) {
    const size = sizeOf(part.shape);
    tensors.set(carriedName(part.name), {
      shape: part.shape,
      data: Values.from(carried.subarray(at, at + size)),
    });
    at += size;
  }
  return { step, tensors };
}

/**
 * Put a snapshot back. With `parametersOnly` a new training starts from its weights.
 * @throws FormatError naming all tensors that are missing or have another shape; nothing has changed then
 */
export function applySnapshot(
  learner: Learner,
  snapshot: Snapshot,
  where: string,
  parametersOnly = false,
): void {
  checkValue("applySnapshot: learner", LEARNER, learner);
  checkValue("applySnapshot: snapshot", SNAPSHOT, snapshot);
  checkValue("applySnapshot: where", TEXT, where);
  checkValue("applySnapshot: parametersOnly", FLAG, parametersOnly);
  const { optimizer, carried } = learner;
  const targets = new Map(optimizer.parameters.map(({ name, tensor }) => [name, tensor]));
  if (!parametersOnly) {
    for (const [name, tensor] of optimizer.state()) targets.set(optimizerName(name), tensor);
  }
  const carriedShapes = parametersOnly
    ? []
    : carried.tensors.map(({ name, shape }) => [carriedName(name), { shape }] as const);
  const fit = compareTensors(new Map([...targets, ...carriedShapes]), snapshot.tensors);
  const misfit = describeMisfit({ ...fit, unexpected: [] });
  if (misfit !== undefined) throw new FormatError(where, misfit);
  const dataOf = (name: string) => snapshot.tensors.get(name)!.data;
  for (const [name, tensor] of targets) tensor.write(dataOf(name));
  if (parametersOnly) return;
  const all = new Float64Array(carried.size);
  let at = 0;
  for (const [name] of carriedShapes) {
    all.set(dataOf(name), at);
    at += dataOf(name).length;
  }
  learner.writeCarried(all);
  optimizer.stepCount = snapshot.step;
}

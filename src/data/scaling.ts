import { FormatError, InputError } from "../core/index.ts";
import {
  ABOVE_0,
  checkValue,
  FINITE,
  listOfAny,
  type Names,
  type Range,
  refuseOthers,
  TEXT,
} from "../core/options.ts";
import { frameItems, Items } from "./items.ts";
import { FLOATS } from "./ranges.ts";

/** What brings each feature to mean 0 and standard deviation 1. It goes into JSON as it is. */
export interface Scaling {
  /** The mean of each feature. */
  readonly mean: readonly number[];
  /** The standard deviation of each feature, above 0. */
  readonly deviation: readonly number[];
}

/** The resolution of 32-bit floats: values that differ by less than this share are all the same. */
const RESOLUTION = 2 ** -23;

const FRAMES: Range = {
  text: "Items of frames, as frameItems makes them",
  fits: (value) => value instanceof Items && FLOATS.fits(value.store.values),
};

/**
 * The mean and the standard deviation of each feature over all steps of all items: over the training items alone, since
 * what is measured on others would leak into the model. A feature that is the same everywhere gets the deviation 1.
 * @param items at least one
 * @throws InputError for no items, and for numbers that are not finite
 */
export function fitScaling(items: Items<Float32Array>): Scaling {
  checkValue("fitScaling: items", FRAMES, items);
  if (items.count === 0) throw new InputError("fitScaling: items must be at least one, got none");
  const { features } = items;
  const mean = new Float64Array(features);
  const squares = new Float64Array(features);
  let steps = 0;
  for (const frames of each(items)) {
    steps += frames.length / features;
    for (let at = 0; at < frames.length; at++) mean[at % features] += frames[at];
  }
  for (let k = 0; k < features; k++) mean[k] /= steps;
  // In a second pass: the difference of two large sums would lose the digits that matter.
  for (const frames of each(items)) {
    for (let at = 0; at < frames.length; at++)
      squares[at % features] += (frames[at] - mean[at % features]) ** 2;
  }
  const deviation = Array.from(squares, (sum, k) => {
    const own = Math.sqrt(sum / steps);
    return own <= RESOLUTION * Math.abs(mean[k]) ? 1 : own;
  });
  for (let k = 0; k < features; k++) {
    if (Number.isFinite(mean[k]) && Number.isFinite(deviation[k])) continue;
    throw new InputError(`fitScaling: feature ${k} of the items has numbers that are not finite`);
  }
  return { mean: [...mean], deviation };
}

/**
 * Items whose features have been brought to the scale: (x - mean) / deviation.
 * @param items frames with as many features as the scaling has
 * @throws InputError for a scaling of other features, and for numbers that leave the range of 32 bits
 */
export function applyScaling(items: Items<Float32Array>, scaling: Scaling): Items<Float32Array> {
  checkValue("applyScaling: items", FRAMES, items);
  const { mean, deviation } = scalingFromJSON(scaling, "applyScaling: scaling");
  const { features } = items;
  if (mean.length !== features) {
    throw new InputError(
      `applyScaling: scaling must be of ${features} features as the items, got ${mean.length}`,
    );
  }
  function* scaled(): Generator<Float64Array> {
    for (const frames of each(items)) {
      yield Float64Array.from(frames, (x, at) => (x - mean[at % features]) / deviation[at % features]);
    }
  }
  return frameItems(scaled(), features);
}

const MEANS = listOfAny(FINITE, "a list of finite numbers");
const DEVIATIONS = listOfAny(ABOVE_0, "a list of finite numbers above 0");
const NAMES: Names<Scaling> = { mean: 0, deviation: 0 };

/**
 * A scaling that was stored as JSON.
 * @param where what errors name, such as the file
 * @throws InputError for what is no scaling
 */
export function scalingFromJSON(value: unknown, where = "scaling"): Scaling {
  checkValue("scalingFromJSON: where", TEXT, where);
  refuseOthers(where, NAMES, value as object);
  const { mean, deviation } = value as Scaling;
  checkValue(`${where}: mean`, MEANS, mean);
  checkValue(`${where}: deviation`, DEVIATIONS, deviation);
  if (mean.length === 0 || mean.length !== deviation.length) {
    throw new InputError(
      `${where}: mean and deviation must be of one size above 0, got ${mean.length} and ${deviation.length}`,
    );
  }
  return { mean: [...mean], deviation: [...deviation] };
}

function* each(items: Items<Float32Array>): Generator<Float32Array> {
  for (let index = 0; index < items.count; index++) yield items.item(index);
}

/**
 * The scaling of a model's description: hostile until it is checked.
 * @param features numbers of a step of the model
 * @throws FormatError
 */
export function parseScaling(value: unknown, features: number, where: string): Scaling {
  const name = "input.scaling";
  let scaling: Scaling;
  try {
    scaling = scalingFromJSON(value, name);
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause;
    throw new FormatError(where, cause.problem, { cause });
  }
  if (scaling.mean.length === features) return scaling;
  throw new FormatError(where, `${name} must have a mean for each feature`);
}

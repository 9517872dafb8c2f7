/** The parts of a stream: checks that they fit each other, and the sizes for the kernel. */
import { requireFloats } from "../autograd/check.ts";
import { CELLS, type CellKind, type RecurrentWeights, sizesOf } from "../autograd/ops/recurrent-cells.ts";
import type { Backend } from "../backend/backend.ts";
import type { StreamPlan } from "../backend/kernel-arguments.ts";
import type { Tensor } from "../backend/tensor.ts";
import { InputError, ShapeError } from "../core/errors.ts";
import { checkValue, FLAG, type Names, OBJECT, oneOf, refuseOthers } from "../core/options.ts";
import { checkShape } from "../core/shape.ts";
import { TENSOR } from "./options.ts";

/** A module with a matrix, such as `Linear` and `Embedding`, or the matrix itself. */
export type MatrixModule = Tensor | { readonly weight: Tensor; readonly bias?: Tensor | undefined };

/** The recurrent layers of a stream (one direction, all of one cell and one size), its embedding and its head. */
export interface StreamParts {
  readonly kind: CellKind;
  readonly layers: readonly RecurrentWeights[];
  /** Whether the inputs are ids, which select rows of the embedding, or are treated as one-hot without an embedding. */
  readonly ids: boolean;
  /** An `Embedding`, or its matrix [symbols, features]. */
  readonly embedding?: MatrixModule | undefined;
  /** A `Linear`, or its matrix [outputs, S] without a bias. Without a head, the output is the top layer's h. */
  readonly head?: MatrixModule | undefined;
}

const PARTS: Names<StreamParts> = { kind: 0, layers: 0, ids: 0, embedding: 0, head: 0 };
const WEIGHTS: Names<RecurrentWeights> = { weightIh: 0, weightHh: 0, biasIh: 0, biasHh: 0, weightHr: 0 };

/**
 * Checks the kinds of the parts. {@link matricesOf} checks embedding and head, {@link planOf} checks shapes.
 * @throws InputError for a part of another kind
 */
export function checkParts(parts: StreamParts): void {
  checkValue("stream: parts", OBJECT, parts);
  refuseOthers("stream: parts", PARTS, parts);
  const { kind, layers } = parts;
  checkValue("stream: kind", oneOf(...Object.keys(CELLS)), kind);
  checkValue("stream: ids", FLAG, parts.ids);
  const isList = {
    text: "an array with one layer or more",
    fits: (value: unknown) => Array.isArray(value) && value.length > 0,
  };
  checkValue("stream: layers", isList, layers);
  for (const [index, weights] of layers.entries()) {
    checkValue(`stream: layers[${index}]`, OBJECT, weights);
    refuseOthers(`stream: layers[${index}]`, WEIGHTS, weights);
    const { weightIh, weightHh, ...others } = weights;
    requireFloats(`stream: layers[${index}]`, { weightIh, weightHh }, others);
  }
}

/** Parts with the matrices and the bias of their modules. */
export interface StreamMatrices extends StreamParts {
  readonly embedding?: Tensor | undefined;
  readonly head?: { readonly weight: Tensor; readonly bias?: Tensor | undefined } | undefined;
}

export function matricesOf(parts: StreamParts): StreamMatrices {
  const module = (name: "embedding" | "head", expected: string) => {
    const given: unknown = parts[name];
    if (given === undefined) return undefined;
    const { weight, bias } = TENSOR.fits(given) ? { weight: given } : Object(given);
    if (TENSOR.fits(weight) && (bias === undefined || TENSOR.fits(bias))) {
      requireFloats(`stream: ${name}`, { weight }, { bias });
      return { weight: weight as Tensor, bias: bias as Tensor | undefined };
    }
    throw new InputError(`stream: ${name} must be ${expected}`, {
      hint: `give the module itself: { ${name} }`,
    });
  };
  const embedding = module("embedding", "an Embedding or its matrix [symbols, features]");
  const head = module("head", "a Linear or its matrix [outputs, state]");
  return { ...parts, embedding: embedding?.weight, head };
}

/** All matrices and vectors by the names that errors use. */
export function tensorsOf({ layers, embedding, head }: StreamMatrices): Map<string, Tensor> {
  const named = new Map<string, Tensor>();
  const add = (name: string, tensor: Tensor | undefined) => tensor && named.set(name, tensor);
  add("embedding", embedding);
  for (const [index, weights] of layers.entries()) {
    for (const [name, tensor] of Object.entries(weights)) add(`${name} of layer ${index}`, tensor);
  }
  add("head weight", head?.weight);
  add("head bias", head?.bias);
  return named;
}

/** @throws ShapeError if two parts do not fit each other */
export function planOf({ kind, layers, ids, embedding, head }: StreamMatrices, format: number): StreamPlan {
  const { inputs: first, hidden, projection, state: S } = sizesOf(kind, layers[0]);
  for (const [index, weights] of layers.entries()) {
    const sizes = sizesOf(kind, weights);
    const [got, expected] = [sizes, { inputs: index === 0 ? first : S, hidden, projection }].map(
      ({ inputs, hidden, projection }) => `inputs ${inputs}, hidden ${hidden}, projection ${projection}`,
    );
    if (got !== expected) throw new ShapeError(`stream: layer ${index}`, expected, got);
  }
  if (embedding !== undefined) {
    const features = ["features", first] as const;
    checkShape("stream: embedding", embedding.shape, [["symbols", null], features]);
  }
  if (head !== undefined) {
    checkShape("stream: head", head.weight.shape, [
      ["outputs", null],
      ["state", S],
    ]);
    if (head.bias !== undefined) {
      checkShape("stream: head bias", head.bias.shape, [["outputs", head.weight.shape[0]]]);
    }
  }
  return {
    format,
    cell: CELLS[kind].number,
    layers: layers.length,
    symbols: ids ? (embedding?.shape[0] ?? first) : 0,
    inputs: ids && embedding === undefined ? 0 : first,
    hidden,
    projection,
    outputs: head?.weight.shape[0] ?? 0,
  };
}

/** A weight that is not finite would make a whole row of int8, and so all outputs, meaningless. */
export function checkFinite({ name, memory }: Backend, tensors: Map<string, Tensor>): void {
  if (memory.readSync === undefined || memory.readInto === undefined) {
    throw new InputError(`stream: memory of the ${name} backend cannot be read at once`, {
      hint: "streams are for the CPU: use a wasm or native backend",
    });
  }
  for (const [what, tensor] of tensors) {
    const bad = memory.readSync(tensor.address, tensor.size).find((value) => !Number.isFinite(value));
    if (bad === undefined) continue;
    throw new InputError(`stream: ${what} must be finite, but holds ${bad}`, {
      hint: "the training has diverged: take an earlier checkpoint",
    });
  }
}

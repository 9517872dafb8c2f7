import { requireFloats, TENSOR } from "../autograd/check.ts";
import {
  type Attention,
  AttentionMemory,
  type AttentionOptions,
  bindAdditiveMemory,
  bindDotMemory,
  requireLengths,
  SCALE,
} from "../autograd/ops/attention.ts";
import { gatherRows, NO_ROW } from "../autograd/ops/gather-rows.ts";
import { reshape } from "../autograd/ops/reshape.ts";
import type { Backend } from "../backend/backend.ts";
import { ids, type Tensor } from "../backend/tensor.ts";
import { checkValue, FLAG, type Names, refuseOthers, type Settled, settle } from "../core/options.ts";
import type { Rng } from "../core/rng.ts";
import { checkShape } from "../core/shape.ts";
import { uniform } from "./init.ts";
import { Linear } from "./linear.ts";
import { checkSize, MODULE_RANGES } from "./options.ts";

export interface AttentionModuleOptions {
  rng: Rng;
  /** Whether the projections of query and keys have a bias. Default: false. */
  bias?: boolean;
  backend?: Backend;
}

export interface DotAttentionModuleOptions extends AttentionModuleOptions {
  /** Factor of the scores. Default: 1. */
  scale?: number;
}

/** A memory, or the result of `bind`. */
export type MemoryInput = Tensor | AttentionMemory;

const LENGTHS: Names<AttentionOptions> = { lengths: 0 };
const RANGES = { ...MODULE_RANGES, bias: FLAG };
const DOT_RANGES = { ...RANGES, scale: SCALE };

const NOT_AGAIN = {
  text: "left out for a bound memory: give lengths to bind",
  fits: (value: unknown) => value === undefined,
};

/** The keys of a memory [batch, places, features]. @throws ShapeError, InputError if it does not fit the projection */
function projectKeys(where: string, keys: Linear, memory: Tensor, options: AttentionOptions): Tensor {
  refuseOthers(where, LENGTHS, options);
  requireFloats(where, { memory });
  checkShape(`${where}: memory`, memory.shape, [
    ["batch", null],
    ["places", null],
    ["features", keys.weight.shape[1]],
  ]);
  requireLengths(where, options.lengths, memory);
  const [batch, places, features] = memory.shape;
  const counts = options.lengths?.readIntsSync();
  if (counts === undefined || counts.every((count) => count === places)) return keys.forward(memory);
  // Padding is not projected: NaN in it would reach the gradient of the projection's weight.
  const existing: number[] = [];
  const at = Int32Array.from({ length: batch * places }, (_, i) => {
    if (i % places >= counts[Math.floor(i / places)]) return NO_ROW;
    return existing.push(i) - 1;
  });
  const { backend } = memory;
  const dense = gatherRows(reshape(memory, [batch * places, features]), ids(existing, undefined, backend));
  return gatherRows(keys.forward(dense), ids(at, [batch, places], backend));
}

interface Module {
  readonly query: Linear;
  bind(memory: Tensor, options?: AttentionOptions): AttentionMemory;
}

function attend(
  where: string,
  module: Module,
  query: Tensor,
  memory: MemoryInput,
  options: AttentionOptions | undefined,
): Attention {
  requireFloats(where, { query });
  if (memory instanceof AttentionMemory) {
    checkValue(`${where}: options`, NOT_AGAIN, options);
    return memory.attend(module.query.forward(query));
  }
  checkValue(`${where}: memory`, TENSOR, memory);
  return module.bind(memory, options).attend(module.query.forward(query));
}

/**
 * Additive attention (Bahdanau, Cho and Bengio 2015): score = v . tanh(W query + U memory). W is `query.weight` [units,
 * queryFeatures], U is `keys.weight` [units, memoryFeatures], v [units] is uniform within 1 / sqrt(units).
 *     const memory = attention.bind(encoded, { lengths });                    once per batch
 *     const { context, weights } = attention.forward(state.hidden, memory);   once per step
 */
export class AdditiveAttention {
  readonly query: Linear;
  readonly keys: Linear;
  readonly v: Tensor;

  constructor(queryFeatures: number, memoryFeatures: number, units: number, options: AttentionModuleOptions) {
    const where = "AdditiveAttention";
    const settled = settle<Settled<AttentionModuleOptions, "backend">>(
      where,
      RANGES,
      { bias: false },
      options,
    );
    const sizes = { queryFeatures, memoryFeatures, units };
    for (const [name, size] of Object.entries(sizes)) checkSize(`${where}: ${name}`, size);
    this.query = new Linear(queryFeatures, units, settled);
    this.keys = new Linear(memoryFeatures, units, settled);
    this.v = uniform([units], 1 / Math.sqrt(units), settled.rng, settled.backend);
  }

  /**
   * Projects a memory once, for the queries of many steps.
   * @param memory [batch, places, memoryFeatures]: the values, from which the keys are computed. Padding may hold NaN.
   * @throws ShapeError, InputError for a memory of another size and for lengths outside [1, places]
   */
  bind(memory: Tensor, options: AttentionOptions = {}): AttentionMemory {
    const keys = projectKeys("AdditiveAttention.bind", this.keys, memory, options);
    return bindAdditiveMemory(keys, memory, this.v, options);
  }

  /**
   * @param query [batch, queryFeatures] for one step, or [batch, steps, queryFeatures] for all steps at once
   * @param memory [batch, places, memoryFeatures], or the result of {@link bind}
   * @param options the number of valid places of each memory; not allowed with a bound memory
   * @returns context [batch, (steps,) memoryFeatures] and weights [batch, (steps,) places]
   * @throws ShapeError, InputError for tensors that do not fit each other or the module
   */
  forward(query: Tensor, memory: MemoryInput, options?: AttentionOptions): Attention {
    return attend("AdditiveAttention.forward", this, query, memory, options);
  }
}

/**
 * Dot attention with projections: score = scale * (W query) . (U memory), the "general" score of Luong, Pham and
 * Manning (2015) with its matrix as a product of two. W is `query.weight` [units, queryFeatures], U is `keys.weight`
 * [units, memoryFeatures]. Their "dot" score, without projections, is the op `dotAttention`.
 */
export class DotAttention {
  readonly query: Linear;
  readonly keys: Linear;
  readonly scale: number;

  constructor(
    queryFeatures: number,
    memoryFeatures: number,
    units: number,
    options: DotAttentionModuleOptions,
  ) {
    const where = "DotAttention";
    const { scale, ...settled } = settle<Settled<DotAttentionModuleOptions, "backend">>(
      ...([where, DOT_RANGES, { bias: false, scale: 1 }, options] as const),
    );
    const sizes = { queryFeatures, memoryFeatures, units };
    for (const [name, size] of Object.entries(sizes)) checkSize(`${where}: ${name}`, size);
    this.query = new Linear(queryFeatures, units, settled);
    this.keys = new Linear(memoryFeatures, units, settled);
    this.scale = scale;
  }

  /** Like {@link AdditiveAttention.bind}. */
  bind(memory: Tensor, options: AttentionOptions = {}): AttentionMemory {
    const keys = projectKeys("DotAttention.bind", this.keys, memory, options);
    return bindDotMemory(keys, memory, { ...options, scale: this.scale });
  }

  /** Like {@link AdditiveAttention.forward}. */
  forward(query: Tensor, memory: MemoryInput, options?: AttentionOptions): Attention {
    return attend("DotAttention.forward", this, query, memory, options);
  }
}

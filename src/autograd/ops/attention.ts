import { type Kernels, WORD } from "../../backend/backend.ts";
import { ATTENTION_SCORES } from "../../backend/kernels.generated.ts";
import { empty, integerWrites, type Tensor } from "../../backend/tensor.ts";
import { InputError, ScopeError, ShapeError } from "../../core/errors.ts";
import {
  COUNT,
  checkValue,
  listOfAny,
  type Names,
  type Range,
  refuseOthers,
  SIZE,
} from "../../core/options.ts";
import { checkShape, showShape } from "../../core/shape.ts";
import { runsOf } from "../attention-runs.ts";
import { requireFloats, requireIntegers } from "../check.ts";
import { isRecording, kernelsOf, record, recordAll } from "../tape.ts";

/** The result of attending to a memory. */
export interface Attention {
  /** The mean of the values, weighted by `weights`: [B, H], or [B, T, H] for T queries at once. */
  readonly context: Tensor;
  /** The softmax of the scores: [B, S], or [B, T, S]; 0 for padding. */
  readonly weights: Tensor;
}

export interface AttentionOptions {
  /**
   * Integers [B]: how many positions of each memory are valid, from 1 to S. The rest is padding, which is never read
   * and has a gradient of 0. Default: all S positions.
   */
  readonly lengths?: Tensor | undefined;
}

export interface DotAttentionOptions extends AttentionOptions {
  /** Factor of the scores, for example 1 / sqrt(A) in Vaswani et al. (2017). Default: 1. */
  readonly scale?: number;
}

/** Kernels read it as float32. */
export const SCALE: Range = {
  text: "a number that float32 holds",
  fits: (value) => typeof value === "number" && Number.isFinite(Math.fround(value)),
};

const LENGTHS: Names<AttentionOptions> = { lengths: 0 };
const DOT: Names<DotAttentionOptions> = { lengths: 0, scale: 0 };

interface Sizes {
  /** Number of sequences, positions of a memory, features of a key and features of a value. */
  readonly B: number;
  readonly S: number;
  readonly A: number;
  readonly H: number;
}

interface Parts {
  readonly op: "additiveAttention" | "dotAttention";
  readonly keys: Tensor;
  readonly values: Tensor;
  readonly v?: Tensor;
  readonly lengths: Tensor | undefined;
  readonly scale: number;
}

/**
 * The memory of an attention, bound once for all queries on a tape: a decoder uses it once per step. The gradients of
 * keys, values and v are summed in one place for any number of queries. Made by {@link bindAdditiveMemory} and {@link
 * bindDotMemory}.
 */
export class AttentionMemory {
  private readonly parts: Parts;
  private readonly sizes: Sizes;
  private readonly kernels: Kernels;
  /** Represents keys, values and v on the tape; undefined if none of them needs a gradient. */
  private readonly token: Tensor | undefined;
  private gradients: readonly (Tensor | undefined)[] | undefined;

  /** For this package only: the parts must have been checked. */
  constructor(parts: Parts) {
    const { op, keys, values, v, lengths } = parts;
    this.parts = parts;
    this.sizes = sizesOf(parts);
    requireLengths(op, lengths, keys);
    this.kernels = kernelsOf(op, keys, values, v, lengths);
    if (!isRecording(keys, values, v)) return;
    const token = empty([]);
    this.kernels.fill(token.address, 0, 1);
    this.token = record(`${op} memory`, [keys, values, v], token, () => {
      const found = this.gradients ?? [];
      this.gradients = undefined;
      return found;
    });
  }

  /**
   * The context of a query [B, A], or of T queries for each sequence [B, T, A].
   * @throws ShapeError, InputError for a query that does not fit the memory
   */
  attend(query: Tensor): Attention {
    return this.attendFirst(query, this.sizes.B);
  }

  /**
   * Like {@link attend}, for the first sequences of the memory only: a decoder whose sequences are sorted by length has
   * fewer of them at each step.
   * @param query [count, A] or [count, T, A]
   * @param count how many sequences, from 1 to B
   */
  attendFirst(query: Tensor, count: number): Attention {
    const { parts, token, kernels } = this;
    const { op, keys, values, v, lengths } = parts;
    const { S, A, H } = this.sizes;
    checkValue(`${op}: count`, upTo(this.sizes.B), count);
    const B = count;
    requireFloats(op, { query });
    const steps = query.shape.length === 3 ? query.shape.slice(1, 2) : [];
    checkShape(`${op}: query`, query.shape, [
      ["batch", B],
      ...steps.map((n) => ["steps", n] as const),
      ["units", A],
    ]);
    kernelsOf(op, query, keys, values, v, lengths);
    const T = steps[0] ?? 1;
    const [context, weights] = [empty([B, ...steps, H]), empty([B, ...steps, S])];
    const before = integerWrites();
    kernels.attention(
      ...([this.kind, context.address, weights.address, query.address, keys.address] as const),
      ...([values.address, at(v), at(lengths), parts.scale, B, T, S, A, H] as const),
    );
    recordAll(op, [query, token], [context, weights], ([dContext, dWeights]) => {
      if (integerWrites() !== before) checkLengths(op, lengths, S);
      const dQuery = query.needsGradient ? empty(query.shape) : undefined;
      const [dKeys, dValues, dV] = this.sums();
      kernels.attention_backward(
        ...([this.kind, at(dQuery), at(dKeys), at(dValues), at(dV), at(dContext), at(dWeights)] as const),
        ...([query.address, keys.address, values.address, at(v), weights.address] as const),
        ...([at(lengths), parts.scale, B, T, S, A, H, empty([S]).address] as const),
      );
      return [dQuery, token && this.reached()];
    });
    return { context, weights };
  }

  /**
   * The context of queries [N, A], each to the memory of one sequence: the rows of a beam search read the memory of their
   * sentence, which is not copied. Consecutive rows of one sequence are cheapest. Without a gradient.
   * @param sequences which sequence each row reads, N integers in [0, B)
   * @throws ShapeError, InputError for queries and sequences that do not fit the memory; ScopeError on a tape
   */
  attendRows(query: Tensor, sequences: ArrayLike<number>): Attention {
    const { op, keys, values, v, lengths, scale } = this.parts;
    const { B, S, A, H } = this.sizes;
    requireFloats(op, { query });
    checkValue(`${op}: sequences`, listOfAny(below(B), `a list of integers from 0 to ${B - 1}`), sequences);
    checkShape(`${op}: query`, query.shape, [
      ["rows", sequences.length],
      ["units", A],
    ]);
    if (isRecording(query, this.token)) {
      throw new ScopeError(`${op}: attendRows has no gradient`, { hint: "call it in noGradient(() => ...)" });
    }
    const kernels = kernelsOf(op, query, keys, values, v, lengths);
    const rows = sequences.length;
    const [context, weights] = [empty([rows, H]), empty([rows, S])];
    for (const { row, first, count, each } of runsOf(sequences)) {
      kernels.attention(
        ...([this.kind, context.address + row * H * WORD, weights.address + row * S * WORD] as const),
        ...([query.address + row * A * WORD, keys.address + first * S * A * WORD] as const),
        ...([
          values.address + first * S * H * WORD,
          at(v),
          lengths ? lengths.address + first * WORD : 0,
        ] as const),
        ...([scale, count, each, S, A, H] as const),
      );
    }
    return { context, weights };
  }

  /**
   * The same memory of tensors that `keep` copies, for inference beyond the open scope.
   * @param keep copies keys, values, v and lengths, each once
   */
  keep(keep: (tensor: Tensor) => Tensor): AttentionMemory {
    const { keys, values, v, lengths } = this.parts;
    return new AttentionMemory({
      ...this.parts,
      keys: keep(keys),
      values: keep(values),
      ...(v && { v: keep(v) }),
      lengths: lengths && keep(lengths),
    });
  }

  private get kind(): number {
    return this.parts.op === "dotAttention" ? ATTENTION_SCORES.dot : ATTENTION_SCORES.additive;
  }

  /** The tensors in which the gradients of keys, values and v are summed, initially zero. */
  private sums(): readonly (Tensor | undefined)[] {
    const { keys, values, v } = this.parts;
    if (this.token === undefined) return [];
    this.gradients ??= [keys, values, v].map((tensor) => {
      if (!tensor?.needsGradient) return undefined;
      const zeros = empty(tensor.shape);
      this.kernels.fill(zeros.address, 0, zeros.size);
      return zeros;
    });
    return this.gradients;
  }

  /** The token's gradient. Its only purpose is that backward reaches the memory. */
  private reached(): Tensor {
    const zero = empty([]);
    this.kernels.fill(zero.address, 0, 1);
    return zero;
  }
}

const at = (tensor: Tensor | undefined): number => tensor?.address ?? 0;

const upTo = (most: number): Range => ({
  text: `an integer from 1 to ${most}`,
  fits: (value) => SIZE.fits(value) && (value as number) <= most,
});

const below = (bound: number): Range => ({
  text: `an integer from 0 to ${bound - 1}`,
  fits: (value) => COUNT.fits(value) && (value as number) < bound,
});

function sizesOf({ op, keys, values, v }: Parts): Sizes {
  checkShape(`${op}: keys`, keys.shape, [
    ["batch", null],
    ["places", null],
    ["units", null],
  ]);
  const [B, S, A] = keys.shape;
  if (S === 0) throw new ShapeError(`${op}: keys`, "one place or more", showShape(keys.shape));
  checkShape(`${op}: values`, values.shape, [
    ["batch", B],
    ["places", S],
    ["features", null],
  ]);
  if (v !== undefined) checkShape(`${op}: v`, v.shape, [["units", A]]);
  return { B, S, A, H: values.shape[2] };
}

/** @throws InputError for lengths outside [1, S] */
function checkLengths(op: string, lengths: Tensor | undefined, S: number): void {
  for (const [position, length] of lengths?.readIntsSync()?.entries() ?? []) {
    if (length >= 1 && length <= S) continue;
    throw new InputError(
      `${op}: lengths must be integers from 1 to ${S}, got ${length} at position ${position}`,
    );
  }
}

/** @throws InputError, ShapeError unless there is a length from 1 to S for each sequence of keys [B, S, A] */
export function requireLengths(op: string, lengths: Tensor | undefined, keys: Tensor): void {
  if (lengths === undefined) return;
  requireIntegers(`${op}: lengths`, lengths);
  checkShape(`${op}: lengths`, lengths.shape, [["batch", keys.shape[0]]]);
  checkLengths(op, lengths, keys.shape[1]);
}

/**
 * Binds a memory for additive attention, for the queries of many steps. The arguments are those of {@link
 * additiveAttention}.
 *     const memory = bindAdditiveMemory(linear(encoded, U), encoded, v, { lengths });
 *     for (...) { const { context } = memory.attend(linear(state, W)); ... }
 */
export function bindAdditiveMemory(
  keys: Tensor,
  values: Tensor,
  v: Tensor,
  options: AttentionOptions = {},
): AttentionMemory {
  const op = "additiveAttention";
  refuseOthers(op, LENGTHS, options);
  const { lengths } = options;
  requireFloats(op, { keys, values, v });
  return new AttentionMemory({ op, keys, values, v, lengths, scale: 1 });
}

/** Binds a memory for dot attention, for the queries of many steps. The arguments are those of {@link dotAttention}. */
export function bindDotMemory(
  keys: Tensor,
  values: Tensor,
  options: DotAttentionOptions = {},
): AttentionMemory {
  const op = "dotAttention";
  refuseOthers(op, DOT, options);
  const { lengths, scale = 1 } = options;
  requireFloats(op, { keys, values });
  checkValue(`${op}: scale`, SCALE, scale);
  return new AttentionMemory({ op, keys, values, lengths, scale });
}

/**
 * Additive attention over a memory (Bahdanau, Cho and Bengio 2015, "Neural machine translation by jointly learning to
 * align and translate", appendix A.1.2). With the paper's q = W s and k = U m as query and keys:
 *     score = v . tanh(query + key),  weights = softmax of the scores,  context = sum of weights * values
 * The scores of all steps and positions are computed in one pass, forward and backward, without a tensor [B, T, S, A].
 * @param query [B, A] for one step, or [B, T, A] for all steps at once
 * @param keys [B, S, A], computed once per sequence
 * @param values [B, S, H], which are averaged
 * @param v [A]
 * @throws ShapeError, InputError for tensors that do not fit each other and for lengths outside [1, S]
 */
export function additiveAttention(
  query: Tensor,
  keys: Tensor,
  values: Tensor,
  v: Tensor,
  options: AttentionOptions = {},
): Attention {
  return bindAdditiveMemory(keys, values, v, options).attend(query);
}

/**
 * Dot attention over a memory (Luong, Pham and Manning 2015, "Effective approaches to attention-based neural machine
 * translation", section 3.1). It is {@link additiveAttention} with
 *     score = scale * query . key
 * @param query [B, A] for one step, or [B, T, A] for all steps at once
 * @param keys [B, S, A]
 * @param values [B, S, H], which are averaged
 * @throws ShapeError, InputError for tensors that do not fit each other and for lengths outside [1, S]
 */
export function dotAttention(
  query: Tensor,
  keys: Tensor,
  values: Tensor,
  options: DotAttentionOptions = {},
): Attention {
  return bindDotMemory(keys, values, options).attend(query);
}

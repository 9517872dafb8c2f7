import { type Address, WORD } from "../address.ts";
import { ATTENTION_SCORES, type Kernels } from "../kernels.generated.ts";
import type { ReferenceMemory } from "./memory.ts";

type Names = "attention" | "attention_backward";

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** y += factor * x */
function addTo(y: Float64Array | undefined, factor: number, x: Float64Array): void {
  if (y === undefined) return;
  for (let i = 0; i < y.length; i++) y[i] += factor * x[i];
}

function softmax(scores: Float64Array): Float64Array {
  const top = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  const powers = scores.map((score) => Math.exp(score - top));
  const sum = powers.reduce((all, power) => all + power, 0);
  return powers.map((power) => power / sum);
}

/**
 * Attention of steps over the positions of a memory: scores e of the positions, weights p, and the context:
 *     e_j = v . tanh(q + k_j)     additive: Bahdanau et al. 2015, appendix A.1.2
 *     e_j = factor q . k_j        dot: Luong et al. 2015, section 3.1
 *     p = softmax(e),  context = sum_j p_j value_j
 * Backward: dp_j = dcontext . value_j + dweights_j,  de = p (dp - sum_j p_j dp_j),
 *     g_j = de_j v (1 - tanh(q + k_j)^2)     dq = sum_j g_j,  dk_j = g_j,  dv = sum_j de_j tanh(q + k_j)
 *     dq = factor sum_j de_j k_j,  dk_j = factor de_j q
 */
export function attentionKernels(memory: ReferenceMemory): Pick<Kernels, Names> {
  /** Row `index` of a matrix whose rows have n elements; undefined if the matrix is absent. */
  const optional = (address: Address, index: number, n: number) =>
    address === 0 ? undefined : memory.at(address + index * n * WORD, n);
  const row = (address: Address, index: number, n: number) => memory.at(address + index * n * WORD, n);
  const lengthOf = (lengths: Address, sequence: number, s: number) =>
    optional(lengths, sequence, 1)?.[0] ?? s;

  return {
    attention(kind, context, weights, query, keys, values, v, lengths, factor, b, t, s, a, h) {
      for (let step = 0; step < b * t; step++) {
        const sequence = Math.floor(step / t);
        const length = lengthOf(lengths, sequence, s);
        const q = row(query, step, a);
        const scores = Float64Array.from({ length }, (_, j) => {
          const key = row(keys, sequence * s + j, a);
          if (kind === ATTENTION_SCORES.dot) return factor * dot(q, key);
          return dot(
            row(v, 0, a),
            key.map((k, i) => Math.tanh(q[i] + k)),
          );
        });
        const [p, out] = [row(weights, step, s).fill(0), row(context, step, h).fill(0)];
        p.set(softmax(scores));
        for (let j = 0; j < length; j++) addTo(out, p[j], row(values, sequence * s + j, h));
      }
    },

    attention_backward(
      kind,
      dquery,
      dkeys,
      dvalues,
      dv,
      dcontext,
      dweights,
      query,
      keys,
      values,
      v,
      weights,
      lengths,
      factor,
      b,
      t,
      s,
      a,
      h,
    ) {
      for (let step = 0; step < b * t; step++) {
        const sequence = Math.floor(step / t);
        const length = lengthOf(lengths, sequence, s);
        const [q, p] = [row(query, step, a), row(weights, step, s).subarray(0, length)];
        const [dc, dw] = [optional(dcontext, step, h), optional(dweights, step, s)];
        const dq = optional(dquery, step, a)?.fill(0);
        const dp = p.map((_, j) => (dc ? dot(dc, row(values, sequence * s + j, h)) : 0) + (dw?.[j] ?? 0));
        const de = p.map((weight, j) => weight * (dp[j] - dot(p, dp)));
        for (let j = 0; j < length; j++) {
          const place = sequence * s + j;
          const [k, dk] = [row(keys, place, a), optional(dkeys, place, a)];
          if (dc !== undefined) addTo(optional(dvalues, place, h), p[j], dc);
          if (kind === ATTENTION_SCORES.dot) {
            addTo(dq, factor * de[j], k);
            addTo(dk, factor * de[j], q);
            continue;
          }
          const y = k.map((value, i) => Math.tanh(q[i] + value));
          const g = row(v, 0, a).map((weight, i) => weight * (1 - y[i] * y[i]));
          addTo(dq, de[j], g);
          addTo(dk, de[j], g);
          addTo(optional(dv, 0, a), de[j], y);
        }
      }
    },
  };
}

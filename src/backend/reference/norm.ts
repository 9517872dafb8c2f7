import type { Kernels } from "../kernels.generated.ts";
import type { ReferenceMemory } from "./memory.ts";

const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length;

/**
 * Layer normalization (Ba, Kiros and Hinton 2016) over rows: with z = (x - mean) / sqrt(variance + epsilon),
 *
 *     y = z * gain + bias
 *     dx = (u - mean(u) - z * mean(u * z)) / sqrt(variance + epsilon),  u = dy * gain
 */
export function normKernels(memory: ReferenceMemory): Pick<Kernels, "layer_norm" | "layer_norm_backward"> {
  const optional = (address: number, n: number) => (address === 0 ? undefined : memory.at(address, n));

  return {
    layer_norm(y, means, deviations, x, gain, bias, epsilon, rows, n) {
      const [g, b] = [optional(gain, n), optional(bias, n)];
      for (let row = 0; row < rows; row++) {
        const [out, values] = [memory.at(y + row * n * 4, n), memory.at(x + row * n * 4, n)];
        const middle = mean(values);
        const deviation = 1 / Math.sqrt(mean(values.map((v) => (v - middle) ** 2)) + epsilon);
        memory.at(means, rows)[row] = middle;
        memory.at(deviations, rows)[row] = deviation;
        out.set(values.map((v, i) => (v - middle) * deviation * (g?.[i] ?? 1) + (b?.[i] ?? 0)));
      }
    },
    layer_norm_backward(dx, dgain, dbias, dy, x, means, deviations, gain, rows, n) {
      const [g, dg, db] = [optional(gain, n), optional(dgain, n), optional(dbias, n)];
      dg?.fill(0);
      db?.fill(0);
      for (let row = 0; row < rows; row++) {
        const [gradient, values] = [memory.at(dy + row * n * 4, n), memory.at(x + row * n * 4, n)];
        const [middle, deviation] = [memory.at(means, rows)[row], memory.at(deviations, rows)[row]];
        const z = values.map((v) => (v - middle) * deviation);
        const u = gradient.map((d, i) => d * (g?.[i] ?? 1));
        for (let i = 0; i < n; i++) {
          if (dg !== undefined) dg[i] += gradient[i] * z[i];
          if (db !== undefined) db[i] += gradient[i];
        }
        if (dx === 0) continue;
        const [meanU, meanUZ] = [mean(u), mean(u.map((v, i) => v * z[i]))];
        memory.at(dx + row * n * 4, n).set(u.map((v, i) => deviation * (v - meanU - z[i] * meanUZ)));
      }
    },
  };
}

import type { WeightFormat } from "../../src/nn/index.ts";

/** A matrix of float32 with rows of `columns` as a stream's format holds it, by the plainest means. */
export function rounded(values: ArrayLike<number>, columns: number, format: WeightFormat): number[] {
  const all = Array.from(values, Math.fround);
  if (format === "f32") return all;
  if (format === "bf16") return all.map(nearestBf16);
  const rows = Array.from({ length: all.length / columns }, (_, row) =>
    all.slice(row * columns, (row + 1) * columns),
  );
  return rows.flatMap((row) => {
    const scale = Math.fround(Math.max(...row.map(Math.abs)) / 127);
    if (scale === 0) return row.map(() => 0);
    return row.map((value) => nearestEven(Math.fround(value / scale)) * scale);
  });
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** Of the two neighbours that have 16 bits, the nearer one; of equals the one that ends in 0. */
function nearestBf16(value: number): number {
  float[0] = value;
  const upper = word[0] >>> 16;
  const [below, above] = [upper, upper + 1].map((bits) => {
    word[0] = bits << 16;
    return float[0];
  });
  const [down, up] = [Math.abs(value - below), Math.abs(above - value)];
  if (down !== up) return down < up ? below : above;
  return upper % 2 === 0 ? below : above;
}

function nearestEven(value: number): number {
  const nearest = Math.round(value);
  return Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : nearest;
}

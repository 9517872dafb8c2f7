import type { Rng } from "../core/rng.ts";

/** The number of vectors that are kept in the cache while all later ones are made orthogonal to them. */
const PANEL = 32;

/**
 * A random matrix [rows, columns], row-major, whose rows or columns (whichever are fewer) are orthonormal: the factor Q
 * of a matrix of normal numbers, by Gram-Schmidt in float64, panel after panel. Because R has a positive diagonal, all
 * such matrices are equally likely (Mezzadri 2007, "How to generate random matrices from the classical compact groups").
 */
export function orthonormal(rows: number, columns: number, rng: Rng): Float64Array {
  const [count, length] = rows < columns ? [rows, columns] : [columns, rows];
  const vectors = Array.from({ length: count }, () => {
    const vector = new Float64Array(length);
    fillNormal(vector, rng);
    return vector;
  });
  for (let from = 0; from < count; from += PANEL) {
    const to = Math.min(from + PANEL, count);
    for (let j = from; j < to; j++) {
      takeOut(vectors.slice(from, j), vectors[j]);
      normalise(vectors[j]);
    }
    const panel = vectors.slice(from, to);
    for (let j = to; j < count; j++) takeOut(panel, vectors[j]);
  }
  const matrix = new Float64Array(rows * columns);
  const [vectorStride, elementStride] = rows < columns ? [columns, 1] : [1, columns];
  for (const [j, vector] of vectors.entries()) {
    for (let i = 0; i < length; i++) matrix[j * vectorStride + i * elementStride] = vector[i];
  }
  return matrix;
}

/** Draws normal numbers in pairs, each from one block of random bits (Box and Muller 1958). */
function fillNormal(values: Float64Array, rng: Rng): void {
  for (let i = 0; i < values.length; i += 2) {
    const [a, b] = rng.words();
    const radius = Math.sqrt(-2 * Math.log((a + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * b) / 2 ** 32;
    values[i] = radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle);
  }
}

/**
 * Subtracts the projections onto the orthonormal vectors `units` from `vector`. A pass handles eight of them, because
 * the additions of one sum depend on each other, but those of eight sums do not.
 */
function takeOut(units: readonly Float64Array[], vector: Float64Array): void {
  let at = 0;
  for (; at + 8 <= units.length; at += 8) takeOutEight(units.slice(at, at + 8), vector);
  for (; at < units.length; at++) {
    const unit = units[at];
    let along = 0;
    for (let i = 0; i < vector.length; i++) along += unit[i] * vector[i];
    for (let i = 0; i < vector.length; i++) vector[i] -= along * unit[i];
  }
}

function takeOutEight([a, b, c, d, e, f, g, h]: readonly Float64Array[], vector: Float64Array): void {
  let [alongA, alongB, alongC, alongD, alongE, alongF, alongG, alongH] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < vector.length; i++) {
    const x = vector[i];
    alongA += a[i] * x;
    alongB += b[i] * x;
    alongC += c[i] * x;
    alongD += d[i] * x;
    alongE += e[i] * x;
    alongF += f[i] * x;
    alongG += g[i] * x;
    alongH += h[i] * x;
  }
  for (let i = 0; i < vector.length; i++) {
    const first = alongA * a[i] + alongB * b[i] + (alongC * c[i] + alongD * d[i]);
    const second = alongE * e[i] + alongF * f[i] + (alongG * g[i] + alongH * h[i]);
    vector[i] -= first + second;
  }
}

function normalise(vector: Float64Array): void {
  let squares = 0;
  for (const x of vector) squares += x * x;
  const factor = 1 / Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) vector[i] *= factor;
}

/** Rows [first, first + count) of a matrix times a vector, plus those rows of a bias. */
export function multiply(
  matrix: Float64Array,
  first: number,
  count: number,
  vector: Float64Array,
  bias?: Float64Array,
): Float64Array {
  const K = vector.length;
  return Float64Array.from({ length: count }, (_, j) => {
    let total = bias?.[first + j] ?? 0;
    for (let k = 0; k < K; k++) total += matrix[(first + j) * K + k] * vector[k];
    return total;
  });
}

/** A column of a matrix, which is its product with a one-hot vector. */
export function columnOf(
  matrix: Float64Array,
  first: number,
  count: number,
  K: number,
  column: number,
  bias: Float64Array,
): Float64Array {
  return Float64Array.from({ length: count }, (_, j) => bias[first + j] + matrix[(first + j) * K + column]);
}

/** Rows [first, first + count) of a matrix of K columns, transposed, times a vector. */
export function multiplyTransposed(
  matrix: Float64Array,
  first: number,
  count: number,
  K: number,
  d: Float64Array,
): Float64Array {
  const result = new Float64Array(K);
  for (let j = 0; j < count; j++) {
    for (let k = 0; k < K; k++) result[k] += matrix[(first + j) * K + k] * d[j];
  }
  return result;
}

/** matrix += left right^T, starting at row `first`. */
export function addOuter(matrix: Float64Array, first: number, left: Float64Array, right: Float64Array): void {
  const K = right.length;
  for (let j = 0; j < left.length; j++) {
    for (let k = 0; k < K; k++) matrix[(first + j) * K + k] += left[j] * right[k];
  }
}

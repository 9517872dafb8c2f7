import { type FloatArray, WORD } from "../backend/backend.ts";
import { persistent, Tensor } from "../backend/tensor.ts";
import { InputError } from "../core/errors.ts";

/**
 * The logarithm of the softmax of logits [rows, V], one row at a time in the same array, so that no more than a row is
 * held and it is still in the cache when its candidates are chosen. Tensors are normalized by the kernel `softmax`,
 * arrays in float64. CPU-only.
 */
export class LogProbabilities {
  private readonly where: string;
  private readonly row: Float64Array;
  private scratch: Tensor | undefined;

  /**
   * @param where the function that errors name
   * @param vocabulary V
   */
  constructor(where: string, vocabulary: number) {
    this.where = where;
    this.row = new Float64Array(vocabulary);
  }

  /**
   * The log-probabilities of a row, [V]. The next call overwrites them. None is above 0.
   * @throws InputError for logits that are not numbers below infinity, and if all are -Infinity; its place is to be added
   */
  of(logits: Tensor | FloatArray, row: number): Float64Array {
    const all = this.row;
    if (Tensor.isTensor(logits)) this.readTensor(logits, row);
    else normalize(logits.subarray(row * all.length, (row + 1) * all.length), all);
    // A logit that is NaN or infinite, or no logit above -Infinity, makes all of the row NaN.
    if (Number.isNaN(all[0])) throw badLogits(this.where, logits, row, all.length);
    return all;
  }

  /** Frees the memory on the heap. */
  dispose(): void {
    this.scratch?.dispose();
    this.scratch = undefined;
  }

  private readTensor(logits: Tensor, row: number): void {
    const { backend } = logits;
    const size = this.row.length;
    if (this.scratch?.backend !== backend) {
      this.dispose();
      this.scratch = persistent([size], "f32", backend);
    }
    const from = logits.address + row * size * WORD;
    backend.kernels.softmax(this.scratch.address, from, 1, 1, size);
    backend.memory.readInto!(this.scratch.address, this.row);
  }
}

/** y = log softmax(x). The largest logit is taken out, so that exp cannot overflow. */
function normalize(x: FloatArray, y: Float64Array): void {
  let largest = x[0];
  for (let i = 1; i < x.length; i++) if (x[i] > largest) largest = x[i];
  let total = 0;
  for (let i = 0; i < x.length; i++) total += Math.exp(x[i] - largest);
  const logTotal = Math.log(total);
  for (let i = 0; i < x.length; i++) y[i] = x[i] - largest - logTotal;
}

function badLogits(where: string, logits: Tensor | FloatArray, row: number, size: number): InputError {
  const values = Tensor.isTensor(logits)
    ? logits.backend.memory.readSync!(logits.address + row * size * WORD, size)
    : logits.subarray(row * size, (row + 1) * size);
  const symbol = values.findIndex((value) => !(value < Number.POSITIVE_INFINITY));
  if (symbol < 0) {
    return new InputError(`${where}: one logit at least must be above -infinity, got none`, {
      hint: "let the model leave one symbol to choose",
    });
  }
  return new InputError(
    `${where}: logits must be numbers below infinity, got ${values[symbol]} for symbol ${symbol}`,
    {
      hint: "the training has diverged: take an earlier checkpoint",
    },
  );
}

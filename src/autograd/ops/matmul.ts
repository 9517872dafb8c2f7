import { type Kernels, WORD } from "../../backend/backend.ts";
import { withScratch } from "../../backend/scope.ts";
import { empty, type Tensor } from "../../backend/tensor.ts";
import { broadcastShape, broadcastStrides } from "../../core/broadcast.ts";
import { ShapeError } from "../../core/errors.ts";
import { checkValue, FLAG, type Names, refuseOthers } from "../../core/options.ts";
import { type Shape, showShape, sizeOf } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { collapse } from "../strided.ts";
import { kernelsOf, record } from "../tape.ts";

export interface MatmulOptions {
  /** Read a as [..., k, m]. */
  readonly transposeA?: boolean;
  /** Read b as [..., n, k]. */
  readonly transposeB?: boolean;
}

const OPTIONS: Names<MatmulOptions> = { transposeA: 0, transposeB: 0 };

/** A matrix operand: its last two axes are the matrix. */
interface Factor {
  readonly tensor: Tensor;
  readonly transposed: boolean;
}

/**
 * c (+)= op(a) op(b) for every index of the leading axes `batch`, to which those of a and b broadcast. `into` may have
 * fewer leading axes; the products over the missing axes are then added up in ascending order.
 */
function products(kernels: Kernels, a: Factor, b: Factor, batch: Shape, into: Shape): Tensor {
  const [m, n] = into.slice(-2);
  const k = a.tensor.shape.at(a.transposed ? -2 : -1)!;
  const c = empty(into);
  const leading = (shape: Shape) => broadcastStrides(shape.slice(0, -2), batch);
  const { sizes, strides } = collapse(batch, [into, a.tensor.shape, b.tensor.shape].map(leading));
  const adds = sizeOf(into.slice(0, -2)) !== sizeOf(batch);
  if (adds || k === 0) kernels.fill(c.address, 0, c.size);
  if (c.size === 0 || k === 0 || sizeOf(batch) === 0) return c;
  const flags = [a.transposed ? 1 : 0, b.transposed ? 1 : 0, adds ? 1 : 0] as const;
  const [areaC, areaA, areaB] = [m * n, m * k, k * n];
  // One b for all rows of a: compute one long product instead of many short ones.
  const isOneProduct =
    !adds && !a.transposed && sizes.length === 1 && strides[1][0] === 1 && strides[2][0] === 0;
  // The gradient of such a b: the sum over the batch becomes the inner dimension of one product.
  const isOneSum =
    adds && a.transposed && !b.transposed && sizes.length === 1 && strides[1][0] * strides[2][0] === 1;
  const rows = isOneProduct ? m * sizes[0] : m;
  const inner = isOneSum ? k * sizes[0] : k;
  const steps = isOneProduct || isOneSum ? 0 : sizes.length;
  withScratch(kernels.gemm_scratch(rows, n, inner), (scratch) => {
    const visit = (axis: number, toC: number, toA: number, toB: number): void => {
      if (axis === steps) {
        const [atA, atB] = [a.tensor.address + toA * areaA * WORD, b.tensor.address + toB * areaB * WORD];
        kernels.gemm(c.address + toC * areaC * WORD, atA, atB, 0, rows, n, inner, ...flags, scratch);
        return;
      }
      const [stepC, stepA, stepB] = strides.map((own) => own[axis]);
      for (let i = 0; i < sizes[axis]; i++)
        visit(axis + 1, toC + i * stepC, toA + i * stepA, toB + i * stepB);
    };
    visit(0, 0, 0, 0);
  });
  return c;
}

/**
 * Matrix product over the last two axes: a [..., m, k], b [..., k, n] -> [..., m, n]. Leading axes broadcast by NumPy's
 * rules.
 *     da = dy b^T,  db = a^T dy     summed over the leading axes along which an operand was broadcast
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  refuseOthers("matmul", OPTIONS, options);
  const { transposeA = false, transposeB = false } = options;
  checkValue("matmul: transposeA", FLAG, transposeA);
  checkValue("matmul: transposeB", FLAG, transposeB);
  requireFloats("matmul", { a, b });
  for (const [name, { shape }] of Object.entries({ a, b })) {
    if (shape.length < 2) {
      throw new ShapeError(`matmul: ${name}`, "a matrix or a batch of them", showShape(shape));
    }
  }
  const [m, k] = transposeA ? a.shape.slice(-2).toReversed() : a.shape.slice(-2);
  const [kB, n] = transposeB ? b.shape.slice(-2).toReversed() : b.shape.slice(-2);
  if (k !== kB) {
    const lead = b.shape.length > 2 ? "..., " : "";
    const expected = transposeB ? `[${lead}n, k=${k}]` : `[${lead}k=${k}, n]`;
    throw new ShapeError("matmul: b", expected, showShape(b.shape));
  }
  const batch = broadcastShape("matmul: leading axes", {
    a: a.shape.slice(0, -2),
    b: b.shape.slice(0, -2),
  });
  const kernels = kernelsOf("matmul", a, b);
  const [A, B] = [
    { tensor: a, transposed: transposeA },
    { tensor: b, transposed: transposeB },
  ];
  const y = products(kernels, A, B, batch, [...batch, m, n]);
  return record("matmul", [a, b], y, (dy) => {
    const plain = { tensor: dy, transposed: false };
    const turned = { tensor: dy, transposed: true };
    const other = ({ tensor, transposed }: Factor) => ({ tensor, transposed: !transposed });
    const product = (left: Factor, right: Factor, into: Tensor) =>
      into.needsGradient ? products(kernels, left, right, batch, into.shape) : undefined;
    return [
      transposeA ? product(B, turned, a) : product(plain, other(B), a),
      transposeB ? product(turned, A, b) : product(other(A), plain, b),
    ];
  });
}

import type { Kernels } from "../backend/backend.ts";
import type { Tensor } from "../backend/tensor.ts";
import { withScratch } from "./scratch.ts";

/** The sizes of a product of op(a) [m, k] and op(b) [k, n], op being a transpose where the flag is set. */
export interface ProductSizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * c = op(a) op(b), not seen by the tape.
 * @param bias [n], added to every row of c
 */
export function product(
  kernels: Kernels,
  c: Tensor,
  factors: readonly [a: Tensor, b: Tensor],
  sizes: ProductSizes,
  bias?: Tensor,
): void {
  const { m, n, k, transposeA = false, transposeB = false } = sizes;
  const [a, b] = factors;
  withScratch(kernels.gemm_scratch(m, n, k), (scratch) => {
    kernels.gemm(
      ...([c.address, a.address, b.address, bias?.address ?? 0, m, n, k] as const),
      ...([transposeA ? 1 : 0, transposeB ? 1 : 0, 0, scratch] as const),
    );
  });
}

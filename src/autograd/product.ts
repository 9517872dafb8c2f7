import type { Kernels } from "../backend/backend.ts";
import { withScratch } from "../backend/scope.ts";
import type { Tensor } from "../backend/tensor.ts";

/** The sizes of a product of op(a) [m, k] and op(b) [k, n], where op is a transpose if the flag is set. */
export interface ProductSizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

export interface ProductOptions {
  /** [n], added to every row of c. */
  readonly bias?: Tensor | undefined;
  /** Adds the product to c instead of overwriting c. Not allowed with a bias. */
  readonly adds?: boolean;
}

/** c = op(a) op(b), not recorded by the tape. */
export function product(
  kernels: Kernels,
  c: Tensor,
  factors: readonly [a: Tensor, b: Tensor],
  sizes: ProductSizes,
  options: ProductOptions = {},
): void {
  const { m, n, k, transposeA = false, transposeB = false } = sizes;
  const { bias, adds = false } = options;
  const [a, b] = factors;
  withScratch(kernels.gemm_scratch(m, n, k), (scratch) => {
    kernels.gemm(
      ...([c.address, a.address, b.address, bias?.address ?? 0, m, n, k] as const),
      ...([transposeA ? 1 : 0, transposeB ? 1 : 0, adds ? 1 : 0, scratch] as const),
    );
  });
}

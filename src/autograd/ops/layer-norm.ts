import { empty, type Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { AT_LEAST_0, checkValue, type Names, type Range, refuseOthers } from "../../core/options.ts";
import { checkShape } from "../../core/shape.ts";
import { requireFloats } from "../check.ts";
import { kernelsOf, record } from "../tape.ts";

export interface LayerNormOptions {
  /** Added to the variance before the square root. @defaultValue 1e-5, as in PyTorch */
  readonly epsilon?: number;
}

const OPTIONS: Names<LayerNormOptions> = { epsilon: 0 };

const EPSILON: Range = { ...AT_LEAST_0, text: "0 or more" };

/**
 * Layer normalization over the last axis (Ba, Kiros and Hinton 2016), as torch.nn.functional.layer_norm: x [..., F],
 * gain [F], bias [F] -> [..., F].
 *
 *     y = z * gain + bias,  z = (x - mean) / sqrt(variance + epsilon),  variance = mean((x - mean)^2)
 */
export function layerNorm(x: Tensor, gain?: Tensor, bias?: Tensor, options: LayerNormOptions = {}): Tensor {
  refuseOthers("layerNorm", OPTIONS, options);
  const { epsilon = 1e-5 } = options;
  requireFloats("layerNorm", { x }, { gain, bias });
  checkValue("layerNorm: epsilon", EPSILON, epsilon);
  const n = x.shape.at(-1);
  if (n === undefined || n === 0) {
    throw new ShapeError("layerNorm: x", "a tensor with one feature or more", `[${x.shape.join(", ")}]`);
  }
  for (const [name, tensor] of Object.entries({ gain, bias })) {
    if (tensor !== undefined) checkShape(`layerNorm: ${name}`, tensor.shape, [["features", n]]);
  }
  const kernels = kernelsOf("layerNorm", x, gain, bias);
  const rows = x.size / n;
  const at = (tensor: Tensor | undefined) => tensor?.address ?? 0;
  const [y, mean, deviation] = [empty(x.shape), empty([rows]), empty([rows])];
  kernels.layer_norm(
    ...([at(y), at(mean), at(deviation), at(x), at(gain), at(bias)] as const),
    ...([epsilon, rows, n] as const),
  );
  return record("layerNorm", [x, gain, bias], y, (dy) => {
    const like = (tensor: Tensor | undefined) => (tensor?.needsGradient ? empty(tensor.shape) : undefined);
    const [dx, dgain, dbias] = [like(x), like(gain), like(bias)];
    const gradients = [at(dx), at(dgain), at(dbias)] as const;
    const saved = [at(dy), at(x), at(mean), at(deviation), at(gain)] as const;
    kernels.layer_norm_backward(...gradients, ...saved, rows, n);
    return [dx, dgain, dbias];
  });
}

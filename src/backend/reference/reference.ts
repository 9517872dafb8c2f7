import type { Backend, Kernels } from "../backend.ts";
import { alongKernels } from "./along.ts";
import { attentionKernels } from "./attention.ts";
import { clipKernels } from "./clip.ts";
import { elementwiseKernels } from "./elementwise.ts";
import { imageKernels } from "./image.ts";
import { lossKernels } from "./loss.ts";
import { lossRowsKernels } from "./loss-rows.ts";
import { matrixKernels } from "./matrix.ts";
import { ReferenceMemory } from "./memory.ts";
import { normKernels } from "./norm.ts";
import { recurrentKernels } from "./recurrent.ts";
import { streamKernels } from "./stream.ts";
import { stridedKernels } from "./strided.ts";
import { unaryKernels } from "./unary.ts";
import { updateKernels } from "./update.ts";

/**
 * The reference implementation: every kernel in plain TypeScript and float64, written to be compared with its equation.
 * It is deliberately simple and slow; the tests compare every fast backend with it.
 */
export function createReferenceBackend(): Backend {
  const memory = new ReferenceMemory();
  const recurrent = recurrentKernels(memory);
  const kernels: Kernels = {
    ...elementwiseKernels(memory),
    ...matrixKernels(memory),
    ...lossKernels(memory),
    ...recurrent,
    ...streamKernels(memory, recurrent),
    ...clipKernels(memory),
    ...updateKernels(memory),
    ...unaryKernels(memory),
    ...stridedKernels(memory),
    ...alongKernels(memory),
    ...attentionKernels(memory),
    ...normKernels(memory),
    ...imageKernels(memory),
    ...lossRowsKernels(memory),
  };
  return { name: "reference", instructions: "float64", memory, kernels };
}

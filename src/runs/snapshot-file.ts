import { FormatError } from "../core/errors.ts";
import { isParameterName } from "../io/checkpoint-names.ts";
import type { SafetensorsFile } from "../io/safetensors.ts";
import type { Snapshot, SnapshotTensor } from "../train/snapshot.ts";

/**
 * The tensors of a checkpoint as a snapshot; of two thirds of them `parametersOnly` makes no copy.
 * @throws FormatError for a dtype that is not F32 or F64
 */
export function parseSnapshot(
  { tensors }: SafetensorsFile,
  step: number,
  where: string,
  { parametersOnly = false } = {},
): Snapshot {
  const snapshot = new Map<string, SnapshotTensor>();
  for (const [name, tensor] of tensors) {
    if (parametersOnly && !isParameterName(name)) continue;
    if (tensor.dtype !== "F32" && tensor.dtype !== "F64") {
      throw new FormatError(where, `tensor ${name} must be F32 or F64, got ${tensor.dtype}`);
    }
    snapshot.set(name, { shape: tensor.shape, data: tensor.data() });
  }
  return { step, tensors: snapshot };
}

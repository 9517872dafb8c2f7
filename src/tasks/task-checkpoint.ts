/** What a training of a task saves: a checkpoint that can be used without its run. */
import { encodeCheckpoint } from "../io/checkpoint.ts";
import { sha256Hex } from "../io/sha256.ts";
import type { Snapshot } from "../train/snapshot.ts";
import type { TaskLearner } from "./task-learner.ts";

/** What a checkpoint says beside its tensors. */
export interface DescribedModel {
  /** The task's name. */
  readonly task: string;
  /** The file of a task of the user's own. */
  readonly taskFile?: object;
  /** The model's configuration. */
  readonly model: unknown;
  /** The file of a cell of the user's own. */
  readonly cellFile?: object;
  /** Parts of a batch that the training has summed in a fixed tree. */
  readonly shards: number;
  /** A vocabulary, labels: each stands under its name. */
  readonly facts: object;
}

/** As the metadata of a safetensors file: JSON under names. */
export function describeCheckpoint(described: DescribedModel): Record<string, string> {
  const { task, taskFile, model, cellFile, shards, facts } = described;
  const own = Object.entries(facts).map(([name, value]) => [name, JSON.stringify(value)] as const);
  return {
    task,
    ...(taskFile && { taskFile: JSON.stringify(taskFile) }),
    model: JSON.stringify(model),
    ...(cellFile && { cellFile: JSON.stringify(cellFile) }),
    shards: String(shards),
    ...Object.fromEntries(own),
  };
}

/**
 * The bytes of a checkpoint.
 * @param metadata as {@link describeCheckpoint} makes it
 * @param seconds that the training has taken
 */
export function encodeSnapshot(
  { step, tensors }: Snapshot,
  metadata: Readonly<Record<string, string>>,
  seconds: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const stored = [...tensors].map(([name, { shape, data }]) => {
    const dtype = data instanceof Float64Array ? ("F64" as const) : ("F32" as const);
    return [name, { dtype, shape, data }] as const;
  });
  return encodeCheckpoint(new Map(stored), { ...metadata, step: String(step), seconds: String(seconds) });
}

/** SHA-256 of all parameters, in the order of their names: equal for equal bits. */
export async function hashParameters({ optimizer }: TaskLearner): Promise<string> {
  const parameters = optimizer.parameters.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const parts = await Promise.all(parameters.map(({ tensor }) => tensor.read()));
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return sha256Hex(bytes);
}

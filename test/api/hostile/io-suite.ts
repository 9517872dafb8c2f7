import * as io from "../../../src/io/index.ts";
import type { HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import * as arg from "./arguments.ts";

export async function prepared() {
  return io.encodeCheckpoint(
    { w: { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } },
    { task: "text" },
  );
}

const file = await prepared();

const isTensors = (value: unknown) =>
  value instanceof Map
    ? value.size === 0
    : typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
const tensor = arg.record({
  dtype: arg.word("F32"),
  shape: arg.such(
    () => [2],
    () => false,
  ),
  data: arg.only(() => Float32Array.of(1, 2)),
});
const tensors = arg.such(() => ({ w: tensor.valid() }), isTensors);
const metadata = arg.such(
  () => ({ task: "text" }),
  (value) =>
    value === undefined ||
    (typeof value === "object" &&
      value !== null &&
      Object.values(value).every((text) => typeof text === "string")),
);
const bytes = arg.only(() => file);
const bits = arg.only(() => Uint16Array.of(1, 2));
const where = arg.text("file");

export const targets = (_: HostileContext): HostileTarget[] => [
  {
    name: "writeSafetensors",
    args: { tensors, metadata },
    call: (tensors: never, metadata: never) => io.writeSafetensors(tensors, metadata),
  },
  {
    name: "writeSafetensors of one",
    args: { tensor },
    call: (tensor: never) => io.writeSafetensors({ w: tensor }),
  },
  {
    name: "readSafetensors",
    args: { bytes, where, options: arg.options({ maxHeaderBytes: arg.optional(arg.count(1000)) }) },
    call: (bytes: never, where: never, options: never) => io.readSafetensors(bytes, where, options),
  },
  {
    name: "safetensorsDataOffset",
    args: { file: bytes },
    call: (file: never) => io.safetensorsDataOffset(file),
  },
  {
    name: "encodeCheckpoint",
    args: { tensors, metadata },
    call: (tensors: never, metadata: never) => io.encodeCheckpoint(tensors, metadata),
  },
  {
    name: "decodeCheckpoint",
    args: { bytes, where },
    call: (bytes: never, where: never) => io.decodeCheckpoint(bytes, where),
  },
  { name: "sha256", args: { bytes }, call: (bytes: never) => io.sha256(bytes) },
  { name: "sha256Hex", args: { bytes }, call: (bytes: never) => io.sha256Hex(bytes) },
  { name: "float16ToFloat32", args: { bits }, call: (bits: never) => io.float16ToFloat32(bits) },
  { name: "bfloat16ToFloat32", args: { bits }, call: (bits: never) => io.bfloat16ToFloat32(bits) },
];

export default (context: HostileContext) => arg.sampled(targets(context), context);

import { parameters } from "../../../src/autograd/parameter.ts";
import { Rng } from "../../../src/core/rng.ts";
import { Vocabulary } from "../../../src/data/index.ts";
import * as io from "../../../src/io/index.ts";
import { LanguageModel } from "../../../src/models/index.ts";
import * as run from "../../../src/run/index.ts";
import type { HostileContext, HostileTarget } from "../../support/hostile/calls.ts";
import { describeCheckpoint } from "../../support/text-checkpoint.ts";
import * as arg from "./arguments.ts";
import { formatTargets } from "./formats.ts";
import { imageTargets } from "./images.ts";

export async function prepared() {
  return io.encodeCheckpoint(
    { w: { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } },
    { task: "text" },
  );
}

const file = await prepared();

const made = () => new LanguageModel({ vocabulary: 4, hidden: 2 }, { rng: new Rng(1) });

/** A checkpoint of {@link made}. */
async function trained() {
  const model = made();
  const stored = await Promise.all(
    parameters(model).map(async ({ name, tensor }) => {
      const data = Float32Array.from(await tensor.read());
      return [name, { dtype: "F32" as const, shape: tensor.shape, data }] as const;
    }),
  );
  const facts = { model: model.config, vocabulary: new Vocabulary("abcd"), step: 1, seconds: 1 };
  return io.encodeCheckpoint(Object.fromEntries(stored), describeCheckpoint(facts));
}

const checkpoint = await trained();

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

const files = (): HostileTarget[] => [
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

function models({ backend }: HostileContext): HostileTarget[] {
  const model = made();
  const whole = arg.only(() => checkpoint);
  const loading = arg.options({ strict: arg.optional(arg.flag()), where: arg.optional(where) });
  const read = io.readSafetensors(checkpoint, "file");
  const parsed = arg.record({
    tensors: arg.only(() => read.tensors),
    // Not looked at but for the name of the format.
    metadata: arg.such(
      () => read.metadata,
      () => true,
    ),
  });
  const opening = arg.options({
    where: arg.optional(where),
    backend: arg.optional(arg.only(() => backend)),
    createCell: arg.optional(arg.only(() => undefined)),
    cellName: arg.optional(arg.text()),
  });
  return [
    {
      name: "loadWeights",
      args: { model: arg.only(() => model), file: whole, options: loading },
      call: (model: never, file: never, options: never) => run.loadWeights(model, file, options),
    },
    {
      name: "loadWeights of a file that was read",
      args: { file: parsed },
      call: (file: never) => run.loadWeights(model, file),
    },
    {
      name: "openModel",
      args: { bytes: whole, options: opening },
      call: async (bytes: never, options: never) => {
        const opened = await run.openModel(bytes, options);
        for (const { tensor } of parameters(opened.model)) tensor.dispose();
      },
    },
  ];
}

export const targets = (context: HostileContext) => [
  ...files(),
  ...formatTargets(),
  ...imageTargets(),
  ...models(context),
];

export default (context: HostileContext) => arg.sampled(targets(context), context);

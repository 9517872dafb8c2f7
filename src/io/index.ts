export * from "./checkpoint.ts";
export { type ConllFile, type ConllOptions, type ConllSentence, parseConll } from "./conll.ts";
export type { StorableArray, StoredArrays, StoredDType } from "./dtypes.ts";
export { bfloat16ToFloat32, float16ToFloat32 } from "./dtypes.ts";
export { type ResizeOptions, type RgbImage, resizeImage, toModelPixels } from "./image.ts";
export { decodeImage, type ImageLimits } from "./images.ts";
export * from "./json-lines.ts";
export { type NpyArray, type NpyValues, parseNpy, writeNpy } from "./npy.ts";
export { type NpzOptions, parseNpz, writeNpz } from "./npz.ts";
export { encodePng, pngDataUri } from "./png.ts";
export * from "./safetensors.ts";
export { sha256, sha256Hex } from "./sha256.ts";
export {
  numericColumn,
  parseTable,
  requireColumn,
  type Table,
  type TableOptions,
  textColumn,
} from "./table.ts";
export { type EncodeWavOptions, encodeWav, parseWav, type WavEncoding, type WavFile } from "./wav.ts";
export { parseWordVectors, type WordVectorOptions, type WordVectors } from "./word-vectors.ts";

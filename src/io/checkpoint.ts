/**
 * A checkpoint: a safetensors file that any program can read, with a checksum that detects a change of any byte.
 *
 * The checksum is the first metadata entry, at a fixed place. It is
 *
 *   SHA-256( header, the checksum's 64 digits read as zeros  ||  SHA-256( data section ) )
 *
 * where the header includes its length and its padding: every byte of the file is hashed or is the checksum.
 * Every version of the format keeps this construction, so that a file of another version can be distinguished from a
 * damaged one. (A program that rewrites the file, even with the same tensors, makes a different file.)
 */
import { escapeControl, FormatError, InputError } from "../core/index.ts";
import { BYTES, checkValue, OPTIONS, TEXT } from "../core/options.ts";
import {
  readSafetensors,
  type SafetensorsFile,
  safetensorsDataOffset,
  type TensorsToStore,
  writeSafetensors,
} from "./safetensors.ts";
import { METADATA_NAME, quoteName } from "./safetensors-header.ts";
import { sha256, toHex } from "./sha256.ts";

export const CHECKPOINT_VERSION = "1";

const FORMAT = "unrolled";
const RESERVED = ["sha256", "format", "formatVersion"];
const NO_CHECKSUM = "0".repeat(64);
const PREFIX = `{"${METADATA_NAME}":{"sha256":"`;
const CHECKSUM_BEGIN = 8 + PREFIX.length;
const CHECKSUM_END = CHECKSUM_BEGIN + NO_CHECKSUM.length;

/** An undamaged checkpoint of a version that this program does not know. */
export class CheckpointVersionError extends FormatError {
  override name = "CheckpointVersionError";
  readonly version: string;

  constructor(where: string, version: string) {
    super(where, versionProblem(version), {
      hint: "use the version of Unrolled that wrote it, or a newer one",
    });
    this.version = version;
  }
}

/**
 * Encodes a checkpoint. All tensor data is copied before the call returns its promise, so that the heap may change
 * afterwards. The same arguments give the same bytes; metadata keys are sorted.
 * @throws InputError for tensors that cannot be stored, and for metadata with a reserved key
 */
export async function encodeCheckpoint(
  tensors: TensorsToStore,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  checkValue("encodeCheckpoint: metadata", OPTIONS, metadata);
  const all: Record<string, string> = Object.create(null);
  Object.assign(all, { sha256: NO_CHECKSUM, format: FORMAT, formatVersion: CHECKPOINT_VERSION });
  for (const key of Object.keys(metadata).sort()) {
    if (RESERVED.includes(key)) {
      throw new InputError(`checkpoint metadata ${quoteName(key)}: the key is reserved by the format`);
    }
    // JavaScript moves such keys before all others, but the checksum has to be first.
    if (/^(0|[1-9][0-9]*)$/.test(key)) {
      throw new InputError(`checkpoint metadata ${quoteName(key)}: a key must not be a number`);
    }
    all[key] = metadata[key];
  }
  const bytes = writeSafetensors(tensors, all);
  new TextEncoder().encodeInto(await checksum(bytes), bytes.subarray(CHECKSUM_BEGIN, CHECKSUM_END));
  return bytes;
}

/**
 * Decodes a checkpoint after checking that no byte has changed since it was written.
 * @param where names the file in errors
 * @returns the tensors, and the metadata without the format's own keys
 * @throws FormatError if the file is damaged or is not a checkpoint; CheckpointVersionError if it is undamaged, but of
 * another version
 */
export async function decodeCheckpoint(bytes: Uint8Array, where: string): Promise<SafetensorsFile> {
  checkValue("decodeCheckpoint: bytes", BYTES, bytes);
  checkValue("decodeCheckpoint: where", TEXT, where);
  const file = readSafetensors(bytes, where);
  const place = escapeControl(where);
  const { sha256: stored, format, formatVersion: version, ...others } = file.metadata;
  if (format !== FORMAT) {
    throw new FormatError(place, `is not a checkpoint: metadata "format" must be "${FORMAT}"`, {
      hint: "this program reads the checkpoints that it wrote, in a run's folder checkpoints/",
    });
  }
  if (version === undefined) throw new FormatError(place, 'metadata "formatVersion" is missing');
  if (stored === undefined)
    throw new FormatError(place, 'metadata "sha256" is missing, the file may be damaged');
  const whole = startsWithChecksum(bytes) && (await checksum(bytes)) === stored;
  if (version !== CHECKPOINT_VERSION) {
    if (whole) throw new CheckpointVersionError(place, version);
    throw new FormatError(place, `${versionProblem(version)}, or it is damaged: its checksum does not match`);
  }
  if (!whole) {
    throw new FormatError(place, "the file is damaged: its checksum does not match its contents", {
      hint: "use an older checkpoint of the run",
    });
  }
  return { metadata: Object.assign(Object.create(null), others), tensors: file.tensors };
}

function versionProblem(version: string): string {
  return `is a checkpoint of format version ${quoteName(version)}, this program reads "${CHECKPOINT_VERSION}"`;
}

/** The checksum that a file should have. `bytes` must be well-formed safetensors that start with {@link PREFIX}. */
async function checksum(bytes: Uint8Array): Promise<string> {
  const dataBegin = safetensorsDataOffset(bytes);
  const hashed = new Uint8Array(dataBegin + 32);
  hashed.set(bytes.subarray(0, dataBegin));
  hashed.fill(0x30, CHECKSUM_BEGIN, CHECKSUM_END);
  hashed.set(await sha256(bytes.subarray(dataBegin)), dataBegin);
  return toHex(await sha256(hashed));
}

function startsWithChecksum(bytes: Uint8Array): boolean {
  if (bytes.byteLength < CHECKSUM_END || safetensorsDataOffset(bytes) < CHECKSUM_END) return false;
  return new TextDecoder().decode(bytes.subarray(8, CHECKSUM_BEGIN)) === PREFIX;
}

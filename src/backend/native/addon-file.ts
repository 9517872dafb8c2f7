/**
 * The names and the checksum of the addon's files. They are separate from addon.ts because the build needs them too.
 */

interface Machine {
  readonly platform: string;
  readonly arch: string;
}

export function addonName({ platform, arch }: Machine): string {
  return `unrolled-${platform}-${arch}.node`;
}

export function checksumName(machine: Machine): string {
  return `${addonName(machine)}.crc32`;
}

/** The checksum of an addon's bytes. It detects damaged files, not malicious ones. */
export function checksumOf(bytes: Uint8Array): string {
  const zlib = globalThis.process.getBuiltinModule("node:zlib");
  return zlib.crc32(bytes).toString(16).padStart(8, "0");
}

/** What a 64-bit little-endian ELF library asks of the system that loads it: the parts of it that say so. */

export interface Requirements {
  /** Libraries that must be there (DT_NEEDED). */
  readonly libraries: readonly string[];
  /** Whether it asks for versions of symbols, as `memcpy@GLIBC_2.14` (DT_VERNEED). */
  readonly versioned: boolean;
  /** Symbols that others must define, sorted. */
  readonly undefined: readonly string[];
  /** Symbols that it defines for others, sorted. */
  readonly defined: readonly string[];
}

const SECTION = { strings: 3, dynamic: 6, dynamicSymbols: 11 } as const;
const TAG_NEEDED = 1;
const TAG_VERSIONS_NEEDED = 0x6ffffffe;

export function requirementsOf(bytes: Uint8Array): Requirements {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u16 = (at: number) => view.getUint16(at, true);
  const u32 = (at: number) => view.getUint32(at, true);
  const u64 = (at: number) => Number(view.getBigUint64(at, true));
  if (u32(0) !== 0x464c457f || bytes[4] !== 2) throw new Error("not a 64-bit ELF file");

  const [table, size, count] = [u64(0x28), u16(0x3a), u16(0x3c)];
  const sections = Array.from({ length: count }, (_, index) => {
    const at = table + index * size;
    return { type: u32(at + 4), offset: u64(at + 24), bytes: u64(at + 32), link: u32(at + 40) };
  });
  const find = (type: number) => {
    const section = sections.find((each) => each.type === type);
    if (section === undefined) throw new Error(`the library has no section of type ${type}`);
    return section;
  };
  const text = (strings: number, at: number) => {
    const start = sections[strings].offset + at;
    return Buffer.from(bytes.subarray(start, bytes.indexOf(0, start))).toString();
  };

  const dynamic = find(SECTION.dynamic);
  const entries = Array.from({ length: dynamic.bytes / 16 }, (_, index) => {
    const at = dynamic.offset + index * 16;
    return { tag: u64(at), value: u64(at + 8) };
  });
  const symbols = find(SECTION.dynamicSymbols);
  const names = Array.from({ length: symbols.bytes / 24 }, (_, index) => {
    const at = symbols.offset + index * 24;
    return { name: text(symbols.link, u32(at)), defined: u16(at + 6) !== 0 };
  }).filter(({ name }) => name !== "");
  const named = (defined: boolean) =>
    names.filter((each) => each.defined === defined).map(({ name }) => name);
  return {
    libraries: entries.filter(({ tag }) => tag === TAG_NEEDED).map(({ value }) => text(dynamic.link, value)),
    versioned: entries.some(({ tag }) => tag === TAG_VERSIONS_NEEDED),
    undefined: named(false).sort(),
    defined: named(true).sort(),
  };
}

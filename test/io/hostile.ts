/** Builders of safetensors files that are wrong in one way. */

/** A file with this header, padded, and this data. */
export function rawFile(header: string | Uint8Array, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + text.byteLength + data.byteLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.byteLength), true);
  file.set(text, 8);
  file.set(data, 8 + text.byteLength);
  return file;
}

/** One tensor `w` with these fields (JSON text each) and that many bytes of data. */
export function oneTensor(
  fields: { dtype?: string; shape?: string; data_offsets?: string },
  dataBytes = 8,
): Uint8Array {
  const all = { dtype: '"F32"', shape: "[2]", data_offsets: "[0,8]", ...fields };
  const json = Object.entries(all).map(([name, value]) => `"${name}":${value}`);
  return rawFile(`{"w":{${json.join(",")}}}`, new Uint8Array(dataBytes));
}

export const flipped = (bytes: Uint8Array, at: number, mask: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at] ^= mask;
  return copy;
};

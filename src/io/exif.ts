/** The one thing of Exif (CIPA DC-008) that a picture needs: how it has to be turned. */
import type { RgbImage } from "./image.ts";

const ORIENTATION = 0x0112;
const SHORT = 3;
const ENTRY_SIZE = 12;

/**
 * The orientation of the picture, 1 to 8, as its first directory has it. 1, upright, for whatever is no Exif or is damaged:
 * a picture is not refused because of its metadata.
 * @param tiff the TIFF structure: what follows `Exif\0\0` in a JPEG file, or the chunk eXIf of a PNG file
 */
export function readOrientation(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (view.byteLength < 8) return 1;
  const order = view.getUint16(0);
  const isLittle = order === 0x4949;
  if ((!isLittle && order !== 0x4d4d) || view.getUint16(2, isLittle) !== 42) return 1;
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > view.byteLength) return 1;
  const claimed = view.getUint16(directory, isLittle);
  const entries = Math.min(claimed, Math.floor((view.byteLength - directory - 2) / ENTRY_SIZE));
  for (let index = 0; index < entries; index++) {
    const at = directory + 2 + index * ENTRY_SIZE;
    if (view.getUint16(at, isLittle) !== ORIENTATION) continue;
    const value = view.getUint16(at + 8, isLittle);
    const isValid = view.getUint16(at + 2, isLittle) === SHORT && view.getUint32(at + 4, isLittle) === 1;
    return isValid && value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/**
 * The picture as it was meant to be seen: 2 is mirrored, 3 turned by 180 degrees, 4 mirrored upside down, 5 transposed, 6 turned
 * clockwise, 7 transposed along the other diagonal, 8 turned counterclockwise.
 */
export function applyOrientation(image: RgbImage, orientation: number): RgbImage {
  if (orientation === 1) return image;
  const { width, height, data } = image;
  // From 5 on the rows of the file are columns of the picture.
  const isTransposed = orientation >= 5;
  const [newWidth, newHeight] = isTransposed ? [height, width] : [width, height];
  const isFromRight = [2, 3, 7, 8].includes(orientation);
  const isFromBelow = [3, 4, 6, 7].includes(orientation);
  const turned = new Uint8Array(data.length);
  for (let row = 0; row < newHeight; row++) {
    for (let column = 0; column < newWidth; column++) {
      let [x, y] = isTransposed ? [row, column] : [column, row];
      if (isFromRight) x = width - 1 - x;
      if (isFromBelow) y = height - 1 - y;
      const [from, to] = [(y * width + x) * 3, (row * newWidth + column) * 3];
      for (let channel = 0; channel < 3; channel++) turned[to + channel] = data[from + channel];
    }
  }
  return { width: newWidth, height: newHeight, channels: 3, data: turned };
}

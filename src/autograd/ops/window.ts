import type { Window } from "../../backend/kernel-arguments.ts";
import type { Tensor } from "../../backend/tensor.ts";
import { ShapeError } from "../../core/errors.ts";
import { type Names, refuseOthers } from "../../core/options.ts";
import { checkShape, showShape } from "../../core/shape.ts";
import { showValue } from "../../core/show-value.ts";
import { requireFloats } from "../check.ts";

/** One number for height and width, or [height, width]. */
export type Pair = number | readonly [height: number, width: number];

export interface WindowOptions {
  readonly stride?: Pair;
  /** Rows and columns added on each side. */
  readonly padding?: Pair;
}

const OPTIONS: Names<WindowOptions> = { stride: 0, padding: 0 };

/** Larger than any axis on any heap, while sums of a few such numbers still fit into the 32 bits of the kernels. */
const LARGEST = 2 ** 29;

/** Both numbers of a pair. @throws ShapeError unless they are integers of at least `least` */
export function pairOf(where: string, value: Pair, least: number): readonly [number, number] {
  const both: unknown = typeof value === "number" ? [value, value] : value;
  const fits = (n: unknown) => Number.isInteger(n) && (n as number) >= least;
  if (!Array.isArray(both) || both.length !== 2 || !fits(both[0]) || !fits(both[1])) {
    throw new ShapeError(where, `a whole number from ${least} up, or two`, showValue(both));
  }
  const [first, second] = both as [number, number];
  if (Math.max(first, second) > LARGEST) throw new ShapeError(where, `at most ${LARGEST}`, showValue(value));
  return [first, second];
}

/** @throws InputError for an unknown option */
export function checkWindow(op: string, options: WindowOptions): void {
  refuseOthers(op, OPTIONS, options);
}

/** @throws ShapeError unless x is [N, C, H, W] of floats */
export function checkImages(op: string, x: Tensor): void {
  requireFloats(op, { x });
  checkShape(`${op}: x`, x.shape, [
    ["batch", null],
    ["channels", null],
    ["height", null],
    ["width", null],
  ]);
}

/**
 * A window of size `kernel` that slides over images [N, C, H, W], with its number of outputs, rounded down as in
 * PyTorch.
 * @throws ShapeError if the padded image is smaller than the window
 */
export function windowOver(
  op: string,
  x: Tensor,
  kernel: Pair,
  options: { stride: Pair; padding: Pair },
): { images: number; window: Window } {
  checkImages(op, x);
  const [images, channels, height, width] = x.shape;
  const [kh, kw] = pairOf(`${op}: kernel`, kernel, 1);
  const [sh, sw] = pairOf(`${op}: stride`, options.stride, 1);
  const [ph, pw] = pairOf(`${op}: padding`, options.padding, 0);
  const outputs = (size: number, k: number, stride: number, border: number) =>
    Math.floor((size + 2 * border - k) / stride) + 1;
  const [oh, ow] = [outputs(height, kh, sh, ph), outputs(width, kw, sw, pw)];
  if (oh < 1 || ow < 1) {
    const expected = `[batch, channels, height >= ${kh - 2 * ph}, width >= ${kw - 2 * pw}]`;
    throw new ShapeError(`${op}: x`, expected, showShape(x.shape));
  }
  return { images, window: [channels, height, width, kh, kw, sh, sw, ph, pw, oh, ow] };
}

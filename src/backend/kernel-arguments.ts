/** Groups of arguments that several kernels take. */
import { type Kernels, STREAM_PLAN, type WEIGHT_FORMATS } from "./kernels.generated.ts";

/** Sizes of four axes, or the strides of one operand over them (stride 0 repeats the operand along an axis). */
export type Four = readonly [number, number, number, number];

/**
 * A window that slides over the planes of an image: the number, height and width of the planes; the height, width,
 * strides and padding of the window; the height and width of the output.
 */
export type Window =
  Parameters<Kernels["im2col"]> extends [number, number, ...infer Rest] ? Readonly<Rest> : never;

/** Names of the formats in which streams hold their weights. */
export type WeightFormat = keyof typeof WEIGHT_FORMATS;

/** The description of a stream that its kernels receive. */
export type StreamPlan = { readonly [Name in keyof typeof STREAM_PLAN]: number };

export const PLAN_WORDS = Object.keys(STREAM_PLAN).length;

/** The words of a plan, in the kernels' order. */
export function wordsOf(plan: StreamPlan): number[] {
  const words = new Array<number>(PLAN_WORDS);
  for (const [name, place] of Object.entries(STREAM_PLAN)) words[place] = plan[name as keyof StreamPlan];
  return words;
}

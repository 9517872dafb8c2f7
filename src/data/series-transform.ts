/**
 * What is forecast in the place of the values themselves: their logarithm, or how they differ from a value that is known.
 * A forecast of step T + k is made relative to a base that is known at T, so it needs no sum over the steps between.
 */

export const TRANSFORMS = ["none", "log", "difference", "log-difference", "seasonal"] as const;
export type Transform = (typeof TRANSFORMS)[number];

export const isLog = (transform: Transform): boolean => transform === "log" || transform === "log-difference";
const isDifference = (transform: Transform): boolean =>
  transform === "difference" || transform === "log-difference";

/** Value to level: what sums and differences are made of. */
export const levelOf = (transform: Transform, value: number): number =>
  isLog(transform) ? Math.log(value) : value;

/** Level to value. Levels that no number holds become the largest one. */
export const restoreLevel = (transform: Transform, level: number): number =>
  isLog(transform) ? Math.min(Math.exp(level), Number.MAX_VALUE) : level;

/** Steps at the start of a series that have no input, because the step that they differ from is missing. */
export function lostSteps(transform: Transform, season: number): number {
  if (isDifference(transform)) return 1;
  return transform === "seasonal" ? season : 0;
}

/**
 * The step whose level is the base of step `origin + ahead`; -1: the base is 0.
 * @param ahead at least 1; 0 or less for the inputs of a model, which differ from the step before or a season before
 */
export function baseStep(transform: Transform, season: number, origin: number, ahead: number): number {
  if (isDifference(transform)) return ahead > 0 ? origin : origin + ahead - 1;
  if (transform !== "seasonal") return -1;
  return origin + ahead - season * Math.max(1, Math.ceil(ahead / season));
}

/** How many steps' mean change lies between a base and a forecast. */
export const changesTo = (transform: Transform, ahead: number): number =>
  isDifference(transform) ? ahead : 1;

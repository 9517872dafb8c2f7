export { type Fit, unitOf } from "./follow.ts";
export {
  type FoundCell,
  type SearchResult,
  type SignalValues,
  searchUnits,
  searchUnitsJob,
  valuesOf,
  valuesOfJob,
} from "./search.ts";
export { SIGNALS, type Signal } from "./signals.ts";
export { type GateSaturation, type LayerTrace, type ModelTrace, traceModel } from "./trace.ts";

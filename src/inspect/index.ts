export { type FoundCell, type SearchResult, searchUnits } from "./search.ts";
export { SIGNALS, type Signal } from "./signals.ts";
export { type GateSaturation, type LayerTrace, type ModelTrace, traceModel } from "./trace.ts";

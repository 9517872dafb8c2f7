import type { Results } from "../results.ts";
export function writePerformancePage(_: Results): string[] {
  return [];
}

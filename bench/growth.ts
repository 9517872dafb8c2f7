import type { Benchmark, Sizes } from "./benchmark.ts";
import { growthContestants } from "./contestants.ts";
import { layerFlops } from "./flops.ts";
import { LAYER, layerTitle } from "./layers.ts";
import type { Workload } from "./protocol.ts";

/** Where the three lines cross. */
const CENTRE = { time: 64, batch: 32, hidden: 128 };

const USUAL = {
  time: [16, 32, 64, 128, 256],
  batch: [1, 2, 4, 8, 16, 32, 64],
  hidden: [32, 64, 128, 256, 512, 1024],
};
const QUICK = { time: [16, 64, 256], batch: [1, 8, 32], hidden: [32, 128, 512] };

export const AXES = ["time", "batch", "hidden"] as const;

/** How the time of an LSTM layer grows with the number of steps, of rows and of units, one of them at a time. */
export const growth: Benchmark = {
  name: "growth",
  what: "an LSTM layer, forward and backward, as T, B and H grow",
  sizes: ["time", "batch", "hidden"],
  python: "torch",
  contestants: growthContestants,
  workloads(sizes: Sizes, quick) {
    const chosen = { ...(quick ? QUICK : USUAL), ...sizes };
    const found: Record<string, Workload> = {};
    for (const axis of AXES) {
      for (const size of chosen[axis] ?? []) {
        const point = { ...CENTRE, [axis]: size };
        found[`T=${point.time} B=${point.batch} H=${point.hidden}`] = {
          ...LAYER,
          cell: "lstm",
          mode: "train",
          ...point,
        };
      }
    }
    return found;
  },
  title: layerTitle,
  flops: layerFlops,
  learns: false,
};

/** The points of a line: those that have the centre's values on the other two axes, smallest first. */
export function alongAxis<Point extends { workload: Workload }>(
  points: readonly Point[],
  axis: (typeof AXES)[number],
): Point[] {
  const others = AXES.filter((other) => other !== axis);
  return points
    .filter(({ workload }) => others.every((other) => workload[other] === CENTRE[other]))
    .toSorted((a, b) => a.workload[axis] - b.workload[axis]);
}

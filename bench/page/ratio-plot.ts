import { at, line, svg, text, WIDTH } from "./svg.ts";

export interface Bar {
  name: string;
  /** Above 0. */
  ratio: number;
}

const ROW = 22;
const BAR = 12;
const PLOT = { left: 176, right: WIDTH - 44, top: 30 };

/** How many times as fast: bars from nothing, with a line where both are level. */
export function ratioPlot(title: string, bars: readonly Bar[]): string {
  const bottom = PLOT.top + ROW * bars.length;
  const most = Math.max(1.5, ...bars.map(({ ratio }) => ratio));
  const x = (ratio: number) => PLOT.left + (ratio / most) * (PLOT.right - PLOT.left);
  return svg(bottom + 24, title, [
    ...bars.flatMap(({ name, ratio }, index) => {
      const top = PLOT.top + ROW * index + (ROW - BAR) / 2;
      const width = at(x(ratio) - PLOT.left);
      return [
        text(PLOT.left - 8, top + 10, name, "", "end"),
        `<rect class="mark s${ratio < 1 ? 1 : 0}" x="${PLOT.left}" y="${at(top)}" width="${width}" height="${BAR}" rx="2"/>`,
        text(x(ratio) + 5, top + 10, ratio.toFixed(2), "quiet"),
      ];
    }),
    line(x(1), PLOT.top, x(1), bottom, "axis"),
    text(x(1), bottom + 15, "as fast", "quiet", "middle"),
  ]);
}

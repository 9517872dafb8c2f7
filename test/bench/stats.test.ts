import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { learning, median, quantile, showTimes, summarize } from "../../bench/stats.ts";

describe("statistics of timings", () => {
  it("interpolates quantiles between neighbours, whatever the order of the samples", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([10, 20, 30, 40, 50], 0.1)).toBeCloseTo(14, 12);
    expect(quantile([7], 0.9)).toBe(7);
    expect(() => median([])).toThrow(RangeError);
  });

  it("orders min <= p10 <= median <= p90 and keeps them within the samples", () => {
    const milliseconds = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(milliseconds, (samples) => {
        const { count, min, p10, median: middle, p90 } = summarize(samples);
        expect(count).toBe(samples.length);
        expect(min).toBe(Math.min(...samples));
        const slack = 1e-9 * Math.max(...samples); // interpolation rounds
        expect(p10).toBeGreaterThanOrEqual(min - slack);
        expect(middle).toBeGreaterThanOrEqual(p10 - slack);
        expect(p90).toBeGreaterThanOrEqual(middle - slack);
        expect(p90).toBeLessThanOrEqual(Math.max(...samples) + slack);
      }),
    );
  });

  it("does not reorder the samples it is given", () => {
    const samples = [3, 1, 2];
    summarize(samples);
    expect(samples).toEqual([3, 1, 2]);
  });

  it("shows ratios with about three digits", () => {
    expect([1, 1.049, 17.19, 281.4, 0.456].map(showTimes)).toEqual(["1.00", "1.05", "17.2", "281", "0.46"]);
  });

  it("sees whether the loss fell", () => {
    expect(learning([4.17, 4.1, 3.9, 3.8, 3.7])).toEqual({ first: 4.17, last: 3.8, fell: true });
    expect(learning([4.17, 4.2, 4.3, 4.4]).fell).toBe(false);
    expect(learning([4.17]).fell).toBe(false);
    expect(learning([4.17, Number.NaN, 3, 3, 3]).fell).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import {
  constantSchedule,
  cosineSchedule,
  exponentialSchedule,
  linearSchedule,
  multiStepSchedule,
  oneCycleSchedule,
  plateauSchedule,
  type Schedule,
  stepSchedule,
} from "../../src/optim/index.ts";
import { learningRateFactor } from "../../src/train/schedule.ts";
import { firstDifference, REFERENCE_TOLERANCE } from "../support/backends.ts";
import { cases, golden, plateauOptions } from "./goldens.ts";

const factors = (schedule: Schedule, steps: number) =>
  Array.from({ length: steps }, (_, step) => schedule.factor(step));

describe("schedules", () => {
  const schedules: [string, Schedule][] = [
    ["step", stepSchedule({ every: 7, gamma: 0.3 })],
    ["exponential", exponentialSchedule({ gamma: 0.9 })],
    ["cosine", cosineSchedule({ steps: 40, floor: 0.1 })],
    ["multi-step", multiStepSchedule({ milestones: [3, 10, 11, 30], gamma: 0.5 })],
    ["linear", linearSchedule()],
    ["linear-down", linearSchedule({ startFactor: 1, endFactor: 0.1, steps: 25 })],
    ["one-cycle", oneCycleSchedule({ steps: 41 })],
    [
      "one-cycle-linear",
      oneCycleSchedule({
        ...{ steps: 41, pctStart: 0.25, annealStrategy: "linear", divFactor: 10, finalDivFactor: 100 },
      }),
    ],
    ["one-cycle-three-phases", oneCycleSchedule({ steps: 41, pctStart: 0.4, threePhase: true })],
  ];

  it.each(schedules)("%s has the rates of torch.optim.lr_scheduler", (name, schedule) => {
    const { values } = golden(`${name}.factors`);
    expect(firstDifference(factors(schedule, values.length), values, REFERENCE_TOLERANCE)).toBeUndefined();
  });

  it("one cycle stays at its end, begins with its peak without a rise, and is finite for every share of it", () => {
    const schedule = oneCycleSchedule({ steps: 10, divFactor: 5, finalDivFactor: 2 });
    expect([9, 10, 1e6].map(schedule.factor)).toEqual([0.1, 0.1, 0.1]);
    expect(oneCycleSchedule({ steps: 10, pctStart: 0 }).factor(0)).toBeCloseTo(1, 1);
    expect(oneCycleSchedule({ steps: 10, pctStart: 0.1 }).factor(0)).toBe(1);
    for (const threePhase of [false, true]) {
      for (let share = 0; share <= (threePhase ? 50 : 100); share++) {
        const options = { steps: 7, pctStart: share / 100, threePhase };
        for (const factor of factors(oneCycleSchedule(options), 9)) {
          expect(factor, JSON.stringify(options)).toBeGreaterThan(0);
          expect(factor).toBeLessThanOrEqual(1);
        }
      }
    }
  });

  it("a linear warm-up times a decay is both, and milestones that are changed afterwards do not count", () => {
    const [warmup, decay] = [
      linearSchedule({ steps: 4, startFactor: 0.2 }),
      exponentialSchedule({ gamma: 0.5 }),
    ];
    expect(warmup.factor(2) * decay.factor(2)).toBeCloseTo(0.6 * 0.25, 12);
    const milestones = [2];
    const steps = multiStepSchedule({ milestones });
    milestones[0] = 0;
    expect(factors(steps, 3)).toEqual([1, 1, 0.1]);
  });

  it("milestones with a hole are refused", () => {
    for (const milestones of [new Array(2), Object.assign(new Array(2), { 1: 3 }), [1, undefined]]) {
      expect(() => multiStepSchedule({ milestones: milestones as number[] })).toThrow(
        "multiStepSchedule: milestones must be a list of steps in ascending order",
      );
    }
  });

  it.each([linearSchedule(), multiStepSchedule({ milestones: [3] }), oneCycleSchedule({ steps: 5 })])(
    "%o has no factor for what is no step",
    (schedule) => {
      for (const step of [Number.NaN, -1, Number.POSITIVE_INFINITY, "3", null, undefined]) {
        expect(() => schedule.factor(step as number)).toThrow(
          expect.objectContaining({
            code: "INPUT",
            message: expect.stringContaining("Schedule.factor: step must be"),
          }),
        );
      }
    },
  );

  it("constant stays at 1", () => {
    expect(factors(constantSchedule(), 3)).toEqual([1, 1, 1]);
  });

  it("cosine rises in a straight line to 1 at the end of the warm-up, falls, and stays at its floor", () => {
    const schedule = cosineSchedule({ steps: 14, warmup: 4, floor: 0.2 });
    expect(factors(schedule, 5)).toEqual([1 / 5, 2 / 5, 3 / 5, 4 / 5, 1]);
    expect(schedule.factor(9)).toBeCloseTo(0.6, 12);
    expect([14, 15, 1000].map(schedule.factor)).toEqual([0.2, 0.2, 0.2]);
  });

  it("the training loop's rate is this cosine, by passes or by the clock, and 1 without a horizon", () => {
    const cosine = cosineSchedule({ steps: 50, floor: 0.1 });
    expect(learningRateFactor({ by: "epochs", steps: 50 }, 20, 3)).toBe(cosine.factor(20));
    expect(learningRateFactor({ by: "seconds", seconds: 50 }, 3, 20)).toBe(cosine.factor(20));
    expect(learningRateFactor({ by: "none" }, 20, 20)).toBe(1);
  });

  it("a decay leaves the rate for so many passes and then multiplies it before each", () => {
    const horizon = { by: "passes", stepsPerEpoch: 10, decay: { factor: 0.5, after: 4 } } as const;
    const rates = [0, 39, 40, 49, 50, 129].map((step) => learningRateFactor(horizon, step, 0));
    expect(rates).toEqual([1, 1, 0.5, 0.5, 0.25, 0.5 ** 9]);
  });

  const bad: [string, () => unknown, string][] = [
    [
      "steps of 0",
      () => cosineSchedule({ steps: 0 }),
      "cosineSchedule: steps must be a finite number above 0, got 0",
    ],
    [
      "a warm-up of all steps",
      () => cosineSchedule({ steps: 5, warmup: 5 }),
      "cosineSchedule: warmup must be below steps=5, got 5",
    ],
    [
      "a floor above 1",
      () => cosineSchedule({ steps: 5, floor: 1.5 }),
      "cosineSchedule: floor must be from 0 to 1, got 1.5",
    ],
    [
      "milestones out of order",
      () => multiStepSchedule({ milestones: [5, 3] }),
      "multiStepSchedule: milestones must be a list of steps in ascending order, each an integer of at least 0, got [5, 3]",
    ],
    [
      "half a milestone",
      () => multiStepSchedule({ milestones: [0.5] }),
      "multiStepSchedule: milestones must be a list of steps in ascending order, each an integer of at least 0, got [0.5]",
    ],
    [
      "a warm-up from nothing",
      () => linearSchedule({ startFactor: 0 }),
      "linearSchedule: startFactor must be above 0 and at most 1, got 0",
    ],
    [
      "a cycle of one step",
      () => oneCycleSchedule({ steps: 1 }),
      "oneCycleSchedule: steps must be at least 2, got 1",
    ],
    [
      "a rise of more than all",
      () => oneCycleSchedule({ steps: 9, pctStart: 2 }),
      "oneCycleSchedule: pctStart must be from 0 to 1, got 2",
    ],
    [
      "three phases that do not fit",
      () => oneCycleSchedule({ steps: 9, pctStart: 0.6, threePhase: true }),
      "oneCycleSchedule: pctStart must be at most 0.5 with threePhase, which falls as long as it rose, got 0.6",
    ],
    [
      "half a step",
      () => stepSchedule({ every: 0.5 }),
      "stepSchedule: every must be an integer of at least 1, got 0.5",
    ],
    [
      "a negative gamma",
      () => exponentialSchedule({ gamma: -1 }),
      "exponentialSchedule: gamma must be a finite number above 0, got -1",
    ],
    [
      "a factor that does not lower",
      () => plateauSchedule({ factor: 1 }),
      "plateauSchedule: factor must be at least 0 and below 1, got 1",
    ],
    [
      "a negative patience",
      () => plateauSchedule({ patience: -1 }),
      "plateauSchedule: patience must be an integer of at least 0, got -1",
    ],
    [
      "another mode",
      () => plateauSchedule({ mode: "least" as "min" }),
      'plateauSchedule: mode must be "min" or "max", got "least"',
    ],
    [
      "a state that is none",
      () => plateauSchedule().restore({ best: 1, bad: -1, cooldown: 0, factor: 1 }),
      "plateauSchedule: { best: 1, bad: -1, cooldown: 0, factor: 1 } is not a saved state",
    ],
  ];
  it.each(bad)("refuse %s", (_, make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: "INPUT", message }));
  });
});

describe("plateau", () => {
  const plateaus = cases.filter(({ kind }) => kind === "plateau");

  it.each(plateaus)("$name: falls when torch's ReduceLROnPlateau does", (one) => {
    const { values: metrics } = golden(`${one.name}.metrics`);
    const schedule = plateauSchedule(plateauOptions(one));
    const found = Array.from(metrics, (metric) => {
      schedule.observe(metric);
      return schedule.factor();
    });
    const { values } = golden(`${one.name}.factors`);
    expect(firstDifference(found, values, REFERENCE_TOLERANCE)).toBeUndefined();
  });

  it.each(plateaus)("$name: goes on from its state, through JSON, at any point", (one) => {
    const { values: metrics } = golden(`${one.name}.metrics`);
    for (let cut = 0; cut <= metrics.length; cut++) {
      const [whole, first, second] = [0, 0, 0].map(() => plateauSchedule(plateauOptions(one)));
      for (const [index, metric] of metrics.entries()) {
        whole.observe(metric);
        if (index < cut) first.observe(metric);
      }
      second.restore(JSON.parse(JSON.stringify(first.state())));
      for (const metric of metrics.slice(cut)) second.observe(metric);
      expect(second.state()).toEqual(whole.state());
    }
  });
});

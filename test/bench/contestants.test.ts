import { describe, expect, it } from "vitest";
import {
  charLmContestants,
  drawContestants,
  minCharRnnContestants,
  seq2seqContestants,
  wordLmContestants,
} from "../../bench/contestants.ts";
import { streamingContestants } from "../../bench/contestants-streaming.ts";
import { interleave, type Plan } from "../../bench/interleave.ts";
import type { Workload } from "../../bench/protocol.ts";
import { learning } from "../../bench/stats.ts";
import { LONG } from "../support/long.ts";

const WORKLOAD: Workload = {
  vocab: 65,
  time: 16,
  batch: 8,
  hidden: 24,
  learningRate: 1e-2,
  clip: 5,
  seed: 1,
};
const STEPS = 30;
/** float32 beside float64 over {@link STEPS} updates; a wrong gradient is off by far more. */
const LOSS_TOLERANCE = 1e-3;

describe("this package as a contestant", { timeout: 120_000 }, () => {
  it("learns the same on the wasm and native backends, in one replica and in two, as on the reference", async () => {
    const ours = charLmContestants(undefined)
      .filter(({ name }) => name.startsWith("unrolled") || name === "reference")
      .map((contestant) => ({ ...contestant, warmupSteps: STEPS }));
    const plan: Plan = { rounds: 1, seconds: 0.001, timeoutMs: 60_000, warmupMs: 0 };
    const { measurements, absences } = await interleave(ours, WORKLOAD, plan, () => {});
    // Without native kernels for this machine, or without AMX, their rows are missing, and only theirs.
    expect(absences.filter(({ contestant }) => !/^unrolled-(native|high)/.test(contestant))).toEqual([]);
    const losses = measurements.map((measurement) => measurement.losses.slice(0, STEPS));
    const reference = losses.pop()!;
    expect(losses.length).toBe(ours.length - 1 - absences.length);
    for (const fast of losses) {
      expect(learning(fast).fell).toBe(true);
      for (let step = 0; step < STEPS; step++) {
        expect(Math.abs(fast[step] - reference[step])).toBeLessThan(LOSS_TOLERANCE);
      }
    }
  });

  it("is there when PyTorch is skipped by name without a python", () => {
    const contestants = charLmContestants(undefined);
    const withoutProgram = contestants.filter(({ command }) => command.length === 0).map(({ name }) => name);
    expect(withoutProgram).toEqual(["pytorch", "pytorch-2", "pytorch-2-passive"]);
  });

  it.runIf(LONG)("trains word-lm on both backends and on two replicas to the same losses", async () => {
    const contestants = wordLmContestants(undefined);
    const withoutProgram = contestants.filter(({ command }) => command.length === 0).map(({ name }) => name);
    expect(withoutProgram).toEqual(["pytorch", "pytorch-2"]);
    const ours = contestants
      .filter(({ command }) => command.length > 0)
      .map((contestant) => ({ ...contestant, warmupSteps: 8, minimumSteps: 2 }));
    const workload = { ...WORKLOAD, vocab: 1200, learningRate: 16, clip: 0.3 };
    const plan: Plan = { rounds: 1, seconds: 0.001, timeoutMs: 60_000, warmupMs: 0 };
    const { measurements, absences } = await interleave(ours, workload, plan, () => {});
    expect(absences.filter(({ contestant }) => !contestant.startsWith("unrolled-native"))).toEqual([]);
    const [first] = measurements;
    expect(first.losses[0]).toBeCloseTo(Math.log(1200), 1);
    expect(learning(first.losses).fell).toBe(true);
    for (const { losses } of measurements) {
      for (let step = 0; step < 8; step++) {
        expect(Math.abs(losses[step] - first.losses[step])).toBeLessThan(LOSS_TOLERANCE);
      }
    }
  });

  it.runIf(LONG)("trains seq2seq on both backends to the same losses, and says what it takes", async () => {
    const contestants = seq2seqContestants(undefined);
    expect(contestants.filter(({ command }) => command.length === 0).map(({ name }) => name)).toEqual([
      "pytorch",
    ]);
    const ours = contestants
      .filter(({ command }) => command.length > 0)
      .map((contestant) => ({ ...contestant, minimumSteps: 2 }));
    const plan: Plan = { rounds: 1, seconds: 0.001, timeoutMs: 60_000, warmupMs: 0 };
    for (const readout of [undefined, 8]) {
      const workload = { ...WORKLOAD, time: 24, readout };
      const { measurements, absences } = await interleave(ours, workload, plan, () => {});
      expect(absences.filter(({ contestant }) => contestant !== "unrolled-native")).toEqual([]);
      const [first] = measurements;
      for (const { losses, settings } of measurements) {
        expect(settings).toMatch(/^Seq2Seq, peak heap of a step with 40 symbols on both sides \d+ MiB, /);
        expect(learning(losses).fell).toBe(true);
        for (let step = 0; step < 8; step++) {
          expect(Math.abs(losses[step] - first.losses[step])).toBeLessThan(LOSS_TOLERANCE);
        }
      }
    }
  });

  it.runIf(LONG)(
    "runs min-char-rnn on both backends from the same loss, and numpy is skipped by name without a python",
    async () => {
      const contestants = minCharRnnContestants(undefined);
      const withoutProgram = contestants
        .filter(({ command }) => command.length === 0)
        .map(({ name }) => name);
      expect(withoutProgram).toEqual(["numpy-f32", "numpy-f64"]);
      const ours = contestants
        .filter(({ command }) => command.length > 0)
        .map((contestant) => ({ ...contestant, warmupSteps: 2, minimumSteps: 2 }));
      const workload = { ...WORKLOAD, time: 25, batch: 1, hidden: 100, learningRate: 0.1 };
      const plan: Plan = { rounds: 1, seconds: 0.001, timeoutMs: 60_000, warmupMs: 0 };
      const { measurements, absences } = await interleave(ours, workload, plan, () => {});
      expect(absences).toEqual([]);
      for (const { losses } of measurements) expect(losses[0]).toBeCloseTo(Math.log(WORKLOAD.vocab), 2);
    },
  );

  it.runIf(LONG)("trains DRAW on both backends to the same losses, and says what it takes", async () => {
    const contestants = drawContestants().map((one) => ({ ...one, warmupSteps: 8, minimumSteps: 2 }));
    const workload = { ...WORKLOAD, vocab: 64, time: 6, learningRate: 1e-2 };
    const plan: Plan = { rounds: 1, seconds: 0.001, timeoutMs: 60_000, warmupMs: 0 };
    const { measurements, absences } = await interleave(contestants, workload, plan, () => {});
    expect(absences.filter(({ contestant }) => contestant !== "unrolled-native")).toEqual([]);
    const [first] = measurements;
    for (const { losses, settings } of measurements) {
      expect(settings).toMatch(/^peak heap \d+ MiB, \d+ % of the time in products, /);
      expect(learning(losses).fell).toBe(true);
      for (let step = 0; step < 8; step++) expect(losses[step]).toBeCloseTo(first.losses[step], 2);
    }
  });

  it("streams to the same answers in every format, and onnxruntime among the long tests, where it is installed", async () => {
    const contestants = streamingContestants(undefined)
      .filter(({ command, name }) => command.length > 0 && (LONG || name.startsWith("unrolled")))
      .map((contestant) => ({ ...contestant, warmupSteps: 3, minimumSteps: 2 }));
    const workload: Workload = { ...WORKLOAD, time: 20, batch: 1, cell: "lstm", mode: "stream" };
    const plan: Plan = { rounds: 1, seconds: 0.001, timeoutMs: 60_000, warmupMs: 0 };
    const { measurements, absences } = await interleave(contestants, workload, plan, () => {});
    expect(absences.filter(({ kind }) => kind === "failed")).toEqual([]);
    const [exact] = measurements;
    const bytesOf = (name: string) => measurements.find(({ contestant }) => contestant === name)?.bytes;
    const weights = 4 * workload.hidden ** 2 + workload.hidden * workload.vocab;
    expect(["", "-bf16", "-int8"].map((format) => bytesOf(`unrolled${format}`))).toEqual(
      [4, 2, 1].map((width) => workload.time * weights * width),
    );
    for (const { contestant, losses } of measurements) {
      const rounds = /bf16|int8/.test(contestant);
      // For them `losses` are the first logit after each run of steps.
      for (const [step, logit] of losses.slice(0, 3).entries()) {
        expect(Math.abs(logit - exact.losses[step]), contestant).toBeLessThan(rounds ? 1e-2 : 1e-5);
      }
    }
  });
});

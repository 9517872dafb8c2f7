import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";
import type { Contestant } from "../../bench/contestant.ts";
import { interleave, type Plan } from "../../bench/interleave.ts";
import type { Workload } from "../../bench/protocol.ts";

const FAKE = fileURLToPath(new URL("fake-contestant.ts", import.meta.url));
const WORKLOAD: Workload = {
  vocab: 65,
  time: 8,
  batch: 2,
  hidden: 4,
  learningRate: 1e-3,
  clip: 5,
  seed: 1,
};
/** Long enough for a process to start on a busy machine. */
const TEST_TIMEOUT_MS = 120_000;
const PATIENT: Plan = { rounds: 3, seconds: 0.3, timeoutMs: 60_000, warmupMs: 30 };
/** For one that hangs in a step: long enough for it to start, since the test waits as long. */
const IMPATIENT: Plan = { ...PATIENT, timeoutMs: 3_000 };
/** For one that hangs at its start, however slow the machine is. */
const HASTY: Plan = { ...PATIENT, timeoutMs: 500 };

function fake(behaviour: string, ...diary: string[]): Contestant {
  const command = [process.execPath, "--disable-warning=ExperimentalWarning", FAKE, behaviour, ...diary];
  return { name: behaviour, command, threads: 1, warmupSteps: 2, minimumSteps: 4 };
}

// Concurrent, because most of the time is spent waiting for processes.
describe("interleaving contestants", { timeout: TEST_TIMEOUT_MS, concurrent: true }, () => {
  it("times each for its share of seconds, and at least its minimum of steps", async ({ expect }) => {
    const { measurements, absences } = await interleave(
      [fake("fast"), fake("slow")],
      WORKLOAD,
      PATIENT,
      () => {},
    );
    expect(absences).toEqual([]);
    const [fast, slow] = measurements;
    expect(fast).toMatchObject({ contestant: "fast", library: "fake", version: "1.0.0", settings: "none" });
    expect(fast.rounds).toEqual(new Array(3).fill(new Array(10).fill(10)));
    expect(slow.rounds).toEqual(new Array(3).fill([50, 50]));
  });

  it("keeps the losses of the warm-up, whose steps it does not time", async ({ expect }) => {
    const { measurements } = await interleave([fake("fast")], WORKLOAD, PATIENT, () => {});
    const [{ rounds, losses }] = measurements;
    expect(losses).toHaveLength(rounds.flat().length + 3);
    expect(losses[0]).toBe(4);
  });

  it("takes turns: a burst of one, then a burst of the next", async ({ expect }) => {
    const folder = mkdtempSync(join(tmpdir(), "unrolled-bench-"));
    try {
      const diary = join(folder, "diary");
      await interleave([fake("fast", diary), fake("slow", diary)], WORKLOAD, PATIENT, () => {});
      const warmUp = ["fast 1", "fast 1", "fast 1", "slow 1", "slow 1"];
      const round = ["fast 10", "slow 2"];
      expect(readFileSync(diary, "utf8").trim().split("\n")).toEqual([
        ...warmUp,
        ...round,
        ...round,
        ...round,
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("reports one that crashes with its exit status and last words, and goes on", async ({ expect }) => {
    const { measurements, absences } = await interleave(
      [fake("crashes"), fake("fast")],
      WORKLOAD,
      PATIENT,
      () => {},
    );
    expect(measurements.map(({ contestant }) => contestant)).toEqual(["fast"]);
    expect(absences).toEqual([
      { contestant: "crashes", kind: "failed", reason: "ended (exit status 7): out of luck" },
    ]);
  });

  it("ends one that hangs at its start", async ({ expect }) => {
    const { measurements, absences } = await interleave([fake("hangs-at-start")], WORKLOAD, HASTY, () => {});
    expect(measurements).toEqual([]);
    expect(absences).toEqual([
      { contestant: "hangs-at-start", kind: "failed", reason: "gave no answer to init within 0.5 s" },
    ]);
  });

  it("ends one that hangs in a step, and goes on", async ({ expect }) => {
    const { measurements, absences } = await interleave(
      [fake("hangs"), fake("fast")],
      WORKLOAD,
      IMPATIENT,
      () => {},
    );
    expect(measurements.map(({ contestant }) => contestant)).toEqual(["fast"]);
    expect(absences).toEqual([
      { contestant: "hangs", kind: "failed", reason: "gave no answer to step within 3 s" },
    ]);
  });

  it("tells a library that is not installed from one that fails", async ({ expect }) => {
    const { absences } = await interleave(
      [fake("missing"), fake("refuses"), fake("miscounts")],
      WORKLOAD,
      PATIENT,
      () => {},
    );
    expect(absences).toEqual([
      { contestant: "missing", kind: "missing", reason: "Cannot find package 'fake'" },
      { contestant: "refuses", kind: "failed", reason: "this step | cannot be made" },
      {
        contestant: "miscounts",
        kind: "failed",
        reason: 'answered step 1 with {"ms":[10],"losses":[]}',
      },
    ]);
  });

  it("reports a program that does not exist", async ({ expect }) => {
    const absent = { ...fake("fast"), name: "absent", command: ["./no-such-program"] };
    const { absences } = await interleave([absent], WORKLOAD, PATIENT, () => {});
    expect(absences).toMatchObject([{ contestant: "absent", kind: "failed" }]);
    expect(absences[0].reason).toMatch(/^cannot be started: .*ENOENT/);
  });
});

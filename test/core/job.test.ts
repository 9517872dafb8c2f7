import { expect, test } from "vitest";
import { type Job, runJob, runJobInTurns, Turns } from "../../src/core/index.ts";

/** Works for about so many milliseconds, in pieces of about one; returns how many pieces there were. */
function* busy(milliseconds: number): Job<number> {
  const end = performance.now() + milliseconds;
  let pieces = 0;
  while (performance.now() < end) {
    const pause = performance.now() + 1;
    while (performance.now() < pause);
    pieces++;
    yield;
  }
  return pieces;
}

test("a job gives the same result at once and in turns", async () => {
  function* sum(): Job<number> {
    let total = 0;
    for (let i = 0; i < 1000; i++) {
      total += i;
      yield;
    }
    return total;
  }
  expect(runJob(sum())).toBe(499_500);
  expect(await runJobInTurns(sum())).toBe(499_500);
});

test("a job in turns lets timers run, a job at once does not", async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  runJob(busy(200));
  expect(ticks).toBe(0);
  await runJobInTurns(busy(400));
  expect(ticks).toBeGreaterThan(1);
  clearInterval(timer);
});

test("an aborted signal ends a job with its reason, before it begins or at its next turn", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason), 1);
  await expect(runJobInTurns(busy(60_000), controller.signal)).rejects.toBe(reason);
  let begun = false;
  function* job(): Job<void> {
    begun = true;
    yield;
  }
  await expect(runJobInTurns(job(), controller.signal)).rejects.toBe(reason);
  expect(begun).toBe(false);
});

test("an error of a job is the promise's", async () => {
  // biome-ignore lint/correctness/useYield: it fails before its first pause
  function* failing(): Job<void> {
    throw new Error("mine");
  }
  expect(() => runJob(failing())).toThrow("mine");
  await expect(runJobInTurns(failing())).rejects.toThrow("mine");
});

test("what is no job, and no signal, is refused", async () => {
  const error = (message: string) => expect.objectContaining({ code: "INPUT", message });
  for (const job of [undefined, () => 1, {}, Promise.resolve(1)] as unknown as Job<number>[]) {
    expect(() => runJob(job)).toThrow(expect.objectContaining({ code: "INPUT" }));
    await expect(runJobInTurns(job)).rejects.toMatchObject({ code: "INPUT" });
  }
  const controller = new AbortController() as unknown as AbortSignal;
  const got = "must be an AbortSignal, got an AbortController";
  expect(() => new Turns(controller)).toThrow(error(`Turns: signal ${got}`));
  await expect(runJobInTurns(busy(0), controller)).rejects.toEqual(error(`runJobInTurns: signal ${got}`));
});

test("turns are not due at once, and are due after 50 ms", async () => {
  const turns = new Turns();
  expect(turns.isDue).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(turns.isDue).toBe(true);
  await turns.take();
  expect(turns.isDue).toBe(false);
});

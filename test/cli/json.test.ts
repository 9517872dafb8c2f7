/** `--json` as the contract has it, and that evaluating, sampling and limits do what their options say. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { metricsOf } from "../tasks/text-runs.ts";
import {
  book,
  type Event,
  emptyFolder,
  eventsOf,
  expectRefusal,
  file,
  fresh,
  madeText,
  refused,
  TINY,
  trained,
  unrolledHere,
} from "./unrolled.ts";

let run: string;
let events: Event[];
beforeAll(async () => {
  run = fresh();
  // Half of it is five segments of evaluation.
  const text = file(madeText(900));
  const every = ["--val-split", "0.5", "--eval-every", "10", "--save-every", "4"];
  events = await trained([text, "--out", run, ...TINY, "--steps", "20", "--seed", "3", ...every]);
});

const of = (name: string) => events.filter(({ event }) => event === name);

describe("train --json", () => {
  test("has exactly the fields of the contract", () => {
    const fields = {
      start: "event,task,run,parameters,backend,instructions,threads,precision,seed,version",
      step: "event,step,epoch,loss,gradNorm,lr,seconds,unitsPerSecond",
      eval: "event,step,split,loss,metrics",
      sample: "event,step,text",
      checkpoint: "event,step,path",
      end: "event,step,seconds,reason,parametersSha256,best,warnings",
    };
    for (const [name, expected] of Object.entries(fields)) {
      expect(of(name).length).toBeGreaterThan(0);
      for (const event of of(name)) expect(Object.keys(event).join(",")).toBe(expected);
    }
    expect(events.length).toBe(Object.keys(fields).reduce((count, name) => count + of(name).length, 0));
  });

  test("begins with the start, counts every step and ends with the reason", () => {
    const version = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")).version;
    expect(events[0]).toMatchObject({
      ...{
        event: "start",
        task: "text",
        run,
        backend: expect.stringMatching(/^(native|wasm)$/),
        threads: 1,
        precision: "highest",
        seed: 3,
        version,
      },
    });
    expect(of("step").map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(of("eval").map(({ step }) => step)).toEqual([10, 20]);
    expect(of("sample").map(({ step }) => step)).toEqual([10, 20]);
    expect(of("checkpoint").map(({ step }) => step)).toEqual([4, 8, 10, 12, 16, 20]);
    for (const { path, step } of of("checkpoint").slice(-3)) {
      expect(path).toBe(join(run, "checkpoints", `step-${step}.safetensors`));
      expect(existsSync(path as string)).toBe(true);
    }
    expect(events.at(-1)).toMatchObject({ event: "end", step: 20, reason: "steps" });
  });

  test("with --profile has one more event before the end: where the time of a step went", async () => {
    const options = ["--out", fresh(), ...TINY, "--steps", "6", "--profile"];
    const all = await trained([book, ...options]);
    const [profile, ...others] = all.filter(({ event }) => event === "profile");
    expect(others).toEqual([]);
    expect(all.at(-2)).toBe(profile);
    expect(Object.keys(profile).join(",")).toBe("event,step,steps,ms,rows");
    expect(profile).toMatchObject({ step: 6, steps: 6 });
    const rows = profile.rows as Record<string, unknown>[];
    for (const row of rows) expect(Object.keys(row).join(",")).toBe("phase,op,kernel,calls,ms,share");
    const phases = new Set(rows.map(({ phase }) => phase));
    expect([...phases].toSorted()).toEqual(["backward", "data", "exchange", "forward", "rest", "update"]);
    // Evaluations and samples are no part of a step.
    expect(rows.find(({ op, kernel }) => op === "lstm" && kernel === "recurrent_forward")?.calls).toBe(1);
  });

  test("says what metrics.jsonl keeps", () => {
    const kept = events.filter(({ event }) => event === "step" || event === "eval");
    expect(metricsOf(run)).toEqual(kept.map(({ seconds, unitsPerSecond, ...rest }) => rest));
  });

  test("ends with an error object, after good lines, when the command fails", async () => {
    const wrong = await refused(["train", "text", "--hiden", "3", "--json"]);
    expect(eventsOf(wrong.stdout)).toEqual([
      { event: "error", code: "USAGE", message: "unknown option '--hiden'", hint: "did you mean --hidden?" },
    ]);
    expect(wrong.status).toBe(2);
    const missing = await refused(["train", "text", "no-such-file", "--json"]);
    expect(eventsOf(missing.stdout)).toMatchObject([
      { event: "error", code: "INPUT", hint: "check the path" },
    ]);
    const diverging = [book, "--out", fresh(), ...TINY, "--lr", "1e38", "--steps", "9", "--json"];
    const { status, stdout } = await unrolledHere(["train", "text", ...diverging]);
    expect(eventsOf(stdout).map(({ event }) => event)).toEqual(["start", "step", "error"]);
    expect(status).toBe(1);
  });
});

describe("limits", () => {
  const quick = (...args: string[]) => trained([book, "--out", fresh(), ...TINY, ...args]);

  test("--epochs ends after so many passes, --steps and --max-seconds before", async () => {
    const one = (await quick("--epochs", "0.5")).at(-1)!;
    expect(one.reason).toBe("epochs");
    expect((await quick("--epochs", "0.5", "--steps", "3")).at(-1)).toMatchObject({
      reason: "steps",
      step: 3,
    });
    const timed = (await quick("--epochs", "1e6", "--max-seconds", "0.3")).at(-1)!;
    expect(timed.reason).toBe("max-seconds");
    expect(timed.seconds).toBeGreaterThanOrEqual(0.3);
    expect(timed.seconds).toBeLessThan(3);
  });

  test("the learning rate falls over --epochs and over the clock, and stays with --steps", async () => {
    const rates = async (...args: string[]) =>
      (await quick(...args)).filter(({ event }) => event === "step").map(({ lr }) => lr as number);
    const [epochs, clock, steps] = [
      await rates("--epochs", "1"),
      await rates("--max-seconds", "2"),
      await rates("--steps", "30", "--max-seconds", "60"),
    ];
    for (const falling of [epochs, clock]) {
      expect(falling[0]).toBeGreaterThan(0.0099);
      // The last step begins before the end of the clock: long before, where the machine is busy.
      expect(falling.at(-1)).toBeLessThan(falling === epochs ? 0.0015 : 0.005);
      expect(falling).toEqual(falling.toSorted((a, b) => b - a));
    }
    expect(new Set(steps)).toEqual(new Set([0.01]));
  });

  test("--threads 2 trains with two replicas, and --backend reference in float64", async () => {
    expect((await quick("--steps", "2", "--threads", "2"))[0]).toMatchObject({ threads: 2 });
    const [begin] = await quick("--steps", "2", "--backend", "reference");
    expect(begin).toMatchObject({ backend: "reference", instructions: "float64" });
  });
});

describe("eval", () => {
  const evaluate = async (...args: string[]) => {
    const { status, stdout, stderr } = await unrolledHere(["eval", run, ...args, "--json"]);
    expect([status, stderr]).toEqual([0, ""]);
    return JSON.parse(stdout);
  };

  test("gives the loss that training gave, whatever the batch", async () => {
    const { loss, metrics } = of("eval").find(({ step }) => step === 20)!;
    const results = [
      await evaluate(),
      await evaluate("--batch-size", "1"),
      await evaluate("--batch-size", "7"),
    ];
    for (const result of results) {
      expect(result).toEqual(results[0]);
      expect(result).toMatchObject({ loss, metrics: metrics as object });
    }
    expect(results[0].items).toBeGreaterThan(4 * 4096);
    expect(results[0].metrics.bitsPerChar).toBeCloseTo(results[0].loss / Math.LN2, 12);
    expect(results[0].metrics.perplexity).toBeCloseTo(Math.exp(results[0].loss), 12);
  });

  test("of another text gives one number whatever the batch, each character but the first counted", async () => {
    const text = madeText(500);
    const other = file(text);
    const results = [await evaluate(other), await evaluate(other, "--batch-size", "1")];
    expect(results[1]).toEqual(results[0]);
    expect(results[0].items).toBe(text.length - 1);
    const fromCheckpoint = join(run, "checkpoints", "step-20.safetensors");
    const { stdout } = await unrolledHere(["eval", fromCheckpoint, other, "--json"]);
    expect(JSON.parse(stdout)).toEqual(results[0]);
  });

  test("names what the model does not know, and leaves it out when told to", async () => {
    const strange = file("line 3 of the b\u00d6\u6c34k\n");
    expectRefusal(
      await refused(["eval", run, strange]),
      2,
      /'Ö' \(U\+00D6\), '水' \(U\+6C34\) — .*--skip-unknown/,
    );
    const { metrics, ...left } = await evaluate(strange, "--skip-unknown");
    const known = await evaluate(file("line 3 of the bk\n"));
    // 2 of 19 characters.
    expect({ ...left, metrics }).toEqual({ ...known, metrics: { ...known.metrics, unknownShare: 2 / 19 } });
  });

  test("for people prints nats, bits and perplexity on stdout, and the trigram's, with what they mean", async () => {
    const { status, stdout, stderr } = await unrolledHere(["eval", run]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /^nats per character +\d\.\d{3} +mean of -ln p .*\nbits per character +\d\.\d{3} +nats \/ ln 2\nperplexity +\d+\.\d{3} +e\^nats: .*\n/,
    );
    expect(stdout).toMatch(
      /^trigram +\d\.\d{3} +what counting triples reaches; the model is \d+% (above|below) it$/m,
    );
  });

  test("refuses a text that is no longer the run's own", async () => {
    const own = file(madeText(100));
    const out = fresh();
    await trained([own, "--out", out, ...TINY, "--steps", "1"]);
    const changed = file(madeText(101));
    const path = join(out, "run.json");
    writeFileSync(path, readFileSync(path, "utf8").replace(own, changed));
    expectRefusal(await refused(["eval", out]), 2, /another text: \d+ characters \(the run has \d+\)/);
  });
});

describe("without --out", () => {
  test("runs go to runs/text-DATE, and --resume takes the one that was used last", async () => {
    const cwd = emptyFolder();
    const train = (...args: string[]) => trained([...args], { cwd });
    const [first] = await train(book, ...TINY, "--steps", "1");
    const [second] = await train(book, ...TINY, "--steps", "1", "--seed", "2");
    for (const { run } of [first, second]) expect(run).toMatch(/^runs\/text-\d{8}-\d{6}(-\d)?$/);
    expect((await train("--resume", "--steps", "2"))[0].run).toBe(second.run);
    await train("--resume", "--out", first.run as string, "--steps", "2");
    expect((await train("--resume", "--steps", "3"))[0].run).toBe(first.run);
  });
});

import { once } from "node:events";
import { beforeAll, describe, expect, test } from "vitest";
import {
  book,
  ended,
  expectRefusal,
  file,
  fresh,
  refused,
  start,
  TINY,
  trained,
  unrolledHere,
} from "./unrolled.ts";

let run: string;
beforeAll(async () => {
  run = fresh();
  await trained([book, "--out", run, ...TINY, "--steps", "60"]);
});

const sample = async (...args: string[]) => {
  const { status, stdout, stderr } = await unrolledHere(["sample", run, ...args]);
  expect([status, stderr]).toEqual([0, ""]);
  return stdout;
};

describe("sample", () => {
  test("writes the prime and so many characters after it, and nothing else", async () => {
    expect(await sample("--length", "30", "--prime", "line 1")).toHaveLength(36);
    expect(await sample("--length", "30", "--prime", "line 1")).toMatch(/^line 1/);
    expect(await sample("--length", "0", "--prime", "line 1")).toBe("line 1");
    expect(await sample("--length", "0")).toBe("");
    expect(await sample()).toHaveLength(500);
  });

  test("writes the same with the same seed and another text with another; --json says which", async () => {
    const one = await sample("--length", "80", "--seed", "1");
    expect(await sample("--length", "80", "--seed", "1")).toBe(one);
    expect(await sample("--length", "80", "--seed", "2")).not.toBe(one);
    const { text, seed, ...others } = JSON.parse(await sample("--length", "80", "--json"));
    expect(others).toEqual({});
    expect(await sample("--length", "80", "--seed", String(seed))).toBe(text);
  });

  test("--weights takes f32, which changes nothing, bf16 and int8, and nothing else", async () => {
    const written = async (...args: string[]) => sample("--length", "12", "--temperature", "0", ...args);
    const exact = await written();
    expect(await written("--weights", "f32")).toBe(exact);
    for (const weights of ["bf16", "int8"]) expect(await written("--weights", weights)).toHaveLength(12);
    const outcome = await refused(["sample", run, "--weights", "int4"]);
    expectRefusal(outcome, 2, /--weights must be one of f32, bf16, int8, got 'int4' — did you mean int8\?/);
  });

  test("eval --weights measures what rounding costs: little, and not nothing", async () => {
    const lossOf = async (weights: string) => {
      const { status, stdout } = await unrolledHere(["eval", run, "--json", "--weights", weights]);
      expect(status).toBe(0);
      return (JSON.parse(stdout) as { loss: number }).loss;
    };
    const exact = await lossOf("f32");
    for (const weights of ["bf16", "int8"]) {
      const difference = Math.abs((await lossOf(weights)) - exact);
      expect(difference).toBeGreaterThan(0);
      expect(difference).toBeLessThan(0.01);
    }
  });

  test("at temperature 0, and with --top-k 1, always takes the likeliest", async () => {
    const likeliest = await sample("--length", "60", "--temperature", "0", "--seed", "1");
    expect(await sample("--length", "60", "--temperature", "0", "--seed", "2")).toBe(likeliest);
    expect(await sample("--length", "60", "--top-k", "1", "--seed", "3")).toBe(likeliest);
    expect(await sample("--length", "60", "--top-p", "1e-9", "--seed", "4")).toBe(likeliest);
  });

  test("names the characters of the prime that the model does not know, and leaves them out when told to", async () => {
    const outcome = await refused(["sample", run, "--prime", "li水nÄe"]);
    expectRefusal(
      outcome,
      2,
      /--prime has 2 characters .*: '水' \(U\+6C34\), 'Ä' \(U\+00C4\) — .*--skip-unknown/,
    );
    expect(await sample("--length", "5", "--prime", "li水nÄe", "--skip-unknown")).toMatch(/^line/);
    expect(await sample("--length", "5", "--prime", "水", "--skip-unknown")).toHaveLength(5);
  });

  test("takes a prime as a text file is read: CRLF is LF, a byte order mark goes", async () => {
    expect(await sample("--length", "0", "--prime", "\ufefflin\r\ne")).toBe("lin\ne");
    const shown = await unrolledHere(["inspect", run, "line 1\r\nline 2"]);
    expect([shown.status, shown.stderr]).toEqual([0, ""]);
  });

  test("eval says which share of the characters --skip-unknown left out", async () => {
    const other = file("line 1 of the book\r\n".repeat(5) + "ÄÖ".repeat(20), "other.txt");
    const { metrics, items } = JSON.parse(
      (await refused(["eval", run, other, "--skip-unknown", "--json"])).stdout,
    );
    expect([items, metrics.unknownShare]).toEqual([94, 40 / 135]);
    expect((await refused(["eval", run, other, "--skip-unknown"])).stdout).toMatch(
      /^unknown +30% of the characters$/m,
    );
    expectRefusal(await refused(["eval", run, file("l")]), 2, /has 1 character, at least 2 are needed/);
  });

  test("streams: the first characters are out long before the last", async () => {
    const child = start(["sample", run, "--length", "1000000"]);
    const outcome = ended(child);
    await once(child.stdout, "data");
    expect(child.exitCode).toBe(null);
    child.kill("SIGINT");
    expect((await outcome).stdout.length).toBeLessThan(1_000_000);
  });
});

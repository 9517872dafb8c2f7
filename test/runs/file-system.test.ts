import { describe, expect, test } from "vitest";
import { renamePatiently } from "../../src/runs/file-system.ts";

const failing = (code: string) => Object.assign(new Error(code), { code });

/** A rename that fails with these codes first, on a system whose pauses are noted. */
async function renamed(platform: NodeJS.Platform, codes: readonly string[]) {
  const [left, pauses] = [[...codes], [] as number[]];
  const rename = async () => {
    const code = left.shift();
    if (code !== undefined) throw failing(code);
  };
  const sleep = async (milliseconds: number) => void pauses.push(milliseconds);
  await renamePatiently(rename, { platform, sleep });
  expect(left).toEqual([]);
  return pauses;
}

describe("a file that is replaced while another process reads it", () => {
  test("is replaced on Windows as soon as the reader is done, after growing pauses", async () => {
    expect(await renamed("win32", [])).toEqual([]);
    const pauses = await renamed("win32", ["EPERM", "EACCES", "EBUSY", "EPERM"]);
    expect(pauses).toHaveLength(4);
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
  });

  test("is an error on Windows when the reader stays", async () => {
    await expect(renamed("win32", new Array(9).fill("EBUSY"))).rejects.toThrow("EBUSY");
    expect(await renamed("win32", new Array(8).fill("EBUSY"))).toHaveLength(8);
  });

  test("is an error at once where waiting does not help", async () => {
    await expect(renamed("win32", ["ENOSPC"])).rejects.toThrow("ENOSPC");
    await expect(renamed("linux", ["EPERM"])).rejects.toThrow("EPERM");
  });
});

/** The addon that is kept in the repository: what it needs of a system, read from its bytes on any machine. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { addonName, checksumName, checksumOf } from "../../src/backend/native/addon-file.ts";
import { requirementsOf } from "../support/elf.ts";

const KEPT = { platform: "linux", arch: "x64" } as const;
const file = (name: string) => readFileSync(new URL(`../../src/backend/native/${name}`, import.meta.url));

/** What compilers call by themselves, and the memory of a heap's few words: in every C library since the first. */
const OF_ANY_C_LIBRARY = ["free", "malloc", "memcpy", "memmove", "memset"];

describe("the kept addon for Linux on x64", () => {
  const needs = requirementsOf(file(addonName(KEPT)));

  test("asks for no library and no version of one: there is no oldest glibc", () => {
    expect(needs.libraries).toEqual([]);
    expect(needs.versioned).toBe(false);
  });

  test("takes from its process Node-API and what any C library has", () => {
    const others = needs.undefined.filter((name) => !name.startsWith("napi_"));
    expect(others.filter((name) => !OF_ANY_C_LIBRARY.includes(name))).toEqual([]);
  });

  test("shows the process its two entries and no kernel", () => {
    expect(needs.defined).toEqual(["napi_register_module_v1", "node_api_module_get_api_version_v1"]);
  });

  test("has the checksum that lies beside it", () => {
    expect(file(checksumName(KEPT)).toString()).toBe(`${checksumOf(file(addonName(KEPT)))}\n`);
  });

  test.runIf(process.platform === "linux")(
    "differs in this from a usual program, which the reader can tell",
    ({ skip }) => {
      const bytes = readFileSync(process.execPath);
      if (bytes.readUInt32LE(0) !== 0x464c457f || bytes[4] !== 2)
        return skip("node is no 64-bit ELF program");
      const node = requirementsOf(bytes);
      expect(node.libraries).toContainEqual(expect.stringMatching(/^libc\./));
      expect(node.defined).toContain("napi_get_cb_info");
    },
  );
});

/** AMX in software where it can be built and run, so that its kernels are tested on processors without AMX. */
import { inject } from "vitest";
import { type NativeProbe, probeNative } from "../../src/backend/native/native.ts";

const { folder, reason } = inject("emulatedAmx");

export const EMULATED_AMX: URL | undefined = folder === undefined ? undefined : new URL(folder);

export const emulatedAmx: NativeProbe =
  EMULATED_AMX === undefined
    ? { reason: reason ?? "the addon with emulated AMX was not built" }
    : probeNative("amx", EMULATED_AMX);

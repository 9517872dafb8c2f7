/** Calls that go wrong in every way that the runner has to notice: test/support/hostile/run.test.ts. */
import { InputError } from "../../../src/core/errors.ts";
import { callsOf, type HostileContext, options } from "./calls.ts";

/** Does what `kind` says for the value 7, and refuses all others. */
function misbehave(kind: string, value: unknown): unknown {
  if (value === 1) return 1;
  if (value !== 7) throw new InputError("misbehave: value must be 1");
  if (kind === "bare") return (undefined as unknown as { a: number }).a;
  if (kind === "crash") process.kill(process.pid, "SIGSEGV");
  if (kind === "exit") process.exit(3);
  if (kind === "NaN") return { deep: [Number.NaN] };
  if (kind === "stray") void Promise.reject(new TypeError("nobody waits"));
  if (kind === "shown") throw new InputError(`got ${{}}`);
  return 1;
}

export default function* runnerSuite(context: HostileContext) {
  for (const kind of ["bare", "crash", "exit", "NaN", "stray", "shown", "ignored"]) {
    const allows = (value: unknown) => value === 1 || (value === 7 && kind !== "ignored");
    yield* callsOf(
      [{ name: kind, args: { value: { valid: () => 1, allows } }, call: (v: unknown) => misbehave(kind, v) }],
      context,
    );
  }
  const inner = { rate: { valid: () => 1, allows: (value: unknown) => value === 1 } };
  yield* callsOf(
    [
      {
        name: "careless",
        args: { options: options(inner) },
        call: (given: { rate?: number }) => misbehave("", given?.rate ?? 1),
      },
    ],
    context,
  );
}

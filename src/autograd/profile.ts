/** Where the time of a training step goes: the kernels are timed at the seam, and the tape says whose they are. */

import type { Backend, Kernels } from "../backend/backend.ts";
import { currentTape, type TapeWatch, watchTapes } from "./tape.ts";

/** What one kernel costs one op, in the mean step. */
export interface ProfileRow {
  /**
   * `forward` and `backward` of an op of the tape; what runs beside the tape is `update` (zeroing, clipping, the
   * optimizer) or has the name of its span (`data`, `exchange`); `rest` is the time outside all kernels and spans:
   * JavaScript, allocation, waiting for values.
   */
  readonly phase: string;
  /** As the tape names it, `lstm` or `linear`; empty beside the tape. */
  readonly op: string;
  /** As kernels/unrolled.h names it; empty for the part of a span or of the step that is in no kernel. */
  readonly kernel: string;
  /** A step. */
  readonly calls: number;
  /** A step. */
  readonly ms: number;
  /** Of the step, 0 to 1; all rows together are 1. */
  readonly share: number;
}

export interface ProfileReport {
  readonly steps: number;
  /** Wall clock of the mean step. */
  readonly ms: number;
  /** The most costly first. */
  readonly rows: readonly ProfileRow[];
}

interface Cost {
  readonly phase: string;
  readonly op: string;
  readonly kernel: string;
  calls: number;
  ms: number;
}

/** Counts what happens inside of `step`, and nothing else. */
export class Profile implements TapeWatch {
  private readonly costs = new Map<string, Cost>();
  private running = false;
  private steps = 0;
  private total = 0;
  /** Forward kernels since the last op was recorded: they are the next one's. */
  private pending: { kernel: string; ms: number }[] = [];
  private differentiated: string | undefined;
  private spanned: string | undefined;

  /** One training step: what `work` does until it returns, or until its promise is fulfilled. */
  async step<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    const before = watchTapes(this);
    const start = performance.now();
    this.running = true;
    try {
      return await work();
    } finally {
      this.running = false;
      this.settle("");
      this.total += performance.now() - start;
      this.steps++;
      watchTapes(before);
    }
  }

  /** A part of a step that is no op of the tape, under a name of its own, until `work` or its promise is done. */
  span<Result>(name: string, work: () => Result): Result {
    const start = performance.now();
    const kernelsBefore = this.costOfKernels();
    const outer = this.spanned;
    this.spanned = name;
    const end = () => {
      this.spanned = outer;
      const inKernels = this.costOfKernels() - kernelsBefore;
      if (this.running) this.add(name, "", "", performance.now() - start - inKernels);
    };
    const result = work();
    if (result instanceof Promise) return result.finally(end) as Result;
    end();
    return result;
  }

  report(): ProfileReport {
    const steps = Math.max(this.steps, 1);
    const counted = [...this.costs.values()].reduce((sum, { ms }) => sum + ms, 0);
    const rest: Cost = { phase: "rest", op: "", kernel: "", calls: 0, ms: Math.max(0, this.total - counted) };
    const rows = [...this.costs.values(), rest].map(({ phase, op, kernel, calls, ms }) => {
      const share = this.total === 0 ? 0 : ms / this.total;
      return { phase, op, kernel, calls: calls / steps, ms: ms / steps, share };
    });
    return { steps: this.steps, ms: this.total / steps, rows: rows.toSorted((a, b) => b.ms - a.ms) };
  }

  reset(): void {
    this.costs.clear();
    this.steps = 0;
    this.total = 0;
  }

  ran(op: string): void {
    this.settle(op);
  }

  differentiating(op: string | undefined): void {
    this.settle("");
    this.differentiated = op;
  }

  /** The kernels of a backend with a clock around each. */
  wrap(kernels: Kernels): Kernels {
    const timed = Object.entries(kernels).filter(
      ([name, kernel]) => typeof kernel === "function" && isWork(name),
    );
    const entries = timed.map(([name, kernel]) => [name, this.clocked(name, kernel as Kernel)] as const);
    return { ...kernels, ...Object.fromEntries(entries) };
  }

  private clocked(name: string, kernel: Kernel): Kernel {
    return (...args) => {
      if (!this.running) return kernel(...args);
      const start = performance.now();
      const result = kernel(...args);
      this.charge(name, performance.now() - start);
      return result;
    };
  }

  private charge(kernel: string, ms: number): void {
    if (this.spanned !== undefined) this.add(this.spanned, "", kernel, ms);
    else if (this.differentiated !== undefined) this.add("backward", this.differentiated, kernel, ms);
    else if (currentTape() !== undefined) this.pending.push({ kernel, ms });
    else this.add("update", "", kernel, ms);
  }

  private settle(op: string): void {
    for (const { kernel, ms } of this.pending) this.add("forward", op, kernel, ms);
    this.pending.length = 0;
  }

  private add(phase: string, op: string, kernel: string, ms: number): void {
    const key = `${phase}/${op}/${kernel}`;
    const cost = this.costs.get(key) ?? { phase, op, kernel, calls: 0, ms: 0 };
    cost.calls++;
    cost.ms += ms;
    this.costs.set(key, cost);
  }

  private costOfKernels(): number {
    let sum = 0;
    for (const { kernel, ms } of this.costs.values()) if (kernel !== "") sum += ms;
    return sum + this.pending.reduce((total, { ms }) => total + ms, 0);
  }
}

type Kernel = (...args: number[]) => number;

/** Kernels that only say how much memory another one wants are not worth a row. */
function isWork(name: string): boolean {
  return !name.endsWith("_scratch") && !name.endsWith("_size");
}

/**
 * A backend that takes notes. Make all tensors on it, or make it the default before there are any; where it is not used
 * nothing is timed.
 *
 *     const { backend, profile } = profiled(defaultBackend());
 *     setDefaultBackend(backend);
 *     // ... model, optimizer ...
 *     await profile.step(() => step(loss, optimizer, clip).loss);
 *     console.table(profile.report().rows);
 */
export function profiled(backend: Backend): { backend: Backend; profile: Profile } {
  const profile = new Profile();
  return { backend: { ...backend, kernels: profile.wrap(backend.kernels) }, profile };
}

import type { StopSignal } from "./job.ts";

/** What of an `AbortSignal` long work needs: whether it is aborted, and its reason. */
export interface AbortableSignal extends StopSignal {
  readonly aborted: boolean;
}

/** How long work reports what it does, and how it is told to stop. */
export interface Hooks {
  /** Aborted when the person wants to stop: finish the step, save, end. */
  readonly signal: AbortableSignal;
  /**
   * @param activity what is being done, as "reading mybook.txt"
   * @param total of `done`, in the same unit; null where it is unknown
   */
  onProgress(activity: string, done: number, total: number | null): void;
  /** One line that people should see. */
  onNote(text: string): void;
}

/** Of work that has nothing to save: the signal, if there is one, ends it with the signal's reason. */
export type LoadHooks = Pick<Hooks, "onProgress" | "onNote"> & Partial<Pick<Hooks, "signal">>;
